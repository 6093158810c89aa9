"""Duty rosters, through the services: a contract for duty at the county centre, its lawyers, volunteers near by.

``make_roster()`` gives a draft; ``open_case`` opens it, ``offer`` says what somebody can take, ``deal_case`` closes and computes,
``send_case`` proposes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.core import clock
from marketplace.regions.models import Region
from marketplace.staffing.rosters import deals, duties, offers, services
from marketplace.staffing.rosters.models import Deal, Duty, Roster, RosterShift
from marketplace.staffing.rosters.services import Pattern, Terms, Window

from .accounts import LEISHAN, a_place
from .contracts import Parties, make_contract, parties_of
from .staffing import SEAT, a_lawyer
from .volunteers import make_volunteer

MORNING, AFTERNOON = Window(time(9), time(12), 1), Window(time(14), time(17), 1)


@dataclass
class RosterCase:
    roster: Roster
    parties: Parties
    lawyers: list[User] = field(default_factory=list)
    volunteers: list[User] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)

    @property
    def shifts(self) -> list[RosterShift]:
        return list(self.roster.shifts.order_by("starts_at", "-lawyer_needed", "pk"))


def placed() -> Region:
    """Leishan county with its place."""
    place = a_place(LEISHAN)
    Region.objects.filter(pk=place.pk).update(
        longitude=SEAT[0], latitude=SEAT[1], location_source="corrected", tier="formerly_poor"
    )
    place.refresh_from_db()
    return place


def make_duty_contract(parties: Parties | None = None, **kw: Any) -> Any:
    now = kw.pop("now", None) or clock.now()
    return make_contract(parties, product=kw.pop("product", "PLS-03"), regions=[placed()], now=now, **kw)


def make_roster(
    *,
    lawyers: int = 2,
    volunteers: int = 0,
    days: int = 2,
    windows: Sequence[Window] = (MORNING, AFTERNOON),
    parties: Parties | None = None,
    contract: Any = None,
    now: datetime | None = None,
    **terms: Any,
) -> RosterCase:
    """A draft over ``days`` days, the first in eight days."""
    now = now or clock.now()
    contract = contract or make_duty_contract(parties, now=now)
    people = parties_of(contract)
    first = timezone.localdate(now) + timedelta(days=8)
    roster = services.draft_roster(
        actor=people.officer,
        contract=contract,
        pattern=Pattern(first, first + timedelta(days=days - 1), windows, weekdays=range(7)),
        terms=Terms(**({"volunteers_welcome": volunteers > 0} | terms)),
        now=now,
    )
    return RosterCase(
        roster,
        people,
        [a_lawyer(people.supplier, 0.01 * n) for n in range(lawyers)],
        [make_volunteer() for _ in range(volunteers)],
    )


def open_case(case: RosterCase, *, now: datetime | None = None, days: int = 3) -> RosterCase:
    now = now or clock.now()
    case.roster = services.open_roster(
        actor=case.parties.officer, roster=case.roster, offers_until=now + timedelta(days=days), now=now
    )
    return case


def offer(
    case: RosterCase,
    person: User,
    shifts: Iterable[RosterShift] | None = None,
    *,
    now: datetime | None = None,
    most: int | None = None,
) -> None:
    """``person`` can take ``shifts`` (all that are open to him)."""
    now = now or clock.now()
    wanted = shifts if shifts is not None else offers.shifts_for(person, case.roster, now)
    offers.save_offers(
        actor=person, roster=case.roster, shifts=[shift.pk for shift in wanted], most_minutes=most, now=now
    )


def deal_case(case: RosterCase, *, now: datetime | None = None) -> Deal:
    """Close the offers (if they are open) and compute."""
    now = now or clock.now()
    case.roster.refresh_from_db()
    ask = deals.close_and_deal if case.roster.state == "open" else deals.request_deal
    deal = ask(actor=case.parties.officer, roster=case.roster, now=now)
    assert deal is not None
    return deals.execute_deal(deal_id=deal.pk, now=now)


def send_case(case: RosterCase, *, now: datetime | None = None) -> list[Duty]:
    """The proposals of a dealt roster, by shift."""
    now = now or clock.now()
    deal = deals.send_deal(actor=case.parties.officer, deal=deal_case(case, now=now), now=now)
    case.roster.refresh_from_db()
    return list(
        deal.duties.filter(state="proposed").select_related("person", "shift").order_by("shift__starts_at", "pk")
    )


def confirmed_case(case: RosterCase, *, now: datetime | None = None) -> list[Duty]:
    """All proposals of a dealt roster, confirmed."""
    now = now or clock.now()
    return [duties.confirm_duty(actor=duty.person, duty=duty, now=now) for duty in send_case(case, now=now)]
