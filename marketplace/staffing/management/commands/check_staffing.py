"""Prove that assignments, posts and proofs agree."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.ledger.checks import write_findings
from marketplace.staffing.checks import check_staffing


class Command(BaseCommand):
    help = "Compare every assignment with its post and run, and check every proof again; exit 1 with what disagrees."

    def handle(self, *args: Any, **options: Any) -> None:
        if not write_findings(check_staffing(), self.stdout.write):
            sys.exit(1)
