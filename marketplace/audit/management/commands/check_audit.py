from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from marketplace.audit.models import Seal, Unsealed
from marketplace.audit.sealing import faults
from marketplace.audit.verify_export import noted


class Command(BaseCommand):
    help = (
        "Prove the audit record: recompute every event's digest and the whole chain of seals. Exit code 1 if it breaks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            type=noted,
            action="append",
            default=[],
            metavar="NUMBER:DIGEST",
            help="a seal's digest that was noted earlier; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for fault in faults(dict(options["expect"])):
            found += 1
            self.stderr.write(fault)
        if found:
            raise SystemExit(1)
        self.stdout.write(
            f"The record holds: {Seal.objects.count()} seals; {Unsealed.objects.count()} events wait for one."
        )
