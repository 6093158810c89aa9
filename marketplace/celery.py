"""The task queue.

An app's tasks are `@shared_task` functions in its `tasks.py`. What has to run by the clock stands there too, as a module
variable `BEAT` of Celery's form: `BEAT = {"procurement.sweep": {"task": "...", "schedule": crontab(minute="*/5")}}`.
Every task is idempotent: its need stands in a table, and a periodic sweep asks for what got lost on the way.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from celery import Celery
from django.apps import apps
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

TRANSPORT_ALIASES["files"] = "marketplace.file_queue:Transport"

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def schedule() -> dict[str, Any]:
    """Every app's `BEAT`. Raises ValueError where two apps use one name."""
    merged: dict[str, Any] = {}
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.tasks") is None:
            continue
        for name, entry in getattr(import_module(f"{config.name}.tasks"), "BEAT", {}).items():
            if name in merged:
                raise ValueError(f"Two apps schedule {name!r}.")
            merged[name] = entry
    return merged


@app.on_after_finalize.connect
def _take_schedule(sender: Celery, **kwargs: Any) -> None:
    sender.conf.beat_schedule = schedule()
    Path(settings.CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(parents=True, exist_ok=True)
