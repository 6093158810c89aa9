"""A standard's line in words: "240 minutes a month" reads as 每月不少于 4 小时."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, npgettext, pgettext

from .pages import Period, QuantityUnit


def standard_words(line: Any) -> str:
    """How much and how often, of a product's, a version's or a contract's obligation (an object or a mapping)."""
    get: Callable[[str], Any] = line.__getitem__ if isinstance(line, Mapping) else partial(getattr, line)
    unit, quantity, period = get("quantity_unit"), int(get("quantity")), get("period")
    if unit == QuantityUnit.HOURS_LIMIT:
        return ngettext("within %(n)s hour", "within %(n)s hours", quantity) % {"n": quantity}
    if unit == QuantityUnit.VILLAGES:
        return ngettext("at most %(n)s village", "at most %(n)s villages", quantity) % {"n": quantity}
    if unit == QuantityUnit.TIMES and period == Period.EACH:
        return _("at least %(amount)s per case") % {"amount": _amount(unit, quantity)}
    return _(_PERIODS[period]) % {"amount": _amount(unit, quantity)}


def _amount(unit: str, quantity: int) -> str:
    if unit == QuantityUnit.MINUTES:
        if quantity % 60 == 0:
            return ngettext("%(n)s hour", "%(n)s hours", quantity // 60) % {"n": quantity // 60}
        return ngettext("%(n)s minute", "%(n)s minutes", quantity) % {"n": quantity}
    if unit == QuantityUnit.PERSONS:
        return ngettext("%(n)s person", "%(n)s people", quantity) % {"n": quantity}
    if unit == QuantityUnit.CASES:
        return ngettext("%(n)s case", "%(n)s cases", quantity) % {"n": quantity}
    if quantity == 1:
        return pgettext("how often", "once")
    if quantity == 2:
        return pgettext("how often", "twice")
    return npgettext("how often", "%(n)s", "%(n)s", quantity) % {"n": quantity}


_PERIODS = {
    Period.ONCE: gettext_noop("at least %(amount)s"),
    Period.DAY: gettext_noop("at least %(amount)s a day"),
    Period.WEEK: gettext_noop("at least %(amount)s a week"),
    Period.MONTH: gettext_noop("at least %(amount)s a month"),
    Period.QUARTER: gettext_noop("at least %(amount)s a quarter"),
    Period.YEAR: gettext_noop("at least %(amount)s a year"),
    Period.EACH: gettext_noop("at least %(amount)s each time"),
}
