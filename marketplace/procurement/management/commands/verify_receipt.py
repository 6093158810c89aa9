"""Verify the receipt of a bid from a file or standard input. Exit 1 if it is not genuine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.procurement.services_bidding import verify_receipt


class Command(BaseCommand):
    help = "Verify the receipt of a bid (JSON)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="the receipt; standard input if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text(encoding="utf-8")
        result = verify_receipt(text=text)
        if not result.genuine:
            raise CommandError(f"not genuine: {result.problem}")
        self.stdout.write(
            f"genuine: {result.receipt['tender']} lot {result.receipt['lot']}, {result.receipt['received_at']}"
        )
