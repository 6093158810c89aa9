"""Pages of the lawyer who was asked, of a reason, and of a village for everybody."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import roles_of
from marketplace.accounts.selectors import public_cards
from marketplace.contracts.kinds import PostKind, kinds_of
from marketplace.contracts.states import PostState
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.i18n import localized
from marketplace.matching.problem import Problem, from_document
from marketplace.regions.models import Region
from marketplace.regions.selectors import path

from . import picking, rules, selectors, selectors_runs, services_proposals
from .computing import WhyNotAnswer, ask_why_not
from .forms import ReasonForm, WhyNotForm, WhyNotHereForm, WithdrawForm
from .kinds import alone, kind_of_assignment, kind_of_run, kinds_of_assignments
from .leaving import ending
from .models import Assignment, AssignmentRun, without_documents
from .reasons_in_words import (
    BARS,
    LIMITS,
    alternative_lines,
    as_minutes,
    barred_lines,
    part_lines,
    short_emptiness,
)
from .states import AssignmentState, RunShape, RunState
from .teams import pages as team_pages
from .teams import selectors as team_selectors
from .teams import words as team_words
from .views import me


@require_safe
def proposals(request: HttpRequest) -> HttpResponse:
    """What waits for my answer, by contract, with what the standard expects."""
    waiting = selectors.proposals(me(request))
    groups = [(contract, list(group)) for contract, group in groupby(waiting, lambda a: a.run.contract)]
    page = Paginator(selectors.answered(me(request)), 10).get_page(request.GET.get("page"))
    towns = selectors.region_names([a.post.region for a in waiting] + [a.post.region for a in page])
    times = [a.travel_minutes for a in waiting]
    kinds = kinds_of_assignments([*waiting, *page])
    context = {
        "groups": groups,
        "count": len(waiting),
        "first": min(waiting, key=lambda a: a.respond_by or clock.now(), default=None),
        "nearest": min(times, default=0),
        "farthest": max(times, default=0),
        "page": page,
        "towns": towns,
        "kinds": kinds,
        "villages": all(kinds[a.pk] == PostKind.VILLAGE for a in waiting),
        "becauses": {a.pk: team_words.short_reason(a) for a in team_selectors.with_reasons(waiting)},
        "practises": Role.LAWYER in roles_of(me(request)),
    }
    return render(request, "staffing/proposals.html", context)


def _mine(request: HttpRequest, pk: int) -> Assignment:
    rows = Assignment.objects.select_related(
        "post__region", "run__contract__buyer", "run__contract__supplier", "person"
    ).defer(*without_documents("run"))
    return get_object_or_404(rows, pk=pk, person=request.user.pk)


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _mine(request, pk)
    services_proposals.accept_assignment(actor=me(request), assignment=assignment, now=clock.now())
    title = localized(assignment.run.contract, "title")
    done = {
        PostKind.VILLAGE: _("You are now the legal adviser of %(village)s.")
        % {"village": localized(assignment.post.region, "name")},
        PostKind.TEAM: _("You are now on the team: %(team)s.") % {"team": title},
        PostKind.PLACE: _("You have taken the post: %(post)s.") % {"post": title},
    }
    messages.success(request, done[kind_of_assignment(assignment)])
    return redirect("staffing:proposals")


@require_POST
def accept_all(request: HttpRequest) -> HttpResponse:
    """Accept every proposal that waits, one by one: a refusal of one leaves those before it accepted."""
    done = 0
    waiting = selectors.proposals(me(request))
    villages = set(kinds_of_assignments(waiting).values()) <= {PostKind.VILLAGE}
    for assignment in waiting:
        services_proposals.accept_assignment(actor=me(request), assignment=assignment, now=clock.now())
        done += 1
    if done and not villages:
        accepted = ngettext("You accepted %(n)s proposal.", "You accepted %(n)s proposals.", done) % {"n": done}
        messages.success(request, accepted)
    elif done:
        messages.success(
            request,
            ngettext(
                "You are now the legal adviser of %(n)s more village.",
                "You are now the legal adviser of %(n)s more villages.",
                done,
            )
            % {"n": done},
        )
    return redirect("staffing:proposals")


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _mine(request, pk)
    if request.method != "POST" and assignment.state != AssignmentState.PROPOSED:
        return redirect("staffing:assignment", pk)
    form, kind = ReasonForm(request.POST or None), kind_of_assignment(assignment)
    if request.method == "POST" and form.is_valid():
        services_proposals.decline_assignment(
            actor=me(request),
            assignment=assignment,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        declined = {
            PostKind.VILLAGE: _("You declined. You will not be asked for this village again."),
            PostKind.TEAM: _("You declined. You will not be asked for this team again."),
            PostKind.PLACE: _("You declined. You will not be asked for this post again."),
        }
        messages.info(request, declined[kind])
        return redirect("staffing:proposals")
    status = 422 if request.method == "POST" else 200
    context = {"assignment": assignment, "kind": kind, "form": form}
    return render(request, "staffing/decline.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back (bureau or firm)."""
    rows = Assignment.objects.select_related("post__region", "run__contract", "person").defer(*without_documents("run"))
    assignment = get_object_or_404(rows, pk=pk, run__contract__in=rules.visible_contracts(request.user))
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services_proposals.withdraw_assignment(
            actor=me(request),
            assignment=assignment,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
        messages.info(request, _("The proposal was withdrawn."))
        return redirect("staffing:contract", assignment.run.contract_id)
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/withdraw.html", {"assignment": assignment, "form": form}, status=status)


@require_safe
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    """Why this lawyer for this village. Colleagues are named to those who see the whole run, not to the lawyer."""
    rows = Assignment.objects.select_related(
        "post__region", "run__contract__buyer", "run__contract__supplier", "person"
    ).defer(*without_documents("run"))
    found = get_object_or_404(rows, pk=pk)
    sees_all = rules.can_see(request.user, found.run.contract)
    # What was left out when the rest was sent was never proposed; what was taken back afterwards was.
    sent = found.respond_by is not None
    if not sees_all and not (sent and rules.can_answer(request.user, found)):
        raise Http404
    if found.team_id is not None:
        return team_pages.assignment_page(request, found, sees_all=sees_all)
    names, kind = selectors_runs.names_in([found.reason]) if sees_all else None, kind_of_assignment(found)
    context = {
        "assignment": found,
        "by_village": kind == PostKind.VILLAGE,
        "run": found.run,
        "sees_all": sees_all,
        "parts": part_lines(found, kind),
        "alternatives": alternative_lines(found.run, found.reason, names, kind),
        "barred": barred_lines(found.reason, names, kind) if sees_all else [],
        "path": path(found.post.region),
        "ending": ending(found),
        "may_withdraw": found.state == AssignmentState.PROPOSED and rules.can_staff(request.user, found.run.contract),
        "may_answer": found.state == AssignmentState.PROPOSED and rules.can_answer(request.user, found),
    }
    return render(request, "staffing/assignment.html", context)


@public_page
@require_safe
def village(request: HttpRequest, code: int) -> HttpResponse:
    """Who advises a village and why, for everybody: nobody is named but the adviser."""
    region = get_object_or_404(Region, code=code, level=5)
    posts, found = [], selectors.public_posts(code)
    kinds = kinds_of({each.post.contract_id for each in found})
    for each in found:
        lines: list[Any] = []
        kind, because = alone(kinds[each.post.contract_id]), ""
        if each.assignment is not None and each.assignment.person_id == each.post.adviser_id:
            lines = alternative_lines(each.assignment.run, each.assignment.reason, None, kind)
        if each.unfilled is not None and each.post.state == PostState.VACANT:
            because = short_emptiness(each.unfilled, kind)
        posts.append((each, lines, because))
    advisers = [each.post.adviser_id for each in found]
    cards = set(public_cards(clock.today()).filter(pk__in=advisers).order_by().values_list("pk", flat=True))
    context = {"region": region, "path": path(region), "posts": posts, "cards": cards}
    return render(request, "staffing/village.html", context)


@require_safe
def why_not(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for one lawyer and one village: what stood in the way, and the one fact that would change it."""
    runs = AssignmentRun.objects.select_related("contract")
    run = get_object_or_404(
        runs,
        pk=pk,
        contract__in=rules.visible_contracts(request.user),
        state__in=[RunState.DONE, RunState.PUBLISHED],
    )
    if run.shape == RunShape.TEAM:
        return team_pages.why_not_page(request, run)
    kind = kind_of_run(run)
    asked, make = (
        request.GET if "person" in request.GET else None,
        WhyNotHereForm if kind == PostKind.VILLAGE else WhyNotForm,
    )
    village = request.GET.get("village", "")
    begun = {"village": int(village) if village.isdecimal() else village}
    form, answer = make(asked, run=run, initial=begun), None
    if form.is_valid():
        # Posts that are not villages are all at one place: what keeps somebody from one keeps him from all.
        place, person = form.cleaned_data.get("village"), form.cleaned_data["person"]
        problem = from_document(run.problem)
        post = selectors_runs.post_in(run, place.code if place is not None else None, person.pk)
        found = ask_why_not(problem, post, person.pk)
        chosen = User.objects.filter(pk=found.chosen).first() if found.chosen is not None else None
        answer = {
            "village": localized(place, "name") if place is not None else "",
            "person": localized(person, "display_name"),
            "chosen": localized(chosen, "display_name") if chosen is not None else "",
            "is_chosen": found.chosen == person.pk,
        }
        if found.chosen != person.pk:
            answer |= {
                "minutes": found.minutes,
                "bars": [BARS[kind][bar] for bar in found.bars],
                "then_chosen": found.then_chosen,
                "one_fact": _one_fact(found, problem, kind) if len(found.bars) == 1 else "",
                "limit": LIMITS[kind][found.limit] if found.limit else "",
                "added": as_minutes(run, found.added) if found.limit and found.limit != "scarce" else None,
                "shorter": found.added // problem.parameters.cost_per_minute + 1,
                "scarce": found.limit == "scarce",
            }
    return render(request, "staffing/why_not.html", {"run": run, "kind": kind, "form": form, "answer": answer})


@require_safe
def suggest(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Proposals for the inputs of a run's forms: its lawyers, villages or areas."""
    run = get_object_or_404(AssignmentRun, pk=pk, contract__in=rules.visible_contracts(request.user))
    return picking.propose(request, run, what)


def _one_fact(found: WhyNotAnswer, problem: Problem, kind: PostKind) -> str:
    """The fact that, changed alone, lifts the only bar."""
    need = -(-found.hundredths // 100)
    bar = found.bars[0]
    if bar == "beyond_radius":
        return _("if the limit of the computation were %(need)s minutes instead of %(now)s") % {
            "need": need,
            "now": problem.parameters.radius_minutes,
        }
    if bar == "beyond_person":
        return _("if this lawyer were ready to travel %(need)s minutes instead of %(now)s") % {
            "need": need,
            "now": found.own_limit,
        }
    if bar == "no_capacity":
        village = _("if this lawyer could take one more village")
        return village if kind == PostKind.VILLAGE else _("if this lawyer had one more place free")
    if bar == "unqualified":
        return _("if this lawyer covered the required fields of law")
    village = _("if this lawyer were asked for the village again")
    return village if kind == PostKind.VILLAGE else _("if this lawyer were asked again")
