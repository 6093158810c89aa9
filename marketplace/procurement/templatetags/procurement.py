"""Words of buying for its pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation
from marketplace.core.i18n import localized
from marketplace.core.words import exact_words, full_day_words, money_words
from marketplace.procurement.areas import Area, bought_words
from marketplace.procurement.scoring import plain
from marketplace.procurement.wording import Wording, wording
from marketplace.regions.models import Region

register = template.Library()


@register.filter
def twin(value: Mapping[str, Any], name: str) -> str:
    """``{{ content|twin:"title" }}``: a twin field of published JSON in the active language."""
    return localized(value, name)


@register.filter
def twin_of(value: Mapping[str, Any], path: str) -> str:
    """``{{ content|twin_of:"buyer name" }}``: the same one level deeper."""
    first, name = path.split()
    return twin(value.get(first, {}), name)


@register.filter
def instant(text: str | None) -> datetime | None:
    """An instant of published JSON, for ``when``."""
    return parse_datetime(text) if text else None


@register.filter
def amount(value: Mapping[str, str]) -> str:
    """An amount of published JSON."""
    return money_words(Decimal(value["amount"])) if value else ""


@register.filter
def frozen_area(divisions: list[Mapping[str, str]]) -> str:
    """Where a lot of a published notice is served; the notice keeps codes and names."""
    return str(Area.of(Region.objects.filter(code__in=[int(each["code"]) for each in divisions])))


@register.filter
def frozen_amount(lot: Mapping[str, Any]) -> str:
    """How much a lot of a published notice buys, where that is not a number of villages."""
    return bought_words(lot, lot["units"], lot["seats"]) if "seats" in lot else ""


register.filter(plain)


@register.filter
def service_term(content: Mapping[str, Any]) -> str:
    """The days of service that a notice names, of a tender or of a contract."""
    names = ("starts_on", "ends_on") if "starts_on" in content else ("service_from", "service_to")
    if not content.get(names[0]):
        return ""
    first, last = (
        format_html('<span class="nowrap">{}</span>', full_day_words(date.fromisoformat(content[name])))
        for name in names
    )
    return mark_safe(_("%(first)s to %(last)s") % {"first": first, "last": last})  # noqa: S308 (built of escaped parts)


@register.filter(name="wording")
def wording_of(method: str) -> Wording:
    """``{% with words=content.method|wording %}``: the words of the method of a published notice."""
    return wording(method)


@register.filter
def of_credit_code(suppliers: Mapping[str, Organisation], code: str) -> Organisation | None:
    """The supplier that a published notice names by its credit code."""
    return suppliers.get(code)


def _part(context: Context, name: str) -> SafeString:
    """A part of a page that the later stages bring; nothing where there is none."""
    try:
        part = get_template(name)
    except TemplateDoesNotExist:
        return mark_safe("")
    values: dict[str, Any] = context.flatten()  # type: ignore[assignment]
    return SafeString(part.render(values, request=context.get("request")))


@register.simple_tag(takes_context=True)
def evaluation_panel(context: Context) -> SafeString:
    """Opening, ranking and award on the tender's page."""
    return _part(context, "procurement/evaluation/_tender_panel.html")


@register.simple_tag(takes_context=True)
def notice_body(context: Context) -> SafeString:
    """The body of result, failure and contract notices."""
    return _part(context, "procurement/evaluation/_notice_body.html")


@register.filter
def percent_words(value: Decimal) -> str:
    return f"{plain(value)}%"


@register.filter
def exact(value: datetime | None) -> str:
    """An instant to the second, as a receipt says it; its date and time stay on one line."""
    if not value:
        return ""
    before, stamp, after = re.split(r"(\d.*\d)", exact_words(value))
    return format_html('{}<span class="nowrap">{}</span>{}', before, stamp, after)
