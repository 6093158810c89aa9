"""What staffing asks of a person: answer proposals, look at a finished run, fill what is vacant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, Min, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role
from marketplace.accounts.rules import memberships_of
from marketplace.contracts.kinds import by_village, of_team
from marketplace.contracts.models import Contract
from marketplace.contracts.rules import SIGNING_ROLES
from marketplace.contracts.states import ContractState, PostState
from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

from .freezing import LIVE
from .models import Assignment, AssignmentRun
from .rosters.people import WITH_DUTY
from .selectors import by_roster
from .states import AssignmentState, RunState

#: More than this is read on the page of staffing.
MOST = 10


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    yield from _to_answer(user)
    memberships = memberships_of(user)
    buyers = {m.organisation_id for m in memberships if m.role == Role.OFFICER}
    suppliers = {m.organisation_id for m in memberships if m.role in SIGNING_ROLES}
    if buyers or suppliers:
        yield from _to_decide(Q(buyer__in=buyers) | Q(supplier__in=suppliers))


def _to_answer(user: Any) -> Iterator[WorkItem]:
    village, seat = by_village("run__contract__"), Q(team__isnull=False)
    place = ~village & ~seat
    waiting = Assignment.objects.filter(person=user.pk, state=AssignmentState.PROPOSED).aggregate(
        count=Count("pk", filter=village),
        due=Min("respond_by", filter=village),
        seats=Count("pk", filter=seat),
        seats_due=Min("respond_by", filter=seat),
        places=Count("pk", filter=place),
        places_due=Min("respond_by", filter=place),
    )
    if waiting["seats"]:
        yield WorkItem(
            title=ngettext(
                "You are asked for a seat in a counsel team",
                "You are asked for seats in %(n)s counsel teams",
                waiting["seats"],
            )
            % {"n": waiting["seats"]},
            detail=_("See what you are needed for, then accept or decline"),
            url=reverse("staffing:proposals"),
            due_at=waiting["seats_due"],
            weight=10,
        )
    if waiting["places"]:
        yield WorkItem(
            title=ngettext("You are asked to take a post", "You are asked to take %(n)s posts", waiting["places"])
            % {"n": waiting["places"]},
            detail=_("See what is expected and how far it is, then accept or decline"),
            url=reverse("staffing:proposals"),
            due_at=waiting["places_due"],
            weight=10,
        )
    if waiting["count"]:
        yield WorkItem(
            title=ngettext(
                "A village would like you as its adviser",
                "%(n)s villages would like you as their adviser",
                waiting["count"],
            )
            % {"n": waiting["count"]},
            detail=_("Accept or decline: the villages are waiting for your answer"),
            url=reverse("staffing:proposals"),
            due_at=waiting["due"],
            weight=10,
        )


def _to_decide(whose: Q) -> Iterator[WorkItem]:
    runs = AssignmentRun.objects.filter(contract=OuterRef("pk"))
    live = Assignment.objects.filter(post=OuterRef("posts"), state__in=LIVE)
    # For whom volunteers are called nothing is left to do but wait.
    call = Opportunity.objects.filter(seeks_adviser_for_post=OuterRef("posts"), state=OpportunityState.OPEN)
    contracts = (
        Contract.objects.filter(whose, state=ContractState.ACTIVE)
        .annotate(
            computed=Exists(runs.filter(state=RunState.DONE)),
            computing=Exists(runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING])),
            of_duty=ExpressionWrapper(WITH_DUTY, BooleanField()),
            of_team=ExpressionWrapper(of_team(), BooleanField()),
            in_villages=ExpressionWrapper(by_village(), BooleanField()),
            vacant=Count("posts", filter=Q(posts__state=PostState.VACANT) & ~Exists(live) & ~Exists(call)),
        )
        .filter(Q(computed=True) | (Q(vacant__gt=0) & ~by_roster()), computing=False)
        .order_by("created_at", "pk")
    )
    for contract in contracts[:MOST]:
        if contract.computed:
            title = _("Look at the computed plan and send the proposals")
            weight = 30
        else:
            title, weight = _open_words(contract) % {"n": contract.vacant}, 60
        yield WorkItem(
            title=title,
            detail=localized(contract, "title"),
            url=reverse("staffing:contract", args=[contract.pk]),
            weight=weight,
        )


def _open_words(contract: Any) -> str:
    if contract.of_team:
        return ngettext(
            "%(n)s seat of a counsel team is empty", "%(n)s seats of a counsel team are empty", contract.vacant
        )
    if contract.of_duty:
        return _("Nobody is on duty yet")
    if not contract.in_villages:
        return ngettext("%(n)s post is vacant", "%(n)s posts are vacant", contract.vacant)
    return ngettext("%(n)s village has no adviser", "%(n)s villages have no adviser", contract.vacant)
