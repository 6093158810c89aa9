from typing import Any

from django.core.management.base import BaseCommand

from marketplace.audit.sealing import seal_pending


class Command(BaseCommand):
    help = "Seal every audit event that waits. Safe to run at any time, also twice at once."

    def handle(self, *args: Any, **options: Any) -> None:
        seals = seal_pending()
        if not seals:
            self.stdout.write("Nothing to seal.")
        for seal in seals:
            self.stdout.write(f"Seal {seal.number}: {seal.event_count} events, {seal.digest}")
