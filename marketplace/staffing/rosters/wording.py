"""Why somebody does not come to a shift, and why a place is empty, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from marketplace.accounts.models import Specialty
from marketplace.core.words import duration_words, instant_words
from marketplace.staffing.freezing import SPECIALTIES

from .freezing import LICENCE
from .models import Deal, RosterShift


def _skill(amount: int) -> str:
    if amount & LICENCE:
        return _("the shift needs a lawyer's licence")
    lacking = [str(Specialty(name).label) for bit, name in enumerate(SPECIALTIES) if amount >> 1 & 1 << bit]
    return _("does not cover %(fields)s") % {"fields": _(", ").join(lacking)}


#: rule of the engine → words, from its amount and the time of the other shift
_FACTS: dict[str, Callable[[int, str], str]] = {
    "skill": lambda amount, _other: _skill(amount),
    "language": lambda _amount, _other: _("speaks none of the languages asked for"),
    "travel": lambda amount, _other: _("%(span)s too far away") % {"span": duration_words(amount)},
    "position": lambda _amount, _other: _("too many offered before"),
    "overlap": lambda _amount, other: _("serves at that time: %(when)s") % {"when": other},
    "rest": lambda amount, other: (
        _("the rest between this and %(when)s would be %(span)s short")
        % {"when": other, "span": duration_words(amount)}
    ),
    "way": lambda amount, other: (
        _("rest and travel between this and %(when)s would be %(span)s short")
        % {"when": other, "span": duration_words(amount)}
    ),
    "day": lambda amount, _other: _("%(span)s over the daily limit") % {"span": duration_words(amount)},
    "full": lambda amount, _other: (
        ngettext(
            "all places are taken; %(n)s of those who come offered earlier or at the same time",
            "all places are taken; %(n)s of those who come offered earlier or at the same time",
            amount,
        )
        % {"n": amount}
    ),
    "dearer": lambda _amount, _other: _("the plan as a whole is better with a colleague who has a shorter journey"),
}

_LEFT_OUT: dict[str, Callable[[], str]] = {
    "not_able": lambda: _("may not serve at present: licence, membership or profile"),
    "no_place": lambda: _("no place is known for this person"),
    "licence": lambda: _("the licence ends before that day"),
    "busy": lambda: _("holds another duty or place near that time"),
    "day_full": lambda: _("already has duty that day; too few hours left"),
    "declined": lambda: _("declined this shift"),
    "expired": lambda: _("did not answer for this shift in time"),
    "given_back": lambda: _("gave this shift back"),
    "handed_over": lambda: _("handed this shift over"),
    "withdrawn": lambda: _("was taken off this shift"),
}


def fact_words(fact: Sequence[Any], shifts: Mapping[int, RosterShift], *, limited: bool) -> str:
    """One stored fact. ``limited``: the person's share, not his own limit, is what binds the hours in all."""
    rule, amount, other = fact
    if rule == "total":
        span = duration_words(amount)
        if limited:
            return _("%(span)s over an even share of the hours") % {"span": span}
        return _("%(span)s over the person's own limit or the roster's") % {"span": span}
    found = shifts.get(other)
    return _FACTS[rule](amount, instant_words(found.starts_at) if found is not None else "")


def absence_words(deal: Deal, facts: Sequence[Sequence[Any]], shifts: Mapping[int, RosterShift], person: int) -> str:
    """Why somebody who offered does not come."""
    if not facts:
        return _("nothing stands in the way: the search did not get that far")
    own = dict(zip(deal.problem["volunteers"]["key"], deal.problem["volunteers"]["minutes"], strict=True))
    kept = dict(deal.parameters["kept_minutes"]).get(person, 0)
    share = dict(deal.result["shares"]).get(person)
    limited = share is not None and share - kept < own.get(person, 0)
    words = [fact_words(fact, shifts, limited=limited) for fact in facts]
    return pgettext("between reasons", "; ").join(words)


def left_out_words(why: str) -> str:
    return _LEFT_OUT[why]()


def proof_words(summary: Mapping[str, Any]) -> str:
    """What the check proved, and no more."""
    if summary["exact"]:
        return _("No better plan exists within these limits: proven by an independent check.")
    percent = summary["gap"] / 10_000
    return _("No plan within these limits is better by more than %(gap)s%%: proven by an independent check.") % {
        "gap": f"{percent:.2f}" if percent >= 0.01 else "0.01"
    }
