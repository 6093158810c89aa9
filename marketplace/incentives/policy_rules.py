"""The rules of a policy: read from JSON exactly, and linted before anybody is paid by them.

Shape (whole numbers as int, others as decimal strings)::

    {"points_per_minute": "0.5",       # volunteer minutes → points, rounded down to whole points a session
     "subsidy_per_day": "120.00",      # yuan for a full day of subsidised service
     "day_minutes": 240,               # what a full day is; less is paid in proportion
     "daily_cap_minutes": 480,         # volunteer minutes a day that earn points (法律援助志愿者管理办法 art. 16)
     "annual_target_minutes": 3000,    # 50 hours (司发通〔2019〕105号)
     "annual_target_cases": 2,         # or two cases
     "tier_uplift": {"western": "1.10", "formerly_poor": "1.20"},
     "stars": [{"level": 1, "minutes": 6000}, …]}   # minutes of volunteering in a life
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from marketplace.regions.models import Tier


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """A policy's rules with exact numbers."""

    points_per_minute: Decimal
    subsidy_per_day: Decimal
    day_minutes: int
    daily_cap_minutes: int
    annual_target_minutes: int
    annual_target_cases: int
    tier_uplift: Mapping[str, Decimal]
    stars: tuple[tuple[int, int], ...]

    def uplift(self, tier: str) -> Decimal:
        return self.tier_uplift.get(tier, Decimal(1))

    def star(self, minutes: int) -> int:
        """The highest star that ``minutes`` have reached; 0 for none."""
        return max((level for level, needed in self.stars if needed <= minutes), default=0)

    def next_star(self, minutes: int) -> tuple[int, int] | None:
        """(level, minutes) of the first star that ``minutes`` have not reached, or None."""
        return next(((level, needed) for level, needed in self.stars if needed > minutes), None)


def read_rules(raw: Mapping[str, Any]) -> PolicyRules:
    """Read rules that ``lint`` has passed."""
    return PolicyRules(
        points_per_minute=Decimal(raw["points_per_minute"]),
        subsidy_per_day=Decimal(raw["subsidy_per_day"]),
        day_minutes=int(raw["day_minutes"]),
        daily_cap_minutes=int(raw["daily_cap_minutes"]),
        annual_target_minutes=int(raw["annual_target_minutes"]),
        annual_target_cases=int(raw["annual_target_cases"]),
        tier_uplift={tier: Decimal(value) for tier, value in raw["tier_uplift"].items()},
        stars=tuple((int(star["level"]), int(star["minutes"])) for star in raw["stars"]),
    )


def lint(raw: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``raw``, in words: missing or negative numbers, gaps, repeated or falling steps."""
    problems: list[str] = []
    for name, least in (("points_per_minute", Decimal(0)), ("subsidy_per_day", Decimal(0))):
        value = _decimal(raw.get(name))
        if value is None or value < least:
            problems.append(_("%(name)s must be a number of zero or more.") % {"name": name})
    for name in ("day_minutes", "daily_cap_minutes", "annual_target_minutes", "annual_target_cases"):
        whole = raw.get(name)
        if not isinstance(whole, int) or isinstance(whole, bool) or whole < 1:
            problems.append(_("%(name)s must be a whole number of one or more.") % {"name": name})
    cap = raw.get("daily_cap_minutes")
    if isinstance(cap, int) and cap > 24 * 60:
        problems.append(_("A day has 24 hours: lower the daily cap."))
    problems += _lint_uplift(raw.get("tier_uplift"))
    problems += _lint_stars(raw.get("stars"))
    return problems


def _lint_uplift(uplift: Any) -> list[str]:
    if not isinstance(uplift, Mapping):
        return [_("The regional uplift must name a factor for each tier.")]
    problems = []
    for tier, text in uplift.items():
        value = _decimal(text)
        if tier not in Tier.values:
            problems.append(_("%(tier)s is no development tier.") % {"tier": tier})
        elif value is None or not 1 <= value <= 3:
            problems.append(_("The uplift of tier %(tier)s must lie between 1 and 3.") % {"tier": tier})
    return problems


def _lint_stars(stars: Any) -> list[str]:
    if not isinstance(stars, list) or not stars:
        return [_("Name at least one star and the time it takes.")]
    problems = []
    last_minutes = 0
    for expected, star in enumerate(stars, start=1):
        level, minutes = star.get("level"), star.get("minutes")
        if level != expected:
            problems.append(_("Star level %(expected)s is missing or entered twice.") % {"expected": expected})
        if not isinstance(minutes, int) or minutes <= last_minutes:
            problems.append(_("Star level %(level)s must take more time than the one before.") % {"level": level})
        else:
            last_minutes = minutes
    return problems


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
