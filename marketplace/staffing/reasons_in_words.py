"""Stored reasons as sentences. Costs are said in minutes: what counts like so much more travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.accounts.models import User
from marketplace.core.i18n import localized
from marketplace.core.words import duration_words

from .models import Assignment, AssignmentRun, EmptyPost
from .selectors import Names

#: bars of ``matching.pairs.Bar`` by their stored names
BARS = {
    "declined": gettext_lazy("declined this village before"),
    "no_answer": gettext_lazy("let an earlier proposal for this village lapse"),
    "removed": gettext_lazy("was taken from this village before"),
    "conflict": gettext_lazy("has a conflict of interest"),
    "unqualified": gettext_lazy("does not cover a required field of law"),
    "no_capacity": gettext_lazy("has no place free: serves as many villages as allowed"),
    "beyond_person": gettext_lazy("farther than this lawyer is ready to travel"),
    "beyond_radius": gettext_lazy("farther than the limit of this computation"),
}
LIMITS = {
    "tie": gettext_lazy("equally good: the lottery decided"),
    "dearer": gettext_lazy("has a place free, but the plan as a whole is better without"),
    "full": gettext_lazy("would have to give up another village"),
    "scarce": gettext_lazy("another village would be left with nobody"),
}
EMPTY = {
    "no_people": gettext_lazy("No lawyer of the firm could be asked at all."),
    "barred": gettext_lazy("No lawyer of the firm can be asked for this village."),
    "full": gettext_lazy("Every lawyer within reach is needed in villages that would otherwise have nobody."),
}


def as_minutes(run: AssignmentRun, cost: int) -> int:
    """A cost as minutes of travel, rounded up: what is said to be saved or added is never less."""
    return int(-(-cost // run.summary["weights"]["cost_per_minute"]))


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of what a pair counts."""

    title: str
    detail: str
    minutes: int


def part_lines(assignment: Assignment) -> list[PartLine]:
    run, parts = assignment.run, assignment.reason["parts"]
    lines = [PartLine(_("Travel"), _("one way, estimated"), as_minutes(run, parts["travel"]))]
    if run.parameters["languages"]:
        said = (
            _("speaks none of the village's languages") if parts["language"] else _("speaks a language of the village")
        )
        lines.append(PartLine(_("Language"), said, as_minutes(run, parts["language"])))
    if run.parameters["wanted"]:
        missing = parts["specialty"] // max(run.summary["weights"]["specialty_cost"], 1)
        said = (
            ngettext("%(n)s useful field of law is missing", "%(n)s useful fields of law are missing", missing)
            % {"n": missing}
            if missing
            else _("covers the useful fields of law")
        )
        lines.append(PartLine(_("Fields of law"), said, as_minutes(run, parts["specialty"])))
    lines.append(
        PartLine(_("Load"), _("what the last of this lawyer's villages counts"), as_minutes(run, parts["load"]))
    )
    return lines


@dataclass(frozen=True, slots=True)
class AlternativeLine:
    """Who could have been chosen instead. ``name`` is empty where names are not shown."""

    name: str
    minutes: int
    added: str
    limit: str
    moves: list[str]
    change: str


def alternative_lines(run: AssignmentRun, reason: dict[str, Any], names: Names | None) -> list[AlternativeLine]:
    """The next best people, what each would add to the whole plan, whom it would move, and what would change it."""
    empty = "parts" not in reason
    return [
        AlternativeLine(
            name=_name(names, each["person"]) if names else "",
            minutes=each["minutes"],
            added=_added(run, each),
            limit=str(LIMITS[each["limit"]]),
            moves=[_move(names, move) for move in each["moves"]] if names else [],
            change=_change(run, each, empty=empty),
        )
        for each in reason["alternatives"]
    ]


def _added(run: AssignmentRun, each: dict[str, Any]) -> str:
    if each["limit"] == "scarce":
        return _("one more village without adviser")
    if not each["added"]:
        return _("nothing")
    span = duration_words(as_minutes(run, each["added"]))
    return span if each["exact"] else _("at least %(span)s") % {"span": span}


def _change(run: AssignmentRun, each: dict[str, Any], *, empty: bool) -> str:
    """The one fact. Exact, because a pair that costs less by more than ``added`` is in every best plan.

    For an empty village: with one more place at anybody who could come, one more village is served.
    """
    if each["limit"] == "scarce":
        return _("one more place with this lawyer: then one more village is served") if empty else ""
    if not each["exact"]:
        return ""
    if not each["added"]:
        return _("any advantage, however small")
    needed = each["added"] // run.summary["weights"]["cost_per_minute"] + 1
    if needed >= each["minutes"]:
        return _("nothing about the journey alone")
    return _("a journey shorter by %(span)s") % {"span": duration_words(needed)}


def _move(names: Names, move: dict[str, Any]) -> str:
    post = names.posts.get(move["post"])
    village = localized_village(post.region) if post is not None else "?"
    if move["to"] is None:
        return _("%(village)s would have nobody") % {"village": village}
    if move["from"] is None:
        return _("%(person)s would take %(village)s") % {"village": village, "person": _name(names, move["to"])}
    return _("%(village)s would pass from %(giver)s to %(taker)s") % {
        "village": village,
        "giver": _name(names, move["from"]),
        "taker": _name(names, move["to"]),
    }


def localized_village(region: Any) -> str:
    return localized(region, "name")


def _name(names: Names, key: int) -> str:
    person: User | None = names.people.get(key)
    return localized(person, "display_name") if person is not None else "?"


@dataclass(frozen=True, slots=True)
class BarredLine:
    name: str
    minutes: int
    bars: list[str]


def barred_lines(reason: dict[str, Any], names: Names | None) -> list[BarredLine]:
    """People nearer than the chosen one who could not be asked, and every reason."""
    return [
        BarredLine(
            _name(names, each["person"]) if names else "", each["minutes"], [str(BARS[bar]) for bar in each["bars"]]
        )
        for each in reason["barred"]
    ]


def short_reason(assignment: Assignment) -> str:
    """One line for a table."""
    reason = assignment.reason
    if reason["eligible"] == 1:
        return _("the only one within reach")
    following = reason["alternatives"][0]
    of = {"n": reason["eligible"]}
    if following["limit"] == "scarce":
        return _("best of %(n)s; with the next one another village would have nobody") % of
    if not following["added"]:
        return _("one of %(n)s, drawn by lot among equals") % of
    return _("best of %(n)s; the next one would add %(span)s to the plan") % {
        **of,
        "span": duration_words(as_minutes(assignment.run, following["added"])),
    }


def short_emptiness(entry: EmptyPost) -> str:
    return str(EMPTY[entry.because])
