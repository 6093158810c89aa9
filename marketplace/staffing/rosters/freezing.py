"""From the tables to a frozen problem of shifts.

Shifts: the roster's coming ones with free places, less what a call for volunteers has given away. Offers: of people who may still
serve. What cannot be said in the problem's terms is settled here and kept as ``left_out``: an offer that clashes with a duty or
a place at a call that the person holds already, one that would make a day too long beside what he keeps that day, one for a
shift that he declined or gave back since he offered, one beyond his licence. Who waits in line at a call's shift counts as
having offered when he signed up.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.matching.problem import Ints
from marketplace.matching.shifts.documents import digest, document, sown
from marketplace.matching.shifts.problem import Offers, ShiftParameters, ShiftProblem, Shifts, Volunteers
from marketplace.regions import geo
from marketplace.staffing.errors import PlaceUnknown
from marketplace.staffing.freezing import LANGUAGES, SPECIALTIES, mask
from volunteers.models import SignUp
from volunteers.sign_ups import HOLDING as SIGN_UP_HOLDING
from volunteers.states import SignUpState

from . import people
from .models import Duty, OfferedShift, Roster, RosterShift
from .people import Spot
from .states import HOLDING, DutyState

#: the bit of ``skills`` that says licensed; the fields of law follow it
LICENCE = 1
#: far above any way and any position in a waiting order: as many places as can be are filled
PLACE_WORTH = 10_000_000
COST_PER_MINUTE = 10
#: more than anybody serves
NO_LIMIT = 10**7
_NOT_AGAIN = {
    DutyState.DECLINED: "declined",
    DutyState.EXPIRED: "expired",
    DutyState.GIVEN_BACK: "given_back",
    DutyState.HANDED_OVER: "handed_over",
    DutyState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A time at a place."""

    starts_at: datetime
    ends_at: datetime
    region: int
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Frozen:
    problem: ShiftProblem
    parameters: dict[str, Any]
    digest: str
    document: dict[str, Any]


@dataclass(slots=True)
class _Bench:
    """Everybody who offered, and what they hold already."""

    users: dict[int, User]
    spots: dict[int, Spot]
    licence: dict[int, date]
    minutes: dict[int, int]
    held: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    left_out: list[list[Any]] = field(default_factory=list)


def freeze(roster: Roster, *, now: datetime) -> Frozen:
    """The problem as the tables stand. Its seed comes from its own content.

    Raises:
        PlaceUnknown: nobody knows where the roster's place lies.
    """
    goal = people.spot_of(roster.region)
    if goal is None:
        raise PlaceUnknown(villages=roster.region.name)
    speed = people.speed_at(roster.region)
    shifts, places = _free_shifts(roster, now)
    offered = _offered(roster, shifts, now)
    bench = _bench(roster, {person for person, _shift, _since in offered}, now)
    kept = _kept(roster, bench, now)
    usable = _usable(roster, shifts, offered, bench, goal, speed, now)
    midnight = timezone.localtime(min((s.starts_at for s in shifts), default=now)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    rows = sorted({person for person, _shift, _since in usable})
    row_of = {person: row for row, person in enumerate(rows)}
    column_of = {shift.pk: row for row, shift in enumerate(shifts)}
    parameters = ShiftParameters(
        radius_minutes=roster.radius_minutes,
        rest_minutes=roster.rest_minutes,
        access_minutes=round(geo.ACCESS_MINUTES),
        detour_percent=round(100 * geo.DETOUR),
        kmh=speed,
        place_worth=PLACE_WORTH,
        cost_per_minute=COST_PER_MINUTE,
        # Strict: whoever offered earlier comes, however far the way.
        position_cost=roster.radius_minutes * COST_PER_MINUTE + 1,
    )
    problem = sown(
        ShiftProblem(
            shifts=_shifts(roster, shifts, places, goal, midnight),
            volunteers=_volunteers(roster, rows, bench),
            offers=Offers(
                volunteer=_ints([row_of[person] for person, _shift, _since in usable]),
                shift=_ints([column_of[shift] for _person, shift, _since in usable]),
                since=_ints([round(since.timestamp() * 1000) for _person, _shift, since in usable]),
            ),
            parameters=parameters,
        )
    )
    return Frozen(
        problem,
        {
            "midnight": midnight.isoformat(),
            "left_out": bench.left_out,
            "kept": kept,
            "kept_minutes": [[person, bench.kept[person]] for person in rows if bench.kept[person]],
            "people": len({person for person, _shift, _since in offered}),
            "credentials": list(people.credential_kinds(roster)),
            "bits": {"licence": LICENCE, "specialties": list(SPECIALTIES), "languages": list(LANGUAGES)},
        },
        digest(problem),
        document(problem),
    )


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _free_shifts(roster: Roster, now: datetime) -> tuple[list[RosterShift], dict[int, int]]:
    """Coming shifts with free places, and how many: a call's own count is the smaller truth."""
    rows = roster.shifts.filter(starts_at__gt=now).select_related("volunteer_shift").order_by("pk")
    free = {}
    for shift in rows:
        left = shift.free_places
        if shift.volunteer_shift is not None:
            left = min(left, shift.volunteer_shift.free_places)
        if left > 0:
            free[shift.pk] = left
    return [shift for shift in rows if shift.pk in free], free


def _offered(roster: Roster, shifts: list[RosterShift], now: datetime) -> list[tuple[int, int, datetime]]:
    """(person, shift, since) of every offer, in order; who waits in a call's line among them."""
    found: dict[tuple[int, int], datetime] = {}
    rows = OfferedShift.objects.filter(shift__in=shifts).order_by("since", "pk")
    for person, shift, since in rows.values_list("offer__person_id", "shift_id", "since"):
        found.setdefault((person, shift), since)
    lines = {shift.volunteer_shift_id: shift.pk for shift in shifts if shift.volunteer_shift_id is not None}
    waiting = SignUp.objects.filter(shift__in=list(lines), state=SignUpState.WAITING)
    for person, line, since in waiting.values_list("volunteer_id", "shift_id", "signed_up_at"):
        key = (person, lines[line])
        found[key] = min(found.get(key, since), since)
    return [(person, shift, since) for (person, shift), since in sorted(found.items(), key=lambda i: (i[1], i[0]))]


def _bench(roster: Roster, keys: set[int], now: datetime) -> _Bench:
    on = timezone.localdate(now)
    able = people.able(roster, keys, on)
    users = {user.pk: user for user in people.with_homes(keys)}
    limits = dict(roster.offers.filter(person__in=keys).values_list("person_id", "most_minutes"))
    bench = _Bench(
        users={key: user for key, user in users.items() if key in able},
        spots=people.homes(users.values()),
        licence=people.licensed_until(roster, keys, on),
        minutes={
            key: min(limit for limit in (roster.most_minutes, limits.get(key), NO_LIMIT) if limit is not None)
            for key in keys
        },
    )
    spots: dict[int, Spot | None] = {}
    duties = Duty.objects.filter(person__in=keys, state__in=HOLDING, shift__ends_at__gt=now - timedelta(days=1))
    for duty in duties.select_related("shift__roster__region").order_by("pk"):
        region = duty.shift.roster.region
        spot = spots.setdefault(region.pk, people.spot_of(region))
        bench.held[duty.person_id].append(Span(duty.shift.starts_at, duty.shift.ends_at, region.pk, spot))
    linked = Duty.objects.filter(sign_up__isnull=False, state__in=HOLDING).values("sign_up")
    places = SignUp.objects.filter(
        volunteer__in=keys, state__in=SIGN_UP_HOLDING, shift__ends_at__gt=now - timedelta(days=1)
    ).exclude(pk__in=linked)
    for place in places.select_related("shift__opportunity__region").order_by("pk"):
        region = place.shift.opportunity.region
        spot = spots.setdefault(region.pk, people.spot_of(region))
        bench.held[place.volunteer_id].append(Span(place.shift.starts_at, place.shift.ends_at, region.pk, spot))
    return bench


def _kept(roster: Roster, bench: _Bench, now: datetime) -> list[list[int]]:
    """[shift, person] of whoever confirmed or may still answer; their minutes count against their limits."""
    rows = (
        Duty.objects.filter(shift__roster=roster, state__in=HOLDING).select_related("shift").order_by("shift_id", "pk")
    )
    kept = []
    for duty in rows:
        bench.kept[duty.person_id] += duty.shift.minutes
        if duty.shift.starts_at > now:
            kept.append([duty.shift_id, duty.person_id])
    return kept


def _usable(
    roster: Roster,
    shifts: list[RosterShift],
    offered: list[tuple[int, int, datetime]],
    bench: _Bench,
    goal: Spot,
    speed: int,
    now: datetime,
) -> list[tuple[int, int, datetime]]:
    """The offers that stay, by person and shift; the others are noted with the reason."""
    by_key = {shift.pk: shift for shift in shifts}
    past: dict[tuple[int, int], tuple[datetime, str]] = {}
    ended = Duty.objects.filter(shift__in=shifts, state__in=list(_NOT_AGAIN)).exclude(respond_by=None, answered_at=None)
    for shift_id, person, state, answered, due in ended.order_by("pk").values_list(
        "shift_id", "person_id", "state", "answered_at", "respond_by"
    ):
        past[person, shift_id] = (answered or due or now, _NOT_AGAIN[DutyState(state)])
    on_day: dict[tuple[int, date], int] = {}
    usable = []
    for person, shift_id, since in offered:
        shift = by_key[shift_id]
        why = ""
        if person not in bench.users:
            why = "not_able"
        elif person not in bench.spots:
            why = "no_place"
        elif shift.lawyer_needed and bench.licence.get(person, date.max) < timezone.localdate(shift.starts_at):
            why = "licence"
        elif (person, shift_id) in past and past[person, shift_id][0] >= since:
            why = past[person, shift_id][1]
        elif any(_clash(span, shift, roster, goal, speed) for span in bench.held[person]):
            why = "busy"
        else:
            why = _day_full(roster, shift, person, bench, on_day)
        if why:
            bench.left_out.append([shift_id, person, why])
        else:
            usable.append((person, shift_id, since))
    bench.left_out.sort()
    return sorted(usable)


def _clash(span: Span, shift: RosterShift, roster: Roster, goal: Spot, speed: int) -> bool:
    """Whether rest and way between the two do not fit."""
    gap = timedelta(minutes=roster.rest_minutes)
    if span.region != roster.region_id and span.spot is not None:
        km = geo.great_circle_km(span.spot.longitude, span.spot.latitude, goal.longitude, goal.latitude)
        gap += timedelta(minutes=float(geo.travel_minutes(km, speed)))
    return span.starts_at < shift.ends_at + gap and shift.starts_at < span.ends_at + gap


def _day_full(
    roster: Roster, shift: RosterShift, person: int, bench: _Bench, on_day: dict[tuple[int, date], int]
) -> str:
    """On a day on which the person keeps something already, offers are let in, the earliest first, as long as all fit: the
    engine knows one limit for all days."""
    day = timezone.localdate(shift.starts_at)
    held = [span for span in bench.held[person] if timezone.localdate(span.starts_at) == day]
    if not held:
        return ""
    before = on_day.setdefault(
        (person, day), sum(int((span.ends_at - span.starts_at).total_seconds() // 60) for span in held)
    )
    if before + shift.minutes > roster.day_minutes:
        return "day_full"
    on_day[person, day] = before + shift.minutes
    return ""


def _shifts(
    roster: Roster, shifts: list[RosterShift], places: dict[int, int], goal: Spot, midnight: datetime
) -> Shifts:
    def minute(instant: datetime) -> int:
        return int((instant - midnight).total_seconds() // 60)

    skills = mask(roster.skills, SPECIALTIES) << 1
    return Shifts(
        key=_ints([shift.pk for shift in shifts]),
        longitude=np.full(len(shifts), goal.longitude),
        latitude=np.full(len(shifts), goal.latitude),
        start=_ints([minute(shift.starts_at) for shift in shifts]),
        end=_ints([minute(shift.ends_at) for shift in shifts]),
        places=_ints([places[shift.pk] for shift in shifts]),
        skills=_ints([skills | (LICENCE if shift.lawyer_needed else 0) for shift in shifts]),
        languages=_ints([mask(roster.languages, LANGUAGES)] * len(shifts)),
    )


def _volunteers(roster: Roster, rows: list[int], bench: _Bench) -> Volunteers:
    profiles: list[Any] = []
    for person in rows:
        user = bench.users[person]
        profiles.append(getattr(user, "practitioner", None) or user.volunteer)
    skills = [
        mask(p.specialties if hasattr(p, "specialties") else p.skills, SPECIALTIES) << 1 | (person in bench.licence)
        for person, p in zip(rows, profiles, strict=True)
    ]
    return Volunteers(
        key=_ints(rows),
        longitude=np.array([bench.spots[person].longitude for person in rows], dtype=np.float64),
        latitude=np.array([bench.spots[person].latitude for person in rows], dtype=np.float64),
        skills=_ints(skills),
        languages=_ints([mask(p.languages, LANGUAGES) for p in profiles]),
        minutes=_ints([max(bench.minutes[person] - bench.kept[person], 0) for person in rows]),
        day_minutes=_ints([roster.day_minutes] * len(rows)),
    )
