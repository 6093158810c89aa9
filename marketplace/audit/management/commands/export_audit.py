from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from marketplace.audit.models import Seal
from marketplace.audit.sealing import iso, payload, sealed_events
from marketplace.audit.verify_export import canonical


class Command(BaseCommand):
    help = "Write the sealed record as events.jsonl and seals.jsonl; verify_export.py checks them anywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, required=True, help="folder to write to")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["out"]
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        # A new seal may come meanwhile: only those that stood at the start are written, each whole.
        last = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
        with (folder / "events.jsonl").open("wb") as events, (folder / "seals.jsonl").open("wb") as seals:
            for seal in Seal.objects.filter(number__lte=last).order_by("number").iterator(chunk_size=1_000):
                for entry in sealed_events(seal):
                    events.write(canonical({"digest": entry.digest, "event": payload(entry.event)}) + b"\n")
                    count += 1
                line = {
                    "number": seal.number,
                    "previous": seal.previous_digest,
                    "digest": seal.digest,
                    "count": seal.event_count,
                    "sealed_at": iso(seal.sealed_at),
                }
                seals.write(canonical(line) + b"\n")
        self.stdout.write(f"{count} events under {last} seals. Check: python verify_export.py {folder}")
