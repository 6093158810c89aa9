"""Play the demonstration into an empty database: people, purchases at every stage, a year of service, volunteers."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone, translation

from marketplace.accounts.models import User
from marketplace.dashboards.demonstration.cast import COUNTY
from marketplace.dashboards.demonstration.play import play


class Command(BaseCommand):
    help = __doc__
    # Checks load every page; the play needs none.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration is played in demonstration mode only: set DEMO=1.")
        if User.objects.filter(username="supervisor").exists():
            self.stdout.write("The demonstration has been played already.")
            return
        started = time.perf_counter()
        with connection.cursor() as cursor:
            # A play that is cut short is played again from the start: no commit of it needs to wait for the disk.
            cursor.execute("SET synchronous_commit = off")
        with translation.override("zh-hans"):
            for command in ("load_calendar", "load_catalogue"):
                call_command(command, stdout=self.stdout)
            call_command("load_pages", county=COUNTY, stdout=self.stdout)
            for chapter in play(timezone.localdate()):
                self.stdout.write(f"  {chapter} ({time.perf_counter() - started:.0f} s)")
                self.stdout.flush()
