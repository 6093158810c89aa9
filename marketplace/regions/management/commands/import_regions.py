from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from marketplace.core import clock
from marketplace.regions import codes
from marketplace.regions.divisions_file import DIVISIONS, MalformedFile, read_divisions
from marketplace.regions.importing import import_divisions


class Command(BaseCommand):
    help = "Load the administrative divisions, province to village. Running it again changes only what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--path", type=Path, default=DIVISIONS, help="a .csv or .csv.xz file (default: the one in the tree)"
        )
        parser.add_argument(
            "--under", type=int, metavar="CODE", help="only this division, all in it and what is above it"
        )

    def handle(self, *args: Any, path: Path, under: int | None, **options: Any) -> None:
        started = time.perf_counter()
        try:
            divisions = read_divisions(path)
        except MalformedFile as error:
            raise CommandError(str(error)) from error
        if under is not None and (
            not codes.MIN_CODE <= under <= codes.MAX_CODE or under not in set(divisions.code.tolist())
        ):
            raise CommandError(f"The file has no division {under}: give one of its 12-digit codes.")
        self.stdout.write(f"{len(divisions):,} divisions read ({time.perf_counter() - started:.1f} s)")
        outcome = import_divisions(divisions=divisions, under=under, now=clock.now(), progress=self.stdout.write)
        if outcome.added or outcome.changed:
            # Marks the pages as visible to all, so that counts read the index alone.
            with connection.cursor() as cursor:
                if not connection.in_atomic_block:
                    cursor.execute("VACUUM regions_region")
        self.stdout.write(
            self.style.SUCCESS(
                f"{outcome.added:,} new, {outcome.changed:,} changed, "
                f"{outcome.read - outcome.added - outcome.changed:,} as before; {time.perf_counter() - started:.1f} s"
            )
        )
        if outcome.missing:
            self.stdout.write(
                self.style.WARNING(
                    f"{outcome.missing:,} divisions of the database are not in this file; they were kept."
                )
            )
