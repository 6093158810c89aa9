"""Prove that awards, contracts, posts, instalments and budget agree."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.contracts.checks import check_contracts
from marketplace.ledger.checks import write_findings


class Command(BaseCommand):
    help = "Compare every contract with its award, parts, payments and budget; exit 1 with the rows that disagree."

    def handle(self, *args: Any, **options: Any) -> None:
        if not write_findings(check_contracts(), self.stdout.write):
            sys.exit(1)
