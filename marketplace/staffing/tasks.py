"""The work of this room that runs in workers and by the clock."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from celery.schedules import crontab

from marketplace.core import clock

from . import services
from .models import AssignmentRun
from .states import RunState

#: a queued run that nobody took within this time was lost on the way
QUEUE_PATIENCE = timedelta(minutes=1)
#: a run that took longer has lost its worker (a county takes a second, a city ten)
RUN_PATIENCE = timedelta(minutes=10)


@shared_task
def execute(run_id: int) -> None:
    services.execute_run(run_id=run_id, now=clock.now())


@shared_task
def sweep() -> int:
    """Ask again for what got lost, end what ran out of time, let assignments follow their posts."""
    now = clock.now()
    lost = AssignmentRun.objects.filter(state=RunState.QUEUED, requested_at__lt=now - QUEUE_PATIENCE)
    stuck = AssignmentRun.objects.filter(state=RunState.RUNNING, started_at__lt=now - RUN_PATIENCE)
    asked = [*lost.values_list("pk", flat=True), *stuck.values_list("pk", flat=True)]
    for run_id in asked:
        services.ask_for_run(run_id)
    return len(asked) + services.expire_overdue(now=now) + services.settle(now=now)


BEAT = {"staffing.sweep": {"task": "marketplace.staffing.tasks.sweep", "schedule": crontab(minute="*")}}
