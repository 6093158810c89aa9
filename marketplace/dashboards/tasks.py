"""Periodic work of this room."""

from __future__ import annotations

from celery import shared_task

from marketplace.core import clock

from .coverage import refresh


@shared_task
def refresh_coverage() -> int:
    """Compute the coverage figures anew."""
    return refresh(now=clock.now())


BEAT = {"dashboards.coverage": {"task": "marketplace.dashboards.tasks.refresh_coverage", "schedule": 120.0}}
