"""Periodic work of this room."""

from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from marketplace.core import clock

from .accrual import sweep_accruals


@shared_task
def sweep() -> int:
    """Grant what a lost event or an empty fund left behind."""
    return sweep_accruals(now=clock.now())


BEAT = {"incentives.sweep": {"task": "marketplace.incentives.tasks.sweep", "schedule": crontab(minute="*/10")}}
