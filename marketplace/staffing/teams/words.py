"""Reasons of teams as sentences. Costs are said in minutes: what counts like so much more travel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.accounts.models import Specialty, User
from marketplace.contracts.models import Contract
from marketplace.core.i18n import localized
from marketplace.core.words import duration_words
from marketplace.staffing.models import Assignment, AssignmentRun, EmptyPost
from marketplace.staffing.reasons_in_words import as_minutes

#: bars of ``matching.pairs.Bar`` by their stored names
BARS = {
    "declined": gettext_lazy("declined a seat of this team before"),
    "no_answer": gettext_lazy("let an earlier proposal for this team lapse"),
    "removed": gettext_lazy("was taken from a seat of this team before"),
    "conflict": gettext_lazy("sits in this team already, or may not sit in one team with somebody who does"),
    "unqualified": gettext_lazy("belongs to another firm, or lacks the licence that is asked for"),
    "no_capacity": gettext_lazy("sits in as many teams as this lawyer will"),
    "beyond_person": gettext_lazy("farther than this lawyer is ready to travel"),
    "beyond_radius": gettext_lazy("farther than the limit of this computation"),
}
EMPTY = {
    "people": gettext_lazy("Fewer lawyers of the firm can be asked than there are seats."),
    "specialty": gettext_lazy("No lawyer of the firm who can be asked covers what the team needs."),
    "senior": gettext_lazy("Too few lawyers who can be asked have the years of practice."),
    "seats": gettext_lazy(
        "No choice of people fits so few seats: all that is needed is there, but spread over too many."
    ),
    "quarrel": gettext_lazy("Every team that would do has two members who may not sit together."),
    "busy": gettext_lazy("Those who could complete the team are needed in another one."),
    "cost": gettext_lazy("No team was found."),
}


def field_names(run: AssignmentRun, mask: int) -> list[str]:
    """The fields of law of a mask, in words."""
    bits = run.parameters["bits"]["specialties"]
    return [str(Specialty(value).label) for bit, value in enumerate(bits) if mask >> bit & 1]


def listed(words: Iterable[str]) -> str:
    """a; b; c: names of fields hold commas and "and" themselves."""
    return str(_("; ").join(words))


@dataclass(frozen=True, slots=True)
class Brought:
    """One thing for which a member is needed. ``alone``: nobody else in the team has it."""

    words: str
    alone: bool


def brought(assignment: Assignment) -> list[Brought]:
    """What the member is needed for: what only he covers, the years of practice, what he shares, or the least way."""
    run, reason = assignment.run, assignment.reason
    lines = []
    alone = field_names(run, reason["alone"])
    if alone:
        lines.append(Brought(_("the only one in the team for %(fields)s") % {"fields": listed(alone)}, True))
    if reason["needed_senior"]:
        lines.append(
            Brought(
                ngettext(
                    "needed for the practice of at least %(n)s year",
                    "needed for the practice of at least %(n)s years",
                    run.parameters["senior_years"],
                )
                % {"n": run.parameters["senior_years"]},
                True,
            )
        )
    shared = field_names(run, reason["brings"] & ~reason["alone"])
    if shared:
        lines.append(Brought(_("also covers %(fields)s") % {"fields": listed(shared)}, False))
    if not lines:
        lines.append(Brought(_("of those remaining, the shortest journey and the lightest workload"), False))
    return lines


def short_reason(assignment: Assignment) -> str:
    """One line for a table."""
    if assignment.reason["eligible"] == assignment.run.summary["objective"]["posts"]:
        return _("all who can be asked are needed")
    return _("; ").join(each.words for each in brought(assignment))


@dataclass(frozen=True, slots=True)
class NextLine:
    """Who would have had the seat instead, and what that would add. ``name`` is empty where names are not shown."""

    name: str
    added: str
    detail: str


def next_lines(
    assignment: Assignment, people: Mapping[int, User] | None, contracts: Mapping[int, Contract]
) -> list[NextLine]:
    """The next best for the seat, all others staying: one who is free, and one who would have to leave another team."""
    lines = []
    for name in ("free", "seated"):
        found = assignment.reason[name]
        if found is None:
            continue
        person = people.get(found["person"]) if people is not None else None
        added = max(found["added"], 0)
        taken = contracts.get(found["sits_with"]) if found["sits_with"] is not None else None
        lines.append(
            NextLine(
                name=localized(person, "display_name") if person is not None else "",
                added=duration_words(as_minutes(assignment.run, added)) if added else _("nothing"),
                detail=_("nothing – could be asked")
                if taken is None
                else _("is needed in %(team)s") % {"team": localized(taken, "title")},
            )
        )
    return lines


def part_lines(assignment: Assignment) -> list[tuple[str, str, int]]:
    """(part, detail, minutes) of what the member counts."""
    run, parts = assignment.run, assignment.reason["parts"]
    return [
        (_("Travel"), _("one way, estimated"), assignment.travel_minutes),
        (_("Workload"), _("ten minutes for each team this lawyer sits in already"), as_minutes(run, parts["load"])),
    ]


def short_emptiness(entry: EmptyPost) -> str:
    return str(EMPTY[entry.because])


@dataclass(frozen=True, slots=True)
class HelpLine:
    """Somebody whose coming would help: by name, the way, and what would have to change."""

    name: str
    minutes: int
    change: str


@dataclass(frozen=True, slots=True)
class MissingWords:
    """Why there is no team: one sentence, details, who would help. ``one_fact``: one change would do."""

    because: str
    details: list[str]
    help: list[HelpLine]

    @property
    def one_fact(self) -> bool:
        return len(self.help) == 1


def missing_words(
    run: AssignmentRun, entry: EmptyPost, people: Mapping[int, User], contracts: Mapping[int, Contract]
) -> MissingWords:
    reason, team, seats = entry.reason, run.summary["team"], run.summary["objective"]["posts"]
    details = [
        ngettext("%(n)s lawyer can be asked", "%(n)s lawyers can be asked", reason["eligible"])
        % {"n": reason["eligible"]}
        + _(", ")
        + ngettext("for %(n)s seat", "for %(n)s seats", seats) % {"n": seats}
    ]
    if reason["lacking"]:
        details.append(_("nobody covers %(fields)s") % {"fields": listed(field_names(run, reason["lacking"]))})
    if team["seniors_wanted"]:
        details.append(
            _("%(have)s of them with %(years)s years of practice or more; the team needs %(need)s in all")
            % {"have": reason["seniors"], "years": run.parameters["senior_years"], "need": team["seniors_wanted"]}
        )
    if reason["seats"]:
        details.append(_("with %(n)s seats it would do") % {"n": reason["seats"]})
    if entry.because == "quarrel" and not reason["help"]:
        details.append(_("if two of them could sit together after all, it would do"))
    return MissingWords(
        short_emptiness(entry), details, [_help(run, each, people, contracts) for each in reason["help"]]
    )


def _help(
    run: AssignmentRun, each: Mapping[str, Any], people: Mapping[int, User], contracts: Mapping[int, Contract]
) -> HelpLine:
    person = people.get(each["person"])
    name = localized(person, "display_name") if person is not None else "?"
    taken = contracts.get(each["sits_with"]) if each["sits_with"] is not None else None
    if each["bars"]:
        change = _("; ").join(_change(run, bar, each["minutes"]) for bar in each["bars"])
    elif taken is not None:
        change = _("if %(team)s gave this lawyer up, or this lawyer took one more team") % {
            "team": localized(taken, "title")
        }
    else:
        change = _("if this lawyer came")
    return HelpLine(name, each["minutes"], change)


def _change(run: AssignmentRun, bar: str, minutes: int) -> str:
    return {
        "declined": _("if this lawyer were asked again"),
        "no_answer": _("if this lawyer were asked again"),
        "removed": _("if this lawyer were asked again"),
        "conflict": _("if this lawyer could sit with those who stay"),
        "unqualified": _("if this lawyer belonged to the firm and held the licence"),
        "no_capacity": _("if this lawyer took one more team"),
        "beyond_person": _("if this lawyer were ready to travel %(need)s minutes") % {"need": minutes},
        "beyond_radius": _("if the limit of the computation were %(need)s minutes instead of %(now)s")
        % {"need": minutes, "now": run.parameters["radius_minutes"]},
    }[bar]


def why_not_words(run: AssignmentRun, answer: Mapping[str, Any]) -> tuple[list[str], str]:
    """(what stood in the way, the one fact that would change it) for somebody who is not in the team."""
    if answer["kept"]:
        return [_("sits in this team already and keeps the seat")], ""
    if answer["bars"]:
        bars = [str(BARS[bar]) for bar in answer["bars"]]
        fact = _change(run, answer["bars"][0], answer["need"]) if len(bars) == 1 else ""
        return bars, fact
    if answer["added"] is None:
        return [_("no team with this lawyer covers all that is needed with people who may sit together")], ""
    if answer["scarce"]:
        return [_("with this lawyer here another contract would have no team")], ""
    if answer["added"] <= 0:
        return [_("equally good: the order of the computation decided")], _("any advantage, however small")
    span = duration_words(as_minutes(run, answer["added"]))
    said = _("with this lawyer the teams together would count %(span)s more") % {"span": span}
    if answer["shorter"] >= answer["minutes"]:
        return [said], _("nothing about the journey alone")
    return [said], _("a journey shorter by %(span)s") % {"span": duration_words(answer["shorter"])}
