"""Words of contracts for templates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from marketplace.contracts.models import Instalment
from marketplace.contracts.services_payment import period_is_over, proposed_deduction
from marketplace.contracts.states import InstalmentState
from marketplace.core import clock
from marketplace.core.templatetags.ui import deadline, state_tag, tag
from marketplace.core.words import (
    day_words,
    duration_words,
    full_period_words,
    money_words,
    number_words,
)
from marketplace.statutes.deadlines import Deadline

register = template.Library()

NO_BREAK = "\N{NO-BREAK SPACE}"


@register.filter
def quantity(value: int | None, unit: str) -> str:
    """``{{ item.due|quantity:item.unit }}`` → 12 h, 2 cases, and of times the number alone where a language says no more."""
    if value is None:
        return ""
    if unit == "minutes":
        return duration_words(value) if value else _("%(hours)s h") % {"hours": 0}
    if unit == "cases":
        return ngettext("%(n)s case", "%(n)s cases", value) % {"n": number_words(value)}
    return pgettext("times", "%(n)s") % {"n": number_words(value)}


def unit_words(unit: str) -> str:
    """The unit of an obligation, for a file."""
    return {"minutes": _("minutes"), "cases": _("cases"), "times": _("times")}.get(unit, unit)


@register.filter
def of_quantity(value: int, unit: str) -> str:
    """What was done before what was due: the unit is said once, behind both, but for times."""
    return quantity(value, unit) if unit == "minutes" else number_words(value)


@register.filter
def stage(instalment: Instalment) -> str:
    """The state of an instalment as a tag; one that is not handed over yet says where its period stands."""
    if instalment.state != InstalmentState.PLANNED:
        return state_tag(instalment)
    today = clock.today()
    if period_is_over(instalment, today):
        return tag(_("to be handed over"), "wait")
    return tag(_("running") if instalment.period_from <= today else _("not begun"), "plain")


@register.filter
def waits(instalment: Instalment) -> str:
    """Since when a delivery waits to be accepted, or until when an accepted one has to be paid."""
    if instalment.state == InstalmentState.DELIVERED and instalment.delivered_at:
        return _("handed over on %(day)s") % {"day": day_words(timezone.localdate(instalment.delivered_at))}
    if instalment.state == InstalmentState.ACCEPTED and instalment.pay_by:
        return deadline(Deadline.from_json(instalment.pay_by).at)
    return ""


@register.filter
def proposed(instalment: Instalment) -> str:
    """What the formula gives for a delivery that is not accepted yet; nothing where it gives no deduction."""
    amount = proposed_deduction(instalment) if instalment.state == InstalmentState.DELIVERED else Decimal(0)
    return money_words(amount) if amount else ""


@register.filter
def term(value: Any) -> str:
    """The days of an instalment, or of whatever has ``starts_on`` and ``ends_on``."""
    first, last = (
        (value.period_from, value.period_to) if isinstance(value, Instalment) else (value.starts_on, value.ends_on)
    )
    return days_words(first, last)


def days_words(first: date, last: date) -> str:
    """1 Jan – 31 Dec 2027; no line ends within a date, and one day is said once."""
    days = full_period_words(first, last)[first == last :]
    return f"{NO_BREAK}– ".join(day.replace(" ", NO_BREAK) for day in days)


@register.filter
def seat_words(seat: int, several: bool = False) -> str:
    """The second and further seats of one place by their number; the first too where there are ``several``."""
    return _(" · seat %(n)s") % {"n": seat} if several or seat > 1 else ""


@register.filter
def yuan_text(value: str) -> str:
    """An amount kept as text in a delivery: ``2250.00`` → ¥2,250."""
    return money_words(Decimal(value))
