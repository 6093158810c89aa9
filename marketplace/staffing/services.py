"""Runs: asked for, computed by workers, stored, given up. Their proposals: ``services_proposals``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from django.db import DatabaseError, transaction

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.contracts.kinds import PostKind, kind_of
from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core.bulk import among, copy_rows
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition, apply_transitions
from marketplace.matching.problem import from_document

from . import errors, rules, services_proposals
from .computing import Computed, compute, measure_stored
from .computing_parts import Part, join, parts_of
from .freezing import Frozen, Wishes, freeze
from .models import Assignment, AssignmentRun, EmptyPost, RunPart
from .states import RUN, RUN_PART, PartState, RunKind, RunShape, RunState
from .teams.freezing import FrozenTeams, freeze_teams
from .teams.frozen import from_document as teams_from_document
from .teams.wishes import TeamWishes

logger = logging.getLogger(__name__)

#: starts after which a run that never ends is given up
MOST_ATTEMPTS = 4
#: percent that show when all parts of a run are computed
PARTS_PROGRESS = 90


# Runs


@transaction.atomic
def request_run(
    *, actor: User, contract: Contract, now: datetime, parameters: Mapping[str, Any] | None = None
) -> AssignmentRun:
    """Freeze the problem of a contract's vacant posts and queue its computation.

    ``parameters``: what ``freezing.Wishes`` knows, or ``teams.wishes.TeamWishes`` for the seats of a counsel team
    (``contracts.kinds``): these are dealt as one. After the first published run every further one is a repair: who accepted or
    may still answer keeps the post, who declined one is not asked for it again. A computed run that was not published is
    superseded.

    Raises:
        PermissionRefused, NotActive, RunUnderWay, NothingVacant, PlaceUnknown, BadWish
    """
    wishes = wishes_for(contract, parameters or {})
    contract = lock_row(Contract, contract.pk)
    require(rules.can_staff, actor, contract)
    return open_run(contract, wishes, actor=actor, asked_by=actor, now=now)


def wishes_for(contract: Contract, values: Mapping[str, Any]) -> Wishes | TeamWishes:
    """What is asked of the contract's computation. Raises ``BadWish``."""
    return TeamWishes.from_mapping(values) if kind_of(contract) == PostKind.TEAM else Wishes.from_mapping(values)


def open_run(
    contract: Contract,
    wishes: Wishes | TeamWishes,
    *,
    actor: User | None,
    asked_by: User,
    now: datetime,
    rounds_left: int = 0,
    teams: FrozenTeams | None = None,
) -> AssignmentRun:
    """Make the run, in the caller's transaction that holds the contract's lock. ``actor`` is None when it begins by itself.

    ``teams``: the problem that this contract shares with others, where several are computed together.
    """
    if contract.state != ContractState.ACTIVE:
        raise errors.NotActive
    if contract.runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING]).exists():
        raise errors.RunUnderWay
    services_proposals.settle_contract(contract, actor=actor, now=now)
    frozen = (
        _freeze_team(contract, wishes, teams, now)
        if isinstance(wishes, TeamWishes)
        else freeze(contract, wishes, now=now)
    )
    if not len(frozen.problem.posts):
        raise errors.NothingVacant
    for stale in contract.runs.filter(state=RunState.DONE).order_by("pk"):
        apply_transition(RUN, stale, "cancel", actor=actor, now=now, data={"superseded": True})
    follows = last_published(contract)
    run = AssignmentRun.objects.create(
        contract=contract,
        kind=RunKind.FULL if follows is None else RunKind.REPAIR,
        shape=RunShape.TEAM if isinstance(wishes, TeamWishes) else RunShape.POSTS,
        follows=follows,
        automatic=actor is None,
        rounds_left=rounds_left,
        automated_by=asked_by if rounds_left else None,
        parameters=frozen.parameters,
        problem=frozen.problem.document(),
        digest=frozen.problem.digest(),
        before=frozen.before,
        requested_by=asked_by,
        requested_at=now,
    )
    record(
        actor=actor,
        action="run.request",
        subject=run,
        now=now,
        data={
            "digest": run.digest,
            "posts": len(frozen.problem.posts),
            "people": len(frozen.problem.people),
            "kept": len(frozen.before["kept"]),
            **({"repairs": follows.pk} if follows is not None else {}),
        },
    )
    transaction.on_commit(partial(ask_for_run, run.pk))
    return run


def _freeze_team(contract: Contract, wishes: TeamWishes, teams: FrozenTeams | None, now: datetime) -> Frozen:
    found = teams or freeze_teams({contract.pk: wishes}, [contract], now=now)
    if contract.pk not in found.before:
        raise errors.NoSeatEmpty
    return Frozen(found.deal, found.parameters[contract.pk], found.before[contract.pk])


def last_published(contract: Contract) -> AssignmentRun | None:
    """The run whose proposals were sent last."""
    return contract.runs.filter(state=RunState.PUBLISHED).order_by("-requested_at", "-pk").first()


def ask_for_run(run_id: int) -> None:
    """Hand the run to a worker. A queue that cannot be reached is no harm: the sweep asks again."""
    # The tasks import this module.
    from .tasks import execute

    try:
        execute.delay(run_id)
    except OSError:
        logger.warning("run %s could not be queued; the sweep will", run_id)


def execute_run(*, run_id: int, now: datetime) -> AssignmentRun:
    """Compute a run and store its answer. Repeating it, or running it twice at once, gives the same rows once.

    A run that is done, failed or cancelled is left as it is. A worker that dies leaves the run ``running``: the sweep starts it
    again, at most ``MOST_ATTEMPTS`` times. A large run falls into parts if it can (``services_parts``), each a task of its
    own; called again once they are done, this puts them together.
    """
    run, step = _start(run_id, now)
    if step == "leave":
        return run
    try:
        if run.shape == RunShape.TEAM:
            report = partial(_progress, run_id)
            # The solver is heavy: it is loaded by who computes.
            from .teams.computing import compute_teams

            return _store(run_id, compute_teams(teams_from_document(run.problem), run.contract_id, report=report), now)
        problem = from_document(run.problem)
        if step == "join":
            rows = run.parts.exclude(outcome=None).order_by("number")
            found = [(Part(part.posts, part.people), part.outcome) for part in rows if part.outcome is not None]
            # None is left where another worker has put them together meanwhile.
            return _store(run_id, join(problem, found), now) if found else AssignmentRun.objects.get(pk=run_id)
        parts = parts_of(problem)
        if parts:
            return _divide(run_id, parts, now)
        return _store(run_id, compute(problem, report=partial(_progress, run_id)), now)
    except DatabaseError:
        # Not the problem's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("run %s failed", run_id)
        return fail_run(run_id, f"{type(error).__name__}: {error}", now)


@transaction.atomic
def _start(run_id: int, now: datetime) -> tuple[AssignmentRun, Literal["compute", "join", "leave"]]:
    """The run, and what is to be done: compute it, put its parts together, or nothing. Decided under its lock."""
    run = lock_row(AssignmentRun, run_id)
    parts = set(run.parts.values_list("state", flat=True))
    if run.state not in (RunState.QUEUED, RunState.RUNNING) or parts - {PartState.DONE}:
        return run, "leave"
    if run.attempts >= MOST_ATTEMPTS:
        return fail_run(run_id, f"given up after {run.attempts} starts", now), "leave"
    apply_transition(
        RUN,
        run,
        "start",
        actor=None,
        now=now,
        changes={
            "attempts": run.attempts + 1,
            "started_at": now,
            "progress": PARTS_PROGRESS if parts else 0,
        },
        data={"attempt": run.attempts + 1},
    )
    return run, "join" if parts else "compute"


@transaction.atomic
def _divide(run_id: int, parts: Sequence[Part], now: datetime) -> AssignmentRun:
    """Make a task of each part, unless another worker did."""
    run = lock_row(AssignmentRun, run_id)
    if run.state != RunState.RUNNING or run.parts.exists():
        return run
    made = RunPart.objects.bulk_create(
        RunPart(run=run, number=at, posts=p.posts, people=p.people, post_count=len(p.posts), asked_at=now)
        for at, p in enumerate(parts, start=1)
    )
    record(actor=None, action="run.divide", subject=run, now=now, data={"parts": [len(p.posts) for p in parts]})
    for part in made:
        transaction.on_commit(partial(ask_for_part, part.pk))
    return run


def ask_for_part(part_id: int) -> None:
    """Hand a part to a worker; as with runs, the sweep asks again for what got lost."""
    # The tasks import this module.
    from .tasks import execute_part

    try:
        execute_part.delay(part_id)
    except OSError:
        logger.warning("part %s could not be queued; the sweep will", part_id)


def _progress(run_id: int, percent: int) -> None:
    """Never backward: two workers may be at it."""
    AssignmentRun.objects.filter(pk=run_id, state=RunState.RUNNING, progress__lt=percent).update(progress=percent)


@transaction.atomic
def _store(run_id: int, computed: Computed, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state != RunState.RUNNING:
        return run  # another worker was faster, or somebody cancelled
    left = {int(post): assignment for post, assignment in run.before["left"].items()}
    was = dict(Assignment.objects.filter(pk__in=among(left.values())).values_list("pk", "person_id"))
    team = run.contract_id if run.shape == RunShape.TEAM else None
    copy_rows(
        Assignment,
        (
            "run_id",
            "post_id",
            "person_id",
            "cost",
            "travel_minutes",
            "reason",
            "replaces_id",
            "team_id",
            "state",
            "answer_note",
        ),
        (
            (
                run_id,
                row.post,
                row.person,
                row.cost,
                row.travel_minutes,
                row.reason,
                left.get(row.post),
                team,
                "computed",
                "",
            )
            for row in computed.rows
        ),
    )
    copy_rows(
        EmptyPost,
        ("run_id", "post_id", "because", "reason", "replaces_id"),
        ((run_id, row.post, row.because, row.reason, left.get(row.post)) for row in computed.empty),
    )
    changes = {
        "unchanged": len(run.before["kept"]),
        "new": sum(row.post not in left for row in computed.rows),
        "moved": sum(row.post in left and was[left[row.post]] != row.person for row in computed.rows),
        "again": sum(row.post in left and was[left[row.post]] == row.person for row in computed.rows),
        "lost": sum(row.post in left for row in computed.empty),
        "still_empty": sum(row.post not in left for row in computed.empty),
    }
    run.parts.update(outcome=None)
    apply_transition(
        RUN,
        run,
        "finish",
        actor=None,
        now=now,
        changes={
            "result": computed.result,
            "summary": computed.summary | {"changes": changes},
            "fairness": computed.fairness,
            "progress": 100,
            "finished_at": now,
        },
        data={"digest": run.digest, "filled": len(computed.rows), "empty": computed.result["objective"]["empty"]},
    )
    return run


def measure_runs(*, most: int = 3) -> int:
    """Measure the fairness of finished runs that were stored without it; gives how many were done."""
    finished = AssignmentRun.objects.filter(
        state__in=[RunState.DONE, RunState.PUBLISHED], shape=RunShape.POSTS, fairness={}
    )
    done = 0
    for run in finished.order_by("pk")[:most]:
        rows = list(run.assignments.values_list("post_id", "person_id", "reason"))
        reasons = [*(row[2] for row in rows), *run.empty_posts.values_list("reason", flat=True)]
        fairness = measure_stored(from_document(run.problem), {row[0]: row[1] for row in rows}, reasons)
        done += AssignmentRun.objects.filter(pk=run.pk, fairness={}).update(fairness=fairness)
    return done


@transaction.atomic
def fail_run(run_id: int, reason: str, now: datetime) -> AssignmentRun:
    run = lock_row(AssignmentRun, run_id)
    if run.state in (RunState.QUEUED, RunState.RUNNING):
        apply_transition(
            RUN, run, "fail", actor=None, now=now, reason=reason, changes={"error": reason, "finished_at": now}
        )
        _drop_parts(run, actor=None, now=now)
    return run


def _drop_parts(run: AssignmentRun, *, actor: User | None, now: datetime) -> None:
    """Parts that have not begun do not; what runs finds nobody waiting for it."""
    under_way = run.parts.filter(state__in=[PartState.QUEUED, PartState.RUNNING])
    apply_transitions(RUN_PART, under_way, "cancel", actor=actor, now=now)
    run.parts.update(outcome=None)


@transaction.atomic
def cancel_run(*, actor: User, run: AssignmentRun, now: datetime) -> AssignmentRun:
    """Give up a run whose proposals were not sent."""
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_staff, actor, run.contract)
    give_up(run, actor=actor, now=now)
    return run


def give_up(run: AssignmentRun, *, actor: User | None, now: datetime, reason: str = "") -> None:
    """Cancel a run whose lock the caller's transaction holds, with its parts."""
    apply_transition(RUN, run, "cancel", actor=actor, now=now, reason=reason)
    _drop_parts(run, actor=actor, now=now)
