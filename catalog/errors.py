"""Refusals of the catalogue."""

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError


class ProductNotPublished(DomainError):
    code = "product_not_published"
    message = _("This product is not published. Ask a catalogue editor to publish it, or choose another one.")
