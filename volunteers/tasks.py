"""Periodic work of this room."""

from __future__ import annotations

from celery import shared_task

from marketplace.core import clock

from .sign_ups import lapse_overdue


@shared_task
def lapse_offers() -> int:
    """Let unanswered offers lapse and serve the next in line."""
    return lapse_overdue(now=clock.now())


BEAT = {"volunteers.lapse_offers": {"task": "volunteers.tasks.lapse_offers", "schedule": 300.0}}
