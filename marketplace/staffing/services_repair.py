"""Repairs: fill what fell free and move nobody else, when somebody asks for it or by themselves.

A repair begins by itself when the officer allowed it at publication: once nobody may still answer the run, the sweep freezes the
vacant posts under the contract's lock, and when the plan is computed its proposals are sent. One run is followed by one such
repair (``one_repair_by_itself_a_run``), each has a round less to give, so it ends.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.contracts.kinds import PostKind, kind_of
from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core.errors import DomainError
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require

from . import errors, rules, services, services_proposals
from .freezing import Wishes, open_posts
from .models import Assignment, AssignmentRun
from .states import AssignmentState, RunShape, RunState
from .teams.wishes import TeamWishes

logger = logging.getLogger(__name__)

#: what a person chose for a run, as ``Wishes`` and ``TeamWishes`` take it
_WISHES = ("radius_minutes", "required", "wanted", "languages")
_TEAM_WISHES = ("radius_minutes", "covers", "seniors", "senior_years")


def wishes_of(run: AssignmentRun) -> dict[str, Any]:
    names = _TEAM_WISHES if run.shape == RunShape.TEAM else _WISHES
    return {name: run.parameters[name] for name in names}


def wishes_again(contract: Contract, run: AssignmentRun) -> Wishes | TeamWishes:
    """What ``run`` was asked; the usual where it was dealt post by post and is a team, or the other way round."""
    values = wishes_of(run)
    return services.wishes_for(
        contract, values if (kind_of(contract) == PostKind.TEAM) == (run.shape == RunShape.TEAM) else {}
    )


@transaction.atomic
def request_repair(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """Compute anew who serves what fell free since ``run``, with its wishes; everybody else stays.

    Raises:
        PermissionRefused, NothingToRepair (also when a later run was published), and what ``services.request_run`` refuses
    """
    contract = lock_row(Contract, run.contract_id)
    require(rules.can_staff, actor, contract)
    last = services.last_published(contract)
    if last is None or last.pk != run.pk or not open_posts(contract).exists():
        raise errors.NoSeatFellFree if run.shape == RunShape.TEAM else errors.NothingToRepair
    return services.open_run(contract, wishes_again(contract, last), actor=actor, asked_by=actor, now=now)


@transaction.atomic
def stop_repairs(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """No repair follows by itself any more."""
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_automate, actor, run.contract)
    if run.rounds_left:
        _end(run, actor=actor, now=now, reason="")
    return run


def _end(run: AssignmentRun, *, actor: User | None, now: datetime, reason: str) -> None:
    AssignmentRun.objects.filter(pk=run.pk).update(rounds_left=0, automated_by=None)
    run.rounds_left, run.automated_by = 0, None
    record(actor=actor, action="run.stop_repairs", subject=run, now=now, reason=reason)


def repair_by_themselves(*, now: datetime) -> int:
    """Begin the repairs whose answers are in, send those that are computed; gives how many steps were taken.

    Any number of sweeps may do this at once, and a dead one leaves no half step: each step is one transaction.
    """
    steps = 0
    for run_id in _answered().values_list("pk", flat=True):
        steps += _begin(run_id, now)
    computed = AssignmentRun.objects.filter(automatic=True, state=RunState.DONE).order_by("pk")
    for run_id in computed.values_list("pk", flat=True):
        steps += send_repair(run_id=run_id, now=now)
    return steps


def _answered() -> QuerySet[AssignmentRun]:
    """Published runs that may be followed by a repair and to which nobody may still answer."""
    waiting = Assignment.objects.filter(run=OuterRef("pk"), state=AssignmentState.PROPOSED)
    return AssignmentRun.objects.filter(
        ~Exists(waiting),
        state=RunState.PUBLISHED,
        rounds_left__gt=0,
        contract__state=ContractState.ACTIVE,
    ).order_by("pk")


def end_with_contracts(*, now: datetime, contract_ids: Sequence[int] | None = None) -> int:
    """With a contract that ended, what is being computed or was not sent is given up, and no repair follows; gives how many runs
    changed."""
    alive = Q(rounds_left__gt=0) | Q(state__in=[RunState.QUEUED, RunState.RUNNING, RunState.DONE])
    runs = AssignmentRun.objects.filter(alive, contract__state__in=[ContractState.TERMINATED, ContractState.COMPLETED])
    if contract_ids is not None:
        runs = runs.filter(contract__in=contract_ids)
    done = 0
    for run_id in runs.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            run = lock_row(AssignmentRun, run_id)
            if run.state == RunState.PUBLISHED and run.rounds_left:
                _end(run, actor=None, now=now, reason="contract_ended")
            elif run.state in (RunState.QUEUED, RunState.RUNNING, RunState.DONE):
                services.give_up(run, actor=None, now=now, reason="contract_ended")
            else:
                continue
            done += 1
    return done


@transaction.atomic
def _begin(run_id: int, now: datetime) -> int:
    contract = lock_row(Contract, AssignmentRun.objects.values_list("contract_id", flat=True).get(pk=run_id))
    run = _answered().filter(pk=run_id).select_related("automated_by").first()
    if run is None:
        return 0  # another sweep was faster
    last = services.last_published(contract)
    later = contract.runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING, RunState.DONE])
    if later.exists():
        return 0  # somebody computes: what he sends will be the last published run
    decided_by = run.automated_by
    if last is None or last.pk != run.pk or run.repairs.filter(automatic=True).exists():
        _end(run, actor=None, now=now, reason="followed")
        return 1
    if decided_by is None or not rules.can_automate(decided_by, contract):
        _end(run, actor=None, now=now, reason="officer_left")
        return 1
    try:
        # A refusal must not undo the end of the repairs.
        with transaction.atomic():
            services.open_run(
                contract,
                wishes_again(contract, run),
                actor=None,
                asked_by=decided_by,
                now=now,
                rounds_left=run.rounds_left - 1,
            )
    except DomainError as refusal:
        _end(run, actor=None, now=now, reason=refusal.code)
    return 1


@transaction.atomic
def send_repair(*, run_id: int, now: datetime) -> int:
    """Send the proposals of a repair that began by itself, once it is computed; 1 if this call did it."""
    contract = lock_row(Contract, AssignmentRun.objects.values_list("contract_id", flat=True).get(pk=run_id))
    run = lock_row(AssignmentRun, run_id)
    if not run.automatic or run.state != RunState.DONE or contract.state != ContractState.ACTIVE:
        return 0
    if not rules.can_automate(run.requested_by, contract):
        # It waits for somebody who may decide.
        return 0
    services_proposals.send_proposals(run, actor=None, now=now, rounds=run.rounds_left, decided_by=run.requested_by)
    if run.follows is not None and run.follows.rounds_left:
        _end(run.follows, actor=None, now=now, reason="followed")
    return 1
