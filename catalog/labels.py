"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "product.freeze": _("froze a version of the product"),
}

DATA = {
    "page": _("page"),
}
