"""Compute a run again from its frozen problem."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.staffing.checks import replay
from marketplace.staffing.models import AssignmentRun
from marketplace.staffing.states import RunState


class Command(BaseCommand):
    help = "Recompute a finished run and compare it bit for bit with what is stored; exit 1 with the first difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        run = AssignmentRun.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}.")
        if run.state not in (RunState.DONE, RunState.PUBLISHED):
            raise CommandError(f"Run {run.pk} is {run.state}: only a finished run can be replayed.")
        difference = next(replay(run), "")
        if difference:
            self.stdout.write(f"run {run.pk} differs, first in {difference}")
            sys.exit(1)
        self.stdout.write(f"run {run.pk}: the same, bit for bit ({run.digest})")
