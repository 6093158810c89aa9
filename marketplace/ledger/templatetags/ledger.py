"""Words of the ledger for templates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from moneyed import Money

from marketplace.core.words import money_words
from marketplace.ledger import holders, rules
from marketplace.ledger.codes import KEEPERS, PARTS, Purpose, part_of
from marketplace.ledger.models import Unit

register = template.Library()


@register.simple_tag(takes_context=True)
def statement_link(context: Context, kind: str, key: int, text: Any) -> str:
    """``{% statement_link "budget" line.pk line.code %}``: the text, leading to the statement for who may read it."""
    holder = f"{kind}:{key}"
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated or not rules.can_read(user, holder):
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', reverse("ledger:holder", args=[holder]), text)


@register.filter
def in_unit(amount: Decimal, unit: str) -> str:
    """``{{ line.amount|in_unit:"XMN" }}`` → 2 h 30 min"""
    return money_words(Money(amount, unit))


@register.filter
def account_words(code: str) -> str:
    """What the account keeps: ``person:7:subsidy`` → subsidy owed."""
    return str(PARTS.get(part_of(code), code))


@register.filter
def keeper_words(kind: str) -> str:
    """Whose accounts a row of the trial balance adds up: ``person:*:minutes`` → of people."""
    return str(KEEPERS.get(kind.partition(":")[0], kind))


@register.filter
def concerns(reference: str, own: bool) -> str:
    """``{{ line.reference|concerns:mine }}``: the address of the visit, tender or instalment behind a movement, or nothing."""
    return holders.page_of(reference, own=own)


@register.filter
def unit_words(unit: str) -> str:
    return str(Unit(unit).label)


@register.filter
def books_words(unit: str) -> str:
    """The heading of all accounts kept in one unit."""
    return str({Unit.YUAN: _("Money (yuan)"), Unit.MINUTE: _("Volunteer time"), Unit.POINT: _("Points")}[Unit(unit)])


@register.filter
def purpose_words(purpose: str) -> str:
    return str(Purpose(purpose).label) if purpose in Purpose.values else purpose
