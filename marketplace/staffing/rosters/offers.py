"""What people offer. Nobody is ever dealt a shift that he did not offer to take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core.locks import lock_row

from . import errors, people
from .models import Duty, Offer, OfferedShift, Roster, RosterShift
from .states import HOLDING, RosterState

#: hours that a limit may say
MOST_HOURS = 400


def takes_offers(roster: Roster, now: datetime) -> bool:
    """While it is open; and once it is published, for what is still free."""
    if roster.state == RosterState.PUBLISHED:
        return True
    return roster.state == RosterState.OPEN and roster.offers_until is not None and now < roster.offers_until


def shifts_for(person: User, roster: Roster, now: datetime) -> QuerySet[RosterShift]:
    """The coming shifts that ``person`` may offer to take: with a licence all, without one those that need none."""
    shifts = roster.shifts.filter(starts_at__gt=now)
    if roster.state == RosterState.PUBLISHED:
        shifts = shifts.filter(taken__lt=F("places"))
    if person.pk not in people.licensed_until(roster, [person.pk], timezone.localdate(now)):
        shifts = shifts.filter(lawyer_needed=False)
    return shifts.order_by("starts_at", "-lawyer_needed", "pk")


@dataclass(frozen=True, slots=True)
class FreeForMe:
    """Of the free shifts that a person may offer to take: how many he offered, how many not yet."""

    offered: int
    open: int


def free_for(person: User, roster: Roster, offer: Offer | None, now: datetime) -> FreeForMe:
    """``offer`` is what the person said of ``roster``, if anything."""
    free = set(shifts_for(person, roster, now).values_list("pk", flat=True))
    offered = set(offer.offered.filter(shift__in=free).values_list("shift_id", flat=True)) if offer and free else set()
    return FreeForMe(len(offered), len(free - offered))


@transaction.atomic
def save_offers(
    *, actor: User, roster: Roster, shifts: Iterable[int], most_minutes: int | None, now: datetime
) -> Offer | None:
    """The shifts that ``actor`` can take, of those open to him, instead of what he said before; gives None where that is nothing.

    A shift that stays ticked keeps its place in the waiting order. After publication only free shifts are asked for, and what
    was said of the others stays. Repeating it changes nothing.

    Raises:
        NotInvited, OffersClosed, NotForYou, BadLimit
    """
    roster = lock_row(Roster, roster.pk)
    on = timezone.localdate(now)
    capacity = people.capacity_of(actor, roster, on)
    if not capacity:
        raise errors.NotInvited
    if not takes_offers(roster, now):
        raise errors.OffersClosed
    if most_minutes is not None and not 1 <= most_minutes <= 60 * MOST_HOURS:
        raise errors.BadLimit(field="most_hours")
    wanted = set(shifts)
    possible = set(shifts_for(actor, roster, now).values_list("pk", flat=True))
    if not wanted <= possible:
        raise errors.NotForYou(field="shifts")
    offer = Offer.objects.filter(roster=roster, person=actor).first()
    if offer is None and not wanted:
        return None
    changed = offer is None or offer.most_minutes != most_minutes or offer.capacity != capacity
    if offer is None:
        offer = Offer.objects.create(
            roster=roster, person=actor, capacity=capacity, most_minutes=most_minutes, offered_at=now
        )
    elif changed:
        offer.most_minutes, offer.capacity = most_minutes, capacity
        offer.save(update_fields=["most_minutes", "capacity"])
    known = set(offer.offered.filter(shift__in=possible).values_list("shift_id", flat=True))
    held = set(Duty.objects.filter(person=actor, shift__in=known, state__in=HOLDING).values_list("shift_id", flat=True))
    gone = known - wanted - held
    fresh = wanted - known
    offer.offered.filter(shift__in=gone).delete()
    OfferedShift.objects.bulk_create(OfferedShift(offer=offer, shift_id=pk, since=now) for pk in sorted(fresh))
    if changed or fresh or gone:
        record(
            actor=actor,
            action="roster.offer",
            subject=roster,
            now=now,
            data={"shifts": offer.offered.count(), "added": len(fresh), "removed": len(gone)},
        )
    return offer
