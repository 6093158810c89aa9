"""Prove the ledger over the whole database."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.ledger.checks import check_ledger


class Command(BaseCommand):
    help = "Recompute the whole ledger; exit 1 with the offending rows if anything disagrees."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = check_ledger()
        for finding in findings:
            self.stdout.write(f"{'ok    ' if not finding.rows else 'BROKEN'}  {finding.name}")
            for row in finding.rows:
                parts = zip(finding.columns, row, strict=True)
                self.stdout.write("        " + "  ".join(f"{column}={value}" for column, value in parts))
        if any(finding.rows for finding in findings):
            sys.exit(1)
