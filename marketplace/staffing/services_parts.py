"""One part of a large run: computed by a worker, stored, begun again if its worker died.

The run's row is locked before the part's. What the last part leaves behind is put together by ``services.execute_run``.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, Sum

from marketplace.core.locks import lock_row
from marketplace.core.states import apply_transition
from marketplace.matching.problem import from_document

from .computing_parts import Part, compute_part
from .models import AssignmentRun, RunPart
from .services import MOST_ATTEMPTS, PARTS_PROGRESS, ask_for_part, ask_for_run, fail_run
from .states import RUN_PART, PartState, RunState

logger = logging.getLogger(__name__)


class Unwanted(Exception):
    """The run was given up meanwhile."""


def execute_part(*, part_id: int, now: datetime) -> RunPart:
    """Compute a part and store its outcome. A part that is done or given up is left as it is; twice at once stores once."""
    part = _start(part_id, now)
    if part.state != PartState.RUNNING:
        return part
    try:
        problem = from_document(part.run.problem)
        outcome = compute_part(problem, Part(part.posts, part.people), go_on=partial(_go_on, part_id))
        return _finish(part_id, outcome, now)
    except Unwanted:
        return RunPart.objects.get(pk=part_id)
    except DatabaseError:
        # Not the problem's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("part %s failed", part_id)
        fail_run(part.run_id, f"{type(error).__name__}: {error}", now)
        return RunPart.objects.get(pk=part_id)


def _lock(part_id: int) -> RunPart:
    run = lock_row(AssignmentRun, RunPart.objects.values_list("run_id", flat=True).get(pk=part_id))
    part = lock_row(RunPart, part_id)
    part.run = run
    return part


@transaction.atomic
def _start(part_id: int, now: datetime) -> RunPart:
    part = _lock(part_id)
    if part.state not in (PartState.QUEUED, PartState.RUNNING):
        return part
    if part.attempts >= MOST_ATTEMPTS:
        fail_run(part.run_id, f"part {part.number} given up after {part.attempts} starts", now)
        part.refresh_from_db(fields=["state"])
        return part
    apply_transition(
        RUN_PART,
        part,
        "start",
        actor=None,
        now=now,
        changes={"attempts": part.attempts + 1, "started_at": now},
        data={"run": part.run_id, "attempt": part.attempts + 1},
    )
    return part


def _go_on(part_id: int) -> None:
    if not RunPart.objects.filter(pk=part_id, state=PartState.RUNNING).exists():
        raise Unwanted


@transaction.atomic
def _finish(part_id: int, outcome: dict[str, object], now: datetime) -> RunPart:
    part = _lock(part_id)
    if part.state != PartState.RUNNING:
        return part  # another worker was faster, or somebody gave the run up
    apply_transition(
        RUN_PART,
        part,
        "finish",
        actor=None,
        now=now,
        changes={"outcome": outcome, "finished_at": now},
        data={"run": part.run_id, "posts": part.post_count},
    )
    parts = RunPart.objects.filter(run=part.run_id)
    counted = parts.aggregate(all=Sum("post_count"), done=Sum("post_count", filter=Q(state=PartState.DONE)))
    percent = PARTS_PROGRESS * counted["done"] // counted["all"]
    AssignmentRun.objects.filter(pk=part.run_id, progress__lt=percent).update(progress=percent)
    if counted["done"] == counted["all"]:
        transaction.on_commit(partial(ask_for_run, part.run_id))
    return part


def ask_again(*, now: datetime, queue_patience: timedelta, run_patience: timedelta) -> int:
    """Hand out again the parts that no worker took or whose worker is gone, and runs whose parts wait to be put together."""
    lost = RunPart.objects.filter(
        Q(state=PartState.QUEUED, asked_at__lt=now - queue_patience)
        | Q(state=PartState.RUNNING, started_at__lt=now - run_patience, asked_at__lt=now - queue_patience)
    )
    keys = list(lost.order_by("pk").values_list("pk", flat=True))
    for key in keys:
        RunPart.objects.filter(pk=key).update(asked_at=now)
        ask_for_part(key)
    unfinished = RunPart.objects.filter(run=OuterRef("pk")).exclude(state=PartState.DONE)
    ready = (
        AssignmentRun.objects.filter(~Exists(unfinished), state=RunState.RUNNING)
        .annotate(last=Max("parts__finished_at"))
        .filter(last__lt=now - queue_patience, started_at__lte=F("last"))
    )
    runs = list(ready.order_by("pk").values_list("pk", flat=True))
    for key in runs:
        ask_for_run(key)
    return len(keys) + len(runs)
