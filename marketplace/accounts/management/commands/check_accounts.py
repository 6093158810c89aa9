from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from marketplace.accounts.checks import faults
from marketplace.accounts.models import Credential, Membership, Organisation, User


class Command(BaseCommand):
    help = "Prove what must be true of people, organisations, memberships and credentials. Exit code 1 if it is not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        with translation.override("en"):
            for fault in faults():
                found += 1
                self.stderr.write(fault)
        if found:
            raise SystemExit(1)
        self.stdout.write(
            f"All holds: {User.objects.count()} people, {Organisation.objects.count()} organisations, "
            f"{Membership.objects.count()} memberships, {Credential.objects.count()} credentials."
        )
