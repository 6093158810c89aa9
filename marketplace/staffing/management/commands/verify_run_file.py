"""Check the two files of a run without any database."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.staffing.proof_files import flaws


class Command(BaseCommand):
    help = "Check problem.json and answer.json of a run: digest, seed, every pair against the prices; exit 1 with what is wrong."
    # Nothing but the two files is read: no system check may ask for a database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("problem", type=Path)
        parser.add_argument("answer", type=Path)
        parser.add_argument("--draw", action="store_true", help="compute the plan anew too, which checks the lottery")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            problem, answer = (json.loads(options[name].read_bytes()) for name in ("problem", "answer"))
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        wrong = list(flaws(problem, answer, draw=options["draw"]))
        for line in wrong:
            self.stdout.write(line)
        if wrong:
            sys.exit(1)
        drawn = ", drawn as the seed says" if options["draw"] else ""
        proof = answer["proof"]
        found = (
            "no better plan exists"
            if proof["primal"] == proof["dual"]
            else f"no plan costs less than {proof['dual']}, this one {proof['primal']}"
        )
        self.stdout.write(f"{found} ({answer['proof']['pairs_read']} pairs read{drawn}): {answer['digest']}")
