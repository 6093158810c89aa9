"""This room's acts in words, for the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized

from .models import ProductVersion
from .pages import ServicePage

ACTIONS = {
    "product.freeze": _("froze a version of the product"),
}

DATA = {
    "page": _("page"),
}


def pages(keys: Iterable[int]) -> dict[int, str]:
    return {page.pk: localized(page, "title") for page in ServicePage.objects.filter(pk__in=list(keys))}


def versions(keys: Iterable[int]) -> dict[int, str]:
    found = ProductVersion.objects.filter(pk__in=list(keys))
    return {version.pk: f"{localized(version.content, 'title')} v{version.number}" for version in found}
