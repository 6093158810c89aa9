"""Counting time as the law counts it. Pure: days in, dates with their reasons out.

民法典 201 to 203; 财政部令第87号 art. 85; 令第94号 art. 42; 令第110号 art. 49: the opening day does not count; if the last
day is a day off, the time ends on the first working day after it, at 24:00 of that day, or when business ends.
Which days are working days is the calendar's to say (weekends, holidays, adjusted days), never the weekday's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import get_language, npgettext, override
from django.utils.translation import gettext as _

CHINA = ZoneInfo("Asia/Shanghai")
#: 24:00 of a day as an instant that still belongs to it
END_OF_DAY = time.max
ONE_DAY = timedelta(days=1)


def _english() -> bool:
    return (get_language() or "").startswith("en")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar. `provisional`: the State Council has not announced its year yet."""

    date: date
    is_working: bool
    name: str = ""
    name_en: str = ""
    provisional: bool = False

    @property
    def is_adjusted(self) -> bool:
        """A Saturday or Sunday that is worked."""
        return self.is_working and self.date.weekday() >= 5

    def reason(self) -> str:
        """Why it does not count, in the active language: the holiday's name, or a weekend."""
        name = self.name_en if _english() else self.name
        return name or (_("weekend") if self.date.weekday() >= 5 else _("day off"))


class Calendar(Protocol):
    def day(self, date: date) -> Day:
        """The day, or `UnknownDay` where the calendar does not reach."""


@dataclass(frozen=True, slots=True)
class Count:
    """A counted date: where it ends, the day it was rolled from, and the days that were passed over."""

    end: date
    rolled_from: date | None = None
    skipped: tuple[Day, ...] = ()
    adjusted: tuple[date, ...] = ()
    provisional: bool = False


def add_working_days(start: date, n: int, calendar: Calendar) -> Count:
    """`n` working days after `start` (before it if negative); `start` itself does not count."""
    if n == 0:
        raise ValueError("a time of no days has no end")
    step = ONE_DAY if n > 0 else -ONE_DAY
    left, at = abs(n), start
    skipped: list[Day] = []
    adjusted: list[date] = []
    provisional = False
    while left:
        at += step
        day = calendar.day(at)
        provisional |= day.provisional
        if day.is_working:
            left -= 1
            if day.is_adjusted:
                adjusted.append(at)
        else:
            skipped.append(day)
    return Count(at, None, tuple(skipped), tuple(adjusted), provisional)


def add_days(start: date, n: int, calendar: Calendar) -> Count:
    """`n` calendar days after `start`; an end on a day off moves to the first working day after it.

    Counted backward (`n` negative) nothing moves: a later day would shorten the time that must be left.
    """
    raw = start + timedelta(days=n)
    if n < 0:
        return Count(raw)
    day = calendar.day(raw)
    skipped: list[Day] = []
    provisional = day.provisional
    while not day.is_working:
        skipped.append(day)
        day = calendar.day(day.date + ONE_DAY)
        provisional |= day.provisional
    adjusted = (day.date,) if skipped and day.is_adjusted else ()
    return Count(day.date, raw if skipped else None, tuple(skipped), adjusted, provisional)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A date that a law sets, with its reason. Serialisable: store `to_json()`, read `from_json()`.

    `at` is 24:00 of the last day (as 23:59:59.999999, so that `<=` holds), or the time of day that was given.
    `sense` is "within" (a limit) or "at_least" (`date` is the first lawful day); with `direction` "before" it is the
    last lawful day before the date counted from.
    """

    at: datetime
    rule_key: str
    title: str
    title_en: str
    instrument: str
    instrument_en: str
    article: str
    unit: str
    count: int
    sense: str
    direction: str
    counted_from: date
    counted_from_what: str
    counted_from_what_en: str
    rolled_from: date | None = None
    skipped: tuple[Day, ...] = ()
    adjusted: tuple[date, ...] = ()
    provisional: bool = False
    note: str = ""
    note_en: str = ""

    @property
    def date(self) -> date:
        """The day in China on which the time ends."""
        return self.at.astimezone(CHINA).date()

    @property
    def article_text(self) -> str:
        return article_words(self.article)

    @property
    def explanation(self) -> str:
        """How it was counted, in sentences of the active language."""
        return (" " if _english() else "").join(self._sentences())

    def explain(self, language: str) -> str:
        with override(language):
            return self.explanation

    def __str__(self) -> str:
        return self.explanation

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            **{name: getattr(self, name) for name in _PLAIN},
            "counted_from": self.counted_from.isoformat(),
            "rolled_from": self.rolled_from.isoformat() if self.rolled_from else None,
            "skipped": [[d.date.isoformat(), d.name, d.name_en, d.provisional] for d in self.skipped],
            "adjusted": [d.isoformat() for d in self.adjusted],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Deadline:
        rolled = data["rolled_from"]
        return cls(
            at=datetime.fromisoformat(data["at"]),
            **{name: data[name] for name in _PLAIN},
            counted_from=date.fromisoformat(data["counted_from"]),
            rolled_from=date.fromisoformat(rolled) if rolled else None,
            skipped=tuple(Day(date.fromisoformat(d), False, *rest) for d, *rest in data["skipped"]),
            adjusted=tuple(date.fromisoformat(d) for d in data["adjusted"]),
        )

    # What it says

    def _sentences(self) -> list[str]:
        english = _english()
        what = (self.counted_from_what_en if english else self.counted_from_what) or _("the opening day")
        said = [self._rule(), self._opening(what)]
        if self.rolled_from is not None:
            said.append(
                _(
                    "Day %(count)s, %(raw)s, is a day off (%(reason)s): the period ends on the next working day, %(end)s."
                )
                % {
                    "count": self.count,
                    "raw": _say(self.rolled_from),
                    "reason": self.skipped[0].reason(),
                    "end": _say(self.date),
                }
            )
        elif self.direction == "before":
            said.append(_("The last day is %(end)s.") % {"end": _say(self.date)})
        elif self.sense == "at_least":
            said.append(_("It ends on %(end)s at the earliest.") % {"end": _say(self.date)})
        else:
            said.append(_("The time ends on %(end)s.") % {"end": _say(self.date)})
        if self.skipped and self.rolled_from is None:
            said.append(_("Not counted: %(days)s.") % {"days": _groups(self.skipped)})
        if self.adjusted:
            days = _(", ").join(_say(d, year=False) for d in self.adjusted)
            said.append(_("Counted although at a weekend, because they are worked: %(days)s.") % {"days": days})
        note = (self.note_en if english else self.note) or self.note
        if note:
            said.append(_("%(note)s.") % {"note": note[:1].upper() + note[1:]})
        if self.provisional:
            said.append(
                _(
                    "Provisional: the General Office of the State Council has not yet announced the holidays of that year; "
                    "the date will be recalculated when it does."
                )
            )
        return said

    def _rule(self) -> str:
        english = _english()
        if self.unit == "working_day":
            amount = npgettext("legal time", "%(n)s working day", "%(n)s working days", self.count) % {"n": self.count}
        else:
            amount = npgettext("legal time", "%(n)s day", "%(n)s days", self.count) % {"n": self.count}
        frame = {
            ("within", "after"): _("%(title)s: within %(amount)s (%(instrument)s, %(article)s)."),
            ("at_least", "after"): _("%(title)s: at least %(amount)s (%(instrument)s, %(article)s)."),
            ("at_least", "before"): _("%(title)s: at least %(amount)s before (%(instrument)s, %(article)s)."),
            ("within", "before"): _("%(title)s: at most %(amount)s before (%(instrument)s, %(article)s)."),
        }[self.sense, self.direction]
        return frame % {
            "title": (english and self.title_en) or self.title,
            "amount": amount,
            "instrument": (english and self.instrument_en) or self.instrument,
            "article": article_words(self.article),
        }

    def _opening(self, what: str) -> str:
        if self.direction == "before":
            return _("Counted back from %(date)s, %(what)s; that day itself is not counted.") % {
                "date": _say(self.counted_from),
                "what": what,
            }
        return _("Counted from %(date)s, %(what)s; that day itself is not counted.") % {
            "date": _say(self.counted_from),
            "what": what,
        }


_PLAIN = (
    "rule_key", "title", "title_en", "instrument", "instrument_en", "article", "unit", "count", "sense", "direction",
    "counted_from_what", "counted_from_what_en", "provisional", "note", "note_en",
)  # fmt: skip

_NUMERALS = {c: n for n, c in enumerate("一二三四五六七八九", start=1)}
_BARE = {*_NUMERALS, "十", "百"}


def article_words(article: str) -> str:
    """第六十八条 as it stands in Chinese, "article 68" on English pages; 第三部分, "part 3" for a bare 三."""
    if not _english():
        return f"第{article}部分" if article and set(article) <= _BARE else article
    numeral = article.removeprefix("第").removesuffix("条")
    value = 0
    digit = 0
    for char in numeral:
        if char in _NUMERALS:
            digit = _NUMERALS[char]
        elif char == "十":
            value, digit = value + (digit or 1) * 10, 0
        elif char == "百":
            value, digit = value + digit * 100, 0
        elif char not in "零〇":
            return _("whole text") if article == "全文" else article
    kind = _("article %(n)s") if article.endswith("条") else _("part %(n)s")
    return kind % {"n": value + digit}


def _say(day: date, *, year: bool = True) -> str:
    """A day in the words of the active language: 2026年10月8日 / 8 October 2026."""
    if _english():
        return formats.date_format(day, "j F Y" if year else "j F")
    return formats.date_format(day, "Y年n月j日" if year else "n月j日")


def _groups(days: Sequence[Day]) -> str:
    """Days off as runs of one reason: 1 October–7 October (National Day)."""
    runs: list[list[Day]] = []
    for day in sorted(days, key=lambda d: d.date):
        last = runs[-1][-1] if runs else None
        if last is not None and day.date - last.date == ONE_DAY and day.reason() == last.reason():
            runs[-1].append(day)
        else:
            runs.append([day])
    parts = []
    for run in runs:
        span = _say(run[0].date, year=False)
        if len(run) > 1:
            span = _("%(first)s to %(last)s") % {"first": span, "last": _say(run[-1].date, year=False)}
        parts.append(_("%(span)s (%(reason)s)") % {"span": span, "reason": run[0].reason()})
    return _(", ").join(parts)
