"""Refusals of the catalogue."""

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, PermissionRefused


class ProductNotPublished(DomainError):
    code = "product_not_published"
    message = _("This product is not published. Ask a catalogue editor to publish it, or choose another one.")


class ProductCited(DomainError):
    code = "product_cited"
    message = _(
        "“%(title)s” is cited by procurement plans, procurements or contracts and cannot be deleted. "
        "You can unpublish it instead, so that nobody can choose it any more."
    )


class OwnDraft(PermissionRefused):
    code = "own_draft"
    message = _(
        "You have changed this page yourself, so somebody else approves it. Your change is kept in the draft, "
        "and the review goes on."
    )
