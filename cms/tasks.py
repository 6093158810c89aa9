"""What runs by the clock."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.schedules import crontab
from django.core.management import call_command


@shared_task(name="cms.publish_scheduled")
def publish_scheduled() -> None:
    """Publish the pages whose hour has come, and take down those whose time is over. Running twice at once does no harm."""
    call_command("publish_scheduled", verbosity=0)


BEAT: dict[str, Any] = {"cms.publish_scheduled": {"task": "cms.publish_scheduled", "schedule": crontab()}}
