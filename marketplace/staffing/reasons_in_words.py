"""Stored reasons as sentences. Costs are said in minutes: what counts like so much more travel.

``kind`` says what the posts are (``kinds.kind_of_run``): villages, or posts at one place. Teams have words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.accounts.models import User
from marketplace.contracts.kinds import PostKind
from marketplace.contracts.models import Post
from marketplace.contracts.templatetags.contracts import seat_words
from marketplace.core.i18n import localized
from marketplace.core.words import duration_words

from .models import Assignment, AssignmentRun, EmptyPost
from .selectors_runs import Names

#: bars of ``matching.pairs.Bar`` by their stored names
_BARS = {
    "declined": gettext_lazy("declined this village before"),
    "no_answer": gettext_lazy("let an earlier proposal for this village lapse"),
    "removed": gettext_lazy("was taken from this village before"),
    "conflict": gettext_lazy("has a conflict of interest"),
    "unqualified": gettext_lazy("does not cover a required field of law"),
    "no_capacity": gettext_lazy("has no place free: serves as many villages as allowed"),
    "beyond_person": gettext_lazy("farther than this lawyer is ready to travel"),
    "beyond_radius": gettext_lazy("farther than the limit of this computation"),
}
_BARS_AT_A_PLACE = {
    "declined": gettext_lazy("declined this post before"),
    "no_answer": gettext_lazy("let an earlier proposal for this post lapse"),
    "removed": gettext_lazy("was taken from this post before"),
    "no_capacity": gettext_lazy("has no place free, or holds a seat here already"),
}
BARS = {PostKind.VILLAGE: _BARS, PostKind.PLACE: _BARS | _BARS_AT_A_PLACE}
_LIMITS = {
    "tie": gettext_lazy("equally good: the lottery decided"),
    "dearer": gettext_lazy("has a place free, but the plan as a whole would be worse"),
    "full": gettext_lazy("would have to give up another village"),
    "scarce": gettext_lazy("another village would be left with nobody"),
}
_LIMITS_AT_A_PLACE = {
    "full": gettext_lazy("would have to give up another post"),
    "scarce": gettext_lazy("another post would be left with nobody"),
}
LIMITS = {PostKind.VILLAGE: _LIMITS, PostKind.PLACE: _LIMITS | _LIMITS_AT_A_PLACE}
_EMPTY = {
    "no_people": gettext_lazy("No lawyer of the firm could be asked at all."),
    "barred": gettext_lazy("No lawyer of the firm can be asked for this village."),
    "full": gettext_lazy("Every lawyer within reach is needed in villages that would otherwise have nobody."),
}
_EMPTY_AT_A_PLACE = {
    "barred": gettext_lazy("No lawyer of the firm can be asked for this post."),
    "full": gettext_lazy("Every lawyer within reach is needed for another post here."),
}
EMPTY = {PostKind.VILLAGE: _EMPTY, PostKind.PLACE: _EMPTY | _EMPTY_AT_A_PLACE}


def as_minutes(run: AssignmentRun, cost: int) -> int:
    """A cost as minutes of travel, rounded up: what is said to be saved or added is never less."""
    return int(-(-cost // run.summary["weights"]["cost_per_minute"]))


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of what a pair counts."""

    title: str
    detail: str
    minutes: int


def part_lines(assignment: Assignment, kind: PostKind) -> list[PartLine]:
    run, parts = assignment.run, assignment.reason["parts"]
    # The journey as every other place says it: the cost, rounded up, would be a second figure for one way.
    lines = [PartLine(_("Travel"), _("one way, estimated"), assignment.travel_minutes)]
    if run.parameters["languages"]:
        said = _("speaks none of the languages asked for") if parts["language"] else _("speaks a language asked for")
        lines.append(PartLine(_("Language"), said, as_minutes(run, parts["language"])))
    if run.parameters["wanted"]:
        missing = parts["specialty"] // max(run.summary["weights"]["specialty_cost"], 1)
        said = (
            ngettext("%(n)s preferred field of law is missing", "%(n)s preferred fields of law are missing", missing)
            % {"n": missing}
            if missing
            else _("covers the preferred fields of law")
        )
        lines.append(PartLine(_("Fields of law"), said, as_minutes(run, parts["specialty"])))
    load = (
        _("the more villages a lawyer has, the more the next one counts")
        if kind == PostKind.VILLAGE
        else _("for the villages that this lawyer serves besides")
    )
    lines.append(PartLine(_("Workload"), load, as_minutes(run, parts["load"])))
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


def alternative_lines(
    run: AssignmentRun, reason: dict[str, Any], names: Names | None, kind: PostKind
) -> list[AlternativeLine]:
    """The next best people, what each would add to the whole plan, whom it would move, and what would change it."""
    empty = "parts" not in reason
    return [
        AlternativeLine(
            name=_name(names, each["person"]) if names else "",
            minutes=each["minutes"],
            added=_added(run, each, kind),
            limit=str(LIMITS[kind][each["limit"]]),
            moves=[_move(names, move) for move in each["moves"]] if names else [],
            change=_change(run, each, kind, empty=empty),
        )
        for each in reason["alternatives"]
    ]


def _added(run: AssignmentRun, each: dict[str, Any], kind: PostKind) -> str:
    if each["limit"] == "scarce":
        return _("one more village without adviser") if kind == PostKind.VILLAGE else _("one more post with nobody")
    if not each["added"]:
        return _("nothing")
    span = duration_words(as_minutes(run, each["added"]))
    return span if each["exact"] else _("at least %(span)s") % {"span": span}


def _change(run: AssignmentRun, each: dict[str, Any], kind: PostKind, *, empty: bool) -> str:
    """The one fact. Exact, because a pair that costs less by more than ``added`` is in every best plan.

    For an empty village: with one more place at anybody who could come, one more village is served.
    """
    if each["limit"] == "scarce":
        if not empty:
            return _("nothing about the journey alone")
        if kind == PostKind.VILLAGE:
            return _("one more place with this lawyer: then one more village is served")
        return _("one more place with this lawyer: then one more post is filled")
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
    village = post_name(post) if post is not None else "?"
    if move["to"] is None:
        return _("%(village)s would have nobody") % {"village": village}
    if move["from"] is None:
        return _("%(person)s would take %(village)s") % {"village": village, "person": _name(names, move["to"])}
    return _("%(village)s would pass from %(giver)s to %(taker)s") % {
        "village": village,
        "giver": _name(names, move["from"]),
        "taker": _name(names, move["to"]),
    }


def post_name(post: Post) -> str:
    """Where it is, and which seat where there are several."""
    return localized(post.region, "name") + seat_words(post.seat)


def _name(names: Names, key: int) -> str:
    person: User | None = names.people.get(key)
    return localized(person, "display_name") if person is not None else "?"


def post_column(kind: PostKind) -> str:
    """What a file calls the column of ``post_name``."""
    return _("village") if kind == PostKind.VILLAGE else _("place")


@dataclass(frozen=True, slots=True)
class BarredLine:
    name: str
    minutes: int
    bars: list[str]


def barred_lines(reason: dict[str, Any], names: Names | None, kind: PostKind) -> list[BarredLine]:
    """People nearer than the chosen one who could not be asked, and every reason."""
    return [
        BarredLine(
            _name(names, each["person"]) if names else "",
            each["minutes"],
            [str(BARS[kind][bar]) for bar in each["bars"]],
        )
        for each in reason["barred"]
    ]


def short_reason(assignment: Assignment, kind: PostKind) -> str:
    """One line for a table."""
    reason = assignment.reason
    if reason["eligible"] == 1:
        return _("the only one within reach")
    following = reason["alternatives"][0]
    of = {"n": reason["eligible"]}
    if following["limit"] == "scarce":
        if kind == PostKind.VILLAGE:
            return _("best of %(n)s; with the next one another village would have nobody") % of
        return _("best of %(n)s; with the next one another post would have nobody") % of
    if not following["added"]:
        return _("one of %(n)s, drawn by lot among equals") % of
    return _("best of %(n)s; the next one would add %(span)s to the plan") % {
        **of,
        "span": duration_words(as_minutes(assignment.run, following["added"])),
    }


def short_emptiness(entry: EmptyPost, kind: PostKind) -> str:
    return str(EMPTY[kind][entry.because])
