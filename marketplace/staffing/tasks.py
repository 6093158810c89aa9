"""The work of this room that runs in workers and by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from celery.schedules import crontab
from django.db.models import QuerySet

from marketplace.core import clock

from . import services, services_parts, services_proposals, services_repair, services_scenarios
from .calls import close_answered_calls
from .models import AssignmentRun, Scenario
from .rosters import deals, duties
from .rosters.models import Deal
from .rosters.states import DealState
from .states import RunState, ScenarioState

#: a queued run that nobody took within this time was lost on the way
QUEUE_PATIENCE = timedelta(minutes=1)
#: a run or part that took longer has lost its worker (a county takes a second, a province some minutes)
RUN_PATIENCE = timedelta(minutes=10)


@shared_task
def execute(run_id: int) -> None:
    services.execute_run(run_id=run_id, now=clock.now())
    services_repair.send_repair(run_id=run_id, now=clock.now())


@shared_task
def execute_part(part_id: int) -> None:
    services_parts.execute_part(part_id=part_id, now=clock.now())


@shared_task
def execute_scenario(scenario_id: int) -> None:
    services_scenarios.execute_scenario(scenario_id=scenario_id, now=clock.now())


@shared_task
def execute_deal(deal_id: int) -> None:
    deals.execute_deal(deal_id=deal_id, now=clock.now())


@shared_task
def sweep_rosters() -> int:
    """Close what is due, ask again for deals that got lost, end what ran out of time, follow calls and contracts."""
    now = clock.now()
    lost = _lost(Deal.objects.all(), DealState.QUEUED, DealState.RUNNING, now)
    for deal_id in lost:
        deals.ask_for_deal(deal_id)
    return len(lost) + deals.close_overdue(now=now) + duties.expire_overdue(now=now) + duties.settle(now=now)


@shared_task
def sweep() -> int:
    """Ask again for what got lost, end what ran out of time, let assignments and calls follow their posts, begin due repairs."""
    now = clock.now()
    runs = _lost(AssignmentRun.objects.all(), RunState.QUEUED, RunState.RUNNING, now)
    for run_id in runs:
        services.ask_for_run(run_id)
    parts = services_parts.ask_again(now=now, queue_patience=QUEUE_PATIENCE, run_patience=RUN_PATIENCE)
    scenarios = _lost(Scenario.objects.all(), ScenarioState.QUEUED, ScenarioState.RUNNING, now)
    for scenario_id in scenarios:
        services_scenarios.ask_for_scenario(scenario_id)
    ended = (
        services_proposals.expire_overdue(now=now) + services_proposals.settle(now=now) + close_answered_calls(now=now)
    )
    ended += services_repair.end_with_contracts(now=now)
    repaired = services_repair.repair_by_themselves(now=now)
    return len(runs) + parts + len(scenarios) + ended + repaired + services.measure_runs()


def _lost(rows: QuerySet[Any], queued: str, running: str, now: datetime) -> list[int]:
    """What waits though no worker has it, and what lost its worker."""
    lost = rows.filter(state=queued, requested_at__lt=now - QUEUE_PATIENCE)
    stuck = rows.filter(state=running, started_at__lt=now - RUN_PATIENCE)
    return [*lost.values_list("pk", flat=True), *stuck.values_list("pk", flat=True)]


BEAT = {
    "staffing.sweep": {"task": "marketplace.staffing.tasks.sweep", "schedule": crontab(minute="*")},
    "staffing.sweep_rosters": {"task": "marketplace.staffing.tasks.sweep_rosters", "schedule": crontab(minute="*")},
}
