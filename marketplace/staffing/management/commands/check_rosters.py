"""Prove that rosters, duties, offers and proofs agree."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.ledger.checks import write_findings
from marketplace.staffing.rosters.checks import check_rosters


class Command(BaseCommand):
    help = "Compare every duty with its shift, offer and deal, and check every proof again; exit 1 with what disagrees."

    def handle(self, *args: Any, **options: Any) -> None:
        if not write_findings(check_rosters(), self.stdout.write):
            sys.exit(1)
