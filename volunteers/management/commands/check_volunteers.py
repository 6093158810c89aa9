"""Prove that no shift is oversold and that every counter fits its sign-ups."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from volunteers.models import Shift
from volunteers.selectors import oversold_or_miscounted


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = oversold_or_miscounted()
        for shift in broken:
            self.stderr.write(f"shift {shift.pk}: counter {shift.taken}, places {shift.places}, live {shift.holding}")  # type: ignore[attr-defined]
        if broken:
            raise CommandError(f"{len(broken)} shifts do not fit their sign-ups")
        self.stdout.write(f"volunteers: {Shift.objects.count()} shifts, every place accounted for")
