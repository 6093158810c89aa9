"""Freezing a product: what a tender cites can no longer change under it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import PROTECT, Max
from wagtail.models import Page

from marketplace.audit.services import record
from marketplace.core.canonical import digest
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row

from .errors import ProductCited, ProductNotPublished
from .models import ProductVersion
from .pages import ServicePage

_TEXTS = ("code", "category", "title", "title_en", "unit", "unit_en", "summary", "summary_en", "body", "body_en")
_MORE_TEXTS = ("basis", "basis_en", "required_credential")
_OBLIGATION = (
    "code", "kind", "title", "title_en", "quantity", "quantity_unit", "period", "tolerance", "evidence", "evidence_en",
)  # fmt: skip


def product_content(page: ServicePage) -> dict[str, Any]:
    """The canonical document of the product as published now (texts in both languages, structured standard)."""
    return {
        **{name: getattr(page, name) for name in (*_TEXTS, *_MORE_TEXTS)},
        "staffed_by_village": page.staffed_by_village,
        "posts_per_unit": page.posts_per_unit,
        "obligations": [
            {name: getattr(line, name) for name in _OBLIGATION}
            for line in page.obligations.order_by("sort_order", "pk")
        ],
    }


@transaction.atomic
def freeze_version(*, page: ServicePage, actor: Any, now: datetime) -> ProductVersion:
    """The version of ``page`` as it is published at this moment; an equal content is frozen once and found again.

    Raises:
        ProductNotPublished: the page has no published version.
    """
    fresh = lock_row(ServicePage, page.pk)
    if not fresh.live:
        raise ProductNotPublished
    content = product_content(fresh)
    fingerprint = digest(content)
    known = ProductVersion.objects.filter(page=fresh, digest=fingerprint).first()
    if known is not None:
        return known
    last = ProductVersion.objects.filter(page=fresh).aggregate(last=Max("number"))["last"] or 0
    version = ProductVersion.objects.create(
        page=fresh, number=last + 1, content=content, digest=fingerprint, frozen_at=now, frozen_by=actor
    )
    record(
        actor=actor, action="product.freeze", subject=version, now=now, data={"digest": fingerprint, "page": fresh.pk}
    )
    return version


def check_deletable(*, pages: Iterable[Page]) -> None:
    """That no product at or below one of ``pages`` is held by a frozen version, a plan or whatever else cites products.

    Wagtail deletes a page with all that stands below it, and asks none of those who cite.

    Raises:
        ProductCited: one is, and is named.
    """
    cites = [
        link
        for link in ServicePage._meta.get_fields(include_hidden=True)
        if link.one_to_many and getattr(link, "on_delete", None) is PROTECT
    ]
    for page in pages:
        for product in ServicePage.objects.descendant_of(page, inclusive=True).order_by("code"):
            if any(link.related_model.objects.filter(**{link.field.name: product}).exists() for link in cites):
                raise ProductCited(title=localized(product, "title"))
