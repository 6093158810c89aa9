"""The pages of a contract, a run and a seat where these are a team's. The addresses are those of villages; who may look was asked
before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.regions.selectors import path
from marketplace.staffing import rules, selectors, selectors_runs, services
from marketplace.staffing.forms import WhyNotForm
from marketplace.staffing.leaving import Left, before, ending, left_of, why_left
from marketplace.staffing.models import Assignment, AssignmentRun, EmptyPost
from marketplace.staffing.reasons_in_words import as_minutes
from marketplace.staffing.selectors_map import ASKED, LOST, SERVED, outcome
from marketplace.staffing.states import LEFT_FREE, AssignmentState, RunState

from . import selectors as teams
from . import words
from .forms import TeamForm
from .frozen import from_document
from .services import siblings, waiting_teams

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


def contract_page(request: HttpRequest, contract: Contract) -> HttpResponse:
    """One contract's team: who sits where, what it covers, what is empty, and what to do next."""
    view = teams.team_view(contract, clock.today())
    may_staff = rules.can_staff(request.user, contract) and contract.state == ContractState.ACTIVE
    sent = services.last_published(contract)
    last = view.last
    vacant = view.counts[teams.VACANT]
    others = waiting_teams(request.user).exclude(pk=contract.pk).count() if may_staff and vacant else 0
    context = {
        "contract": contract,
        "view": view,
        "run": last,
        "sent": sent,
        "running": last is not None and last.state in UNDER_WAY,
        "computed": last is not None and last.state == RunState.DONE,
        "repairable": selectors.repairable(sent) if sent is not None and may_staff else None,
        "may_staff": may_staff,
        "vacant": vacant,
        "befores": before(seat.post for seat in view.seats if seat.status == teams.VACANT),
        "others": others,
        "form": TeamForm.like(last, view.total),
        "steps": _steps(view),
    }
    return render(request, "staffing/teams/contract.html", context)


def _steps(view: teams.TeamView) -> list[tuple[str, str, str]]:
    """The life line: (class, title, detail) of computing, asking, answers and the whole team."""
    last, asked, vacant = view.last, view.counts[teams.PROPOSED], view.counts[teams.VACANT]
    computed = last is not None and last.state in (RunState.DONE, RunState.PUBLISHED)
    done = view.counts[teams.SERVED] == view.total
    # A computation that found no team leaves nothing to send.
    ready = last is not None and last.state == RunState.DONE and last.summary["objective"]["filled"] > 0
    now = "done" if done else "send" if ready else "answer" if asked else "compute"
    order = ["compute", "send", "answer", "done"]
    marks = {key: "did" if order.index(key) < order.index(now) else "now" if key == now else "" for key in order}
    if done:
        marks["done"] = "did"
    waiting = ngettext("%(n)s answer awaited", "%(n)s answers awaited", asked) % {"n": asked}
    # Only what the check proved is claimed.
    exact = last is not None and not last.summary.get("team", {}).get("gap")
    found = _("the best team") if exact else _("with its proof")
    open_seats = ngettext("%(n)s seat empty", "%(n)s seats empty", vacant) % {"n": vacant}
    return [
        (marks["compute"], _("Compute"), open_seats if vacant else found if computed else ""),
        (marks["send"], _("Ask the lawyers"), _("each lawyer is offered a seat")),
        (marks["answer"], _("Answers"), waiting if asked else _("within three working days")),
        (
            marks["done"],
            _("Team complete"),
            _("%(served)s of %(total)s seats") % {"served": view.counts[teams.SERVED], "total": view.total},
        ),
    ]


def run_page(request: HttpRequest, run: AssignmentRun) -> HttpResponse:
    """What was computed, how far it is proved, every seat with its member and reason, or what is lacking."""
    context: dict[str, Any] = {
        "run": run,
        "contract": run.contract,
        "report": selectors_runs.run_report(run),
        "may_staff": rules.can_staff(request.user, run.contract),
        "running": run.state in UNDER_WAY,
    }
    if run.summary:
        rows = list(teams.member_rows(run))
        empty = list(teams.empty_seats(run))
        for row in rows:
            row.run = run
        names = teams.names_in([each.reason for each in empty[:1]])
        team = run.summary["team"]
        kept = teams.kept_members(run)
        context |= {
            "rows": [(row, words.brought(row)) for row in rows],
            "changed": _changed(rows, empty, left_of(run.contract) if run.follows_id else {}),
            "empty": empty,
            "missing": words.missing_words(run, empty[0], names.people, names.contracts) if empty else None,
            "kept": kept,
            "outcome": _outcome(run, kept) if run.state == RunState.PUBLISHED else None,
            "team": team,
            "members": team["kept"] + len(rows),
            "covers": words.field_names(run, team["required"]),
            "gap": as_minutes(run, team["gap"]),
            "siblings": _visible_siblings(request, run),
            "fallen": selectors.fallen_since(run),
            "may_automate": rules.can_automate(request.user, run.contract),
            "quarrels": team["quarrels"],
        }
    return render(request, "staffing/teams/run.html", context)


def _outcome(run: AssignmentRun, kept: list[teams.Kept]) -> Counter[str]:
    """How many seats of the whole team stand how today, as ``selectors_map.outcome`` says of the seats of the run."""
    found = outcome(run)
    words = {teams.SERVED: SERVED, teams.PROPOSED: ASKED, teams.VACANT: LOST}
    found.update(words[each.status] for each in kept)
    return found


def _changed(rows: list[Assignment], empty: list[EmptyPost], left: Left) -> list[tuple[Assignment | EmptyPost, str]]:
    """The seats that somebody had left free, and why."""
    dealt: list[Assignment | EmptyPost] = [*rows, *empty]
    return [(row, why_left(row.replaces, left)) for row in dealt if row.replaces is not None]


def _visible_siblings(request: HttpRequest, run: AssignmentRun) -> list[AssignmentRun]:
    if run.summary["team"]["contracts"] == 1:
        return []
    return list(siblings(run).filter(contract__in=rules.visible_contracts(request.user)))


def assignment_page(request: HttpRequest, found: Assignment, *, sees_all: bool) -> HttpResponse:
    """Why this lawyer for this seat. Colleagues are named to those who see the whole run, not to the lawyer."""
    names = teams.names_in([found.reason])
    context = {
        "assignment": found,
        "run": found.run,
        "sees_all": sees_all,
        "brought": words.brought(found),
        "parts": words.part_lines(found),
        "lines": words.next_lines(found, names.people if sees_all else None, names.contracts),
        "path": path(found.post.region),
        "ending": ending(found),
        "free_again": LEFT_FREE,
        "may_withdraw": found.state == AssignmentState.PROPOSED and rules.can_staff(request.user, found.run.contract),
        "may_answer": found.state == AssignmentState.PROPOSED and rules.can_answer(request.user, found),
    }
    return render(request, "staffing/teams/assignment.html", context)


def why_not_page(request: HttpRequest, run: AssignmentRun) -> HttpResponse:
    """Ask for one lawyer: what kept him out of the team, and the one fact that would change it."""
    form = WhyNotForm(request.GET if "person" in request.GET else None, run=run)
    answer = None
    if form.is_valid():
        person = form.cleaned_data["person"]
        # The solver is heavy: it is loaded by who asks.
        from .computing import ask_why_not

        found = ask_why_not(from_document(run.problem), run.contract_id, person.pk, run.result["teams"])
        bars, fact = ([], "") if found["member"] else words.why_not_words(run, found)
        answer = {
            "person": localized(person, "display_name"),
            "is_chosen": found["member"],
            "minutes": found["minutes"],
            "bars": bars,
            "one_fact": fact,
        }
    return render(request, "staffing/teams/why_not.html", {"run": run, "form": form, "answer": answer})


STATUS = {
    teams.SERVED: lambda: pgettext("of a team", "member"),
    teams.PROPOSED: lambda: _("asked, waiting for the answer"),
    teams.VACANT: lambda: _("vacant"),
}


def contract_csv(contract: Contract) -> StreamingHttpResponse:
    """Every seat with its status and person."""
    header = [_("seat"), _("status"), _("lawyer"), _("years of practice"), _("fields of law"), _("since")]

    def rows() -> Iterator[Any]:
        for seat in teams.team_view(contract, clock.today()).seats:
            yield (
                seat.post.seat,
                STATUS[seat.status](),
                localized(seat.person, "display_name") if seat.person else "",
                seat.years if seat.person else "",
                words.listed(seat.fields),
                seat.post.adviser_since.isoformat() if seat.post.adviser_since else "",
            )

    return csv_response(f"team-{contract.pk}.csv", header, rows())


def plan_csv(run: AssignmentRun) -> StreamingHttpResponse:
    """The seats that the run dealt, with reasons; the empty ones after them."""
    header = [_("seat"), _("lawyer"), _("travel (minutes, one way)"), _("cost"), _("state"), _("why")]

    def rows() -> Iterator[Any]:
        for row in teams.member_rows(run).iterator():
            row.run = run
            person = localized(row.person, "display_name")
            yield (
                row.post.seat, person, row.travel_minutes, row.cost, row.get_state_display(), words.short_reason(row),
            )  # fmt: skip
        for each in teams.empty_seats(run).iterator():
            yield (each.post.seat, "", "", "", _("vacant"), words.short_emptiness(each))

    return csv_response(f"run-{run.pk}.csv", header, rows())


def changes_csv(run: AssignmentRun) -> StreamingHttpResponse:
    """What a repair changed, seat by seat, and why."""
    header = [_("seat"), _("before"), _("why it became vacant"), _("now")]
    left = left_of(run.contract)

    def rows() -> Iterator[Any]:
        for row in teams.member_rows(run).iterator():
            yield (row.post.seat, *_before(row.replaces, left), localized(row.person, "display_name"))
        for each in teams.empty_seats(run).iterator():
            yield (each.post.seat, *_before(each.replaces, left), words.short_emptiness(each))

    return csv_response(f"changes-{run.pk}.csv", header, rows())


def _before(earlier: Assignment | None, left: Left) -> tuple[str, str]:
    return (localized(earlier.person, "display_name"), why_left(earlier, left)) if earlier is not None else ("", "")
