"""Prove the ledger over the whole database."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.ledger.checks import check_ledger, write_findings


class Command(BaseCommand):
    help = "Recompute the whole ledger; exit 1 with the offending rows if anything disagrees."

    def handle(self, *args: Any, **options: Any) -> None:
        if not write_findings(check_ledger(), self.stdout.write):
            sys.exit(1)
