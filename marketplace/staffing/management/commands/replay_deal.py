"""Deal the shifts of a roster again from the frozen problem."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.staffing.models import Deal
from marketplace.staffing.rosters.checks import replay
from marketplace.staffing.rosters.states import DealState


class Command(BaseCommand):
    help = "Recompute a finished deal and compare it bit for bit with what is stored; exit 1 with the first difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deal", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        deal = Deal.objects.filter(pk=options["deal"]).first()
        if deal is None:
            raise CommandError(f"There is no deal {options['deal']}.")
        if deal.state not in (DealState.DONE, DealState.SENT):
            raise CommandError(f"Deal {deal.pk} is {deal.state}: only a finished deal can be replayed.")
        difference = next(replay(deal), "")
        if difference:
            self.stdout.write(f"deal {deal.pk} differs, first in {difference}")
            sys.exit(1)
        self.stdout.write(f"deal {deal.pk}: the same, bit for bit ({deal.digest})")
