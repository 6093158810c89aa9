"""Words of opening, evaluation and award for their pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.words import money_words
from marketplace.procurement.models import Award, Tender
from marketplace.procurement.rules_evaluation import DECIDED_STATES
from marketplace.procurement.scoring import LowPrice, Tie
from marketplace.regions.models import Region
from marketplace.statutes.models import StatutoryParameter

register = template.Library()


@register.filter
def sign_words(sign: str, limit: StatutoryParameter) -> str:
    """A sign of an abnormally low price, with the percentage that the law of the notice's day sets."""
    words = {
        LowPrice.OF_MEAN: _("It is below %(percent)s%% of the mean of all valid bids."),
        LowPrice.OF_NEXT: _("It is below %(percent)s%% of the next lowest price."),
        LowPrice.OF_CEILING: _("It is below %(percent)s%% of the ceiling."),
    }
    return words[LowPrice(sign)] % {"percent": limit.value_text}


@register.filter
def instruments_of(signs: Iterable[tuple[str, StatutoryParameter]]) -> str:
    """The instruments that set the lines of these signs, each once."""
    return _(", ").join(dict.fromkeys(localized(limit, "instrument") for _sign, limit in signs))


@register.filter
def tie_words(tie: str) -> str:
    return {
        Tie.PRICE: _("equal total: decided by the price"),
        Tie.OTHER: _("equal total and price: decided by the other factors"),
        Tie.LOT: _("equal in all: decided by a random draw"),
    }.get(Tie(tie), "")


@register.filter
def yuan_words(value: str) -> str:
    """An amount kept as text in an explanation."""
    return money_words(Decimal(value))


@register.filter
def area_words(code: int) -> str:
    """Where the experts of a draw are registered."""
    if not code:
        return _("the whole country")
    region = Region.objects.filter(code=code).first()
    return localized(region, "name") if region is not None else str(code)


@register.filter
def localized_item(item: Mapping[str, Any], name: str) -> str:
    """``{{ item|localized_item:"reasons" }}``: twin values of a row made by a view."""
    english = (get_language() or "").startswith("en")
    return str((english and item.get(f"{name}_en")) or item[name])


@register.simple_tag
def outcome_of(tender: Tender) -> dict[str, Any]:
    """Every lot with its award or its failure, once decided."""
    if tender.state not in DECIDED_STATES:
        return {"decided": False, "rows": []}
    awards = {
        award.lot_id: award
        for award in Award.objects.filter(lot__tender=tender)
        .select_related("bid__supplier")
        .defer("bid__sealed_content")
    }
    lots = tender.lots.select_related("failure").order_by("number")
    return {
        "decided": True,
        "rows": [{"lot": lot, "award": awards.get(lot.pk), "failure": getattr(lot, "failure", None)} for lot in lots],
    }


@register.filter
def seed_digest(seed: str) -> str:
    """The digest of all bids, with which the seed of a draw begins."""
    return seed.partition(":")[0]


@register.filter
def seed_number(seed: str) -> str:
    """What was drawn in public besides; empty where nothing was."""
    return seed.partition(":")[2]


@register.filter
def day_of(text: str) -> date | None:
    """A day of published JSON, for ``day``."""
    return parse_date(text) if text else None
