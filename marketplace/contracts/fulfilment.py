"""What a standard asks of a post in a period, what was delivered, and what a shortfall costs.

**Due.** quantity × number of the obligation's periods in which the post existed; a part of a month, quarter or year
counts by its days. It is counted from the post's first day and rounded down there, less what fell due before: what a
part of a quarter leaves over falls due in the next, and the parts of a year add up to the year. A duty "a day" counts
working days. "Once" falls due when the post ends. Seats that owe something together owe even parts of it.
"Each time" (an answer within 24 hours) and limits have no quantity that falls due: they are shown, not counted.

**Met.** delivered ≥ due × (100 − tolerance) %.

**Deduction.** For every post: its share of the instalment × the mean, over its countable obligations, of the part not
delivered ((due − delivered) / due; nothing where the obligation is met), rounded half up to the fen. The law asks that
each item be accepted by itself (政府采购法实施条例 art. 45) and leaves the price of a shortfall to the contract: this is
the contract's formula.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from marketplace.core.units import FEN
from marketplace.statutes.deadlines import Calendar
from marketplace.statutes.selectors import TableCalendar
from marketplace.timesheets.selectors import day_start, minutes_by_subject

from .models import Obligation, Post

SUBJECT = "contracts.post"
_BY_MINUTES = {"minutes"}
_BY_TIMES = {"times", "cases"}
#: The kinds of obligation that visits are counted against.
SESSION_KINDS = ("on_site", "remote", "lecture", "duty", "mediation", "case")


@dataclass(frozen=True, slots=True)
class Item:
    """One obligation of one post in one period. ``due`` is None where no quantity falls due."""

    code: str
    kind: str
    title: str
    title_en: str
    unit: str
    tolerance: int
    due: int | None
    done: int
    waiting: int

    @property
    def threshold(self) -> int | None:
        """The least that meets the obligation."""
        return None if self.due is None else -(-self.due * (100 - self.tolerance) // 100)

    @property
    def met(self) -> bool:
        return self.threshold is None or self.done >= self.threshold

    @property
    def shortfall(self) -> Fraction:
        """The part not delivered, 0 to 1; nothing where the obligation is met."""
        return Fraction(0) if self.met or not self.due else Fraction(self.due - self.done, self.due)

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "kind": self.kind,
            "title": self.title,
            "title_en": self.title_en,
            "unit": self.unit,
            "tolerance": self.tolerance,
            "due": self.due,
            "done": self.done,
            "waiting": self.waiting,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Item:
        return cls(**data)


def periods_in(period: str, since: date, until: date, *, last_day: date, calendar: Calendar) -> Fraction | None:
    """How many of ``period`` lie in the days ``since`` to ``until`` (inclusive); None where none can be counted.

    ``last_day`` is the end of the post, when what is owed once falls due.
    """
    if until < since:
        return Fraction(0)
    days = (until - since).days + 1
    if period == "week":
        return Fraction(days, 7)
    if period == "day":
        return Fraction(sum(calendar.day(since + timedelta(days=n)).is_working for n in range(days)))
    if period == "once":
        return Fraction(int(since <= last_day <= until))
    if period in _SPANS:
        span = _SPANS[period]
        total, at = Fraction(0), since
        while at <= until:
            first, last = span(at)
            end = min(last, until)
            total += Fraction((end - at).days + 1, (last - first).days + 1)
            at = end + timedelta(days=1)
        return total
    return None


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def quarter(day: date) -> tuple[date, date]:
    """The first and the last day of the quarter in which ``day`` lies."""
    last = (day.month + 2) // 3 * 3
    return date(day.year, last - 2, 1), date(day.year, last, monthrange(day.year, last)[1])


def _year(day: date) -> tuple[date, date]:
    return date(day.year, 1, 1), date(day.year, 1, 1) + timedelta(days=365 if isleap(day.year) else 364)


_SPANS = {"month": _month, "quarter": quarter, "year": _year}


def span(period: str, day: date) -> tuple[date, date] | None:
    """The first and the last day of the month, quarter or year in which ``day`` lies; None for other periods."""
    return _SPANS[period](day) if period in _SPANS else None


def fulfilment(
    posts: Iterable[Post], since: date, until: date, *, obligations: Sequence[Obligation] | None = None
) -> dict[int, list[Item]]:
    """For each post (by its key): every obligation with what was due and done from ``since`` to ``until`` (inclusive).

    Two queries however many posts there are (one, if ``obligations`` of all their contracts are given), and one a year
    of the calendar where a duty is owed by the day.
    """
    rows = list(posts)
    by_contract: dict[int, list[Obligation]] = defaultdict(list)
    if obligations is None:
        obligations = list(Obligation.objects.filter(contract__in={p.contract_id for p in rows}).order_by("pk"))
    for obligation in obligations:
        by_contract[obligation.contract_id].append(obligation)
    counted = minutes_by_subject(SUBJECT, [p.pk for p in rows], day_start(since), day_start(until + timedelta(days=1)))
    calendar = TableCalendar()
    known: dict[tuple[str, date, date, date, date], tuple[Fraction, Fraction] | None] = {}
    found = {}
    for post in rows:
        begin, end = max(since, post.starts_on), min(until, post.ends_on)
        items = []
        for obligation in by_contract[post.contract_id]:
            key = (obligation.period, begin, end, post.starts_on, post.ends_on)
            if key not in known:
                known[key] = _periods_so_far(obligation.period, begin, end, post, calendar)
            items.append(_item(obligation, post, known[key], counted.get((post.pk, obligation.kind))))
        found[post.pk] = items
    return found


def _periods_so_far(
    period: str, begin: date, end: date, post: Post, calendar: Calendar
) -> tuple[Fraction, Fraction] | None:
    """How many of ``period`` the post had existed before ``begin``, and by ``end``; None where none can be counted."""
    now = periods_in(period, begin, end, last_day=post.ends_on, calendar=calendar)
    eve = begin - timedelta(days=1)
    before = periods_in(period, post.starts_on, eve, last_day=post.ends_on, calendar=calendar)
    return None if now is None or before is None else (before, before + now)


def is_counted(obligation: Obligation) -> bool:
    """Whether a quantity of it falls due that visits are counted against."""
    return (
        obligation.kind in SESSION_KINDS
        and obligation.quantity_unit in _BY_MINUTES | _BY_TIMES
        and obligation.period in ("day", "week", "once", *_SPANS)
    )


def _item(
    obligation: Obligation, post: Post, periods: tuple[Fraction, Fraction] | None, counted: dict[str, int] | None
) -> Item:
    counted = counted or {"minutes": 0, "times": 0, "people": 0, "waiting": 0}
    unit = obligation.quantity_unit
    return Item(
        code=obligation.code,
        kind=obligation.kind,
        title=obligation.title,
        title_en=obligation.title_en,
        unit=unit,
        tolerance=obligation.tolerance,
        due=_due(obligation, post.seat, *periods) if is_counted(obligation) and periods is not None else None,
        done=counted["minutes" if unit in _BY_MINUTES else "times"],
        waiting=counted["waiting"],
    )


def _due(obligation: Obligation, seat: int, before: Fraction, by_now: Fraction) -> int:
    """What falls due between: seats that share an obligation take its units in turn, so that their parts add up to it."""
    quantity, among = obligation.quantity, obligation.shared_by
    turn = (seat - 1) % among

    def part(periods: Fraction) -> int:
        return (int(quantity * periods) + among - 1 - turn) // among

    return part(by_now) - part(before)


def deduction(share: Decimal, items: Sequence[Item]) -> Decimal:
    """What ``share`` of an instalment loses for the shortfall of one post, in yuan to the fen."""
    countable = [item for item in items if item.due]
    if not countable:
        return Decimal(0)
    part = sum((item.shortfall for item in countable), Fraction(0)) / len(countable)
    return _to_the_fen(Fraction(share) * part)


def unserved_share(share: Decimal, since: date, until: date, last_day: date) -> Decimal:
    """The part of ``share`` for the days of the period after a post ended early."""
    days = (until - since).days + 1
    return _to_the_fen(Fraction(share) * Fraction(min(days, max(0, (until - last_day).days)), days))


def _to_the_fen(exact: Fraction) -> Decimal:
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(FEN, rounding=ROUND_HALF_UP)


def instalment_periods(starts_on: date, ends_on: date) -> list[tuple[date, date, Fraction]]:
    """The quarters of a term: first day, last day, and the part of the quarter that it covers (the weight in the price)."""
    spans = []
    at = starts_on
    while at <= ends_on:
        first, last = quarter(at)
        end = min(last, ends_on)
        spans.append((at, end, Fraction((end - at).days + 1, (last - first).days + 1)))
        at = end + timedelta(days=1)
    return spans
