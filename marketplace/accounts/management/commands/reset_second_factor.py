from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from marketplace.accounts import services
from marketplace.accounts.models import User
from marketplace.core import clock
from marketplace.core.errors import DomainError


class Command(BaseCommand):
    help = "Take the second factor off the account of somebody who lost phone and recovery codes. Check first who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="how it was checked who asks; stays on record")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name {options['username']}.")
        try:
            taken = services.reset_second_factor(person=person, reason=options["reason"], now=clock.now())
        except DomainError as refusal:
            with translation.override("en"):
                raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{taken} taken off. {person} signs in with the password and sets up a new one.")
