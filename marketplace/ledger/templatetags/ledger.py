"""Words of the ledger for templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from moneyed import Money

from marketplace.core.words import money_words
from marketplace.ledger.codes import PARTS, Purpose, part_of
from marketplace.ledger.models import Unit

register = template.Library()


@register.filter
def in_unit(amount: Decimal, unit: str) -> str:
    """``{{ line.amount|in_unit:"XMN" }}`` → 2 h 30 min"""
    return money_words(Money(amount, unit))


@register.filter
def account_words(code: str) -> str:
    """What the account keeps: ``person:7:subsidy`` → subsidy owed."""
    return str(PARTS.get(part_of(code), code))


@register.filter
def unit_words(unit: str) -> str:
    return str(Unit(unit).label)


@register.filter
def purpose_words(purpose: str) -> str:
    return str(Purpose(purpose).label) if purpose in Purpose.values else purpose
