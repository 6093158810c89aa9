"""Prove over the whole database what must be true of buying. Exit 1 with the rows that break it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.procurement import checks


class Command(BaseCommand):
    help = "Check budgets, bids, receipts, notices and decisions of procurement."

    def handle(self, *args: Any, **options: Any) -> None:
        every = list(checks.CHECKS)
        # The later stages bring their own.
        if find_spec("marketplace.procurement.checks_evaluation"):
            every += import_module("marketplace.procurement.checks_evaluation").CHECKS
        broken = 0
        for check in every:
            found = list(check())
            broken += len(found)
            self.stdout.write(f"{'ok  ' if not found else 'FAIL'} {check.__name__.replace('_', ' ')}")
            for line in found:
                self.stdout.write(f"     {line}")
        if broken:
            raise CommandError(f"{broken} rows break what must be true of procurement.")
