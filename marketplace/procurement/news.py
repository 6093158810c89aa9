"""Who is told by mail that something was decided (``core.mail.tell``). No letter says what a bid says."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.accounts.models import User

from .models import Bid, Lot, Tender
from .selectors_evaluation import LIVE_BIDS


def bidders_people(tender: Tender, lots: Iterable[Lot] | None = None) -> list[User]:
    """Who handed in a bid (for one of ``lots``, if given) that stood at the deadline."""
    bids = Bid.objects.filter(lot__tender=tender, state__in=LIVE_BIDS).order_by()
    if lots is not None:
        bids = bids.filter(lot__in=list(lots))
    return list(User.objects.filter(pk__in=bids.values("submitted_by"), is_active=True).order_by("pk"))
