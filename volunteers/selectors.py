"""What a volunteer can do near home, and how the lists stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Min, OuterRef, Q, Subquery, Sum, When

from marketplace.accounts.models import User
from marketplace.audit.models import Event
from marketplace.regions import geo
from marketplace.regions.models import Region
from marketplace.regions.selectors import county_speeds

from .models import Opportunity, Shift, SignUp
from .states import OpportunityState, SignUpState

#: how many open calls are weighed by distance at once
CONSIDERED = 1000


@dataclass(frozen=True, slots=True)
class Nearby:
    """An open call as one person sees it."""

    opportunity: Opportunity
    next_shift_at: datetime
    next_shift_ends_at: datetime
    #: in all coming shifts together
    free_places: int
    #: coming shifts after the next one
    more_shifts: int
    travel_minutes: int | None
    shared_languages: tuple[str, ...]
    shared_skills: tuple[str, ...]


def open_calls(now: datetime) -> Any:
    """Open calls with a coming shift.

    Annotated with the next shift's start and end, ``more_shifts`` that follow it, and the free places of all of them.
    """
    coming = Q(shifts__starts_at__gt=now)
    following = Shift.objects.filter(opportunity=OuterRef("pk"), starts_at__gt=now).order_by("starts_at", "pk")
    return (
        Opportunity.objects.filter(state=OpportunityState.OPEN)
        .annotate(
            next_shift_at=Min("shifts__starts_at", filter=coming),
            next_shift_ends_at=Subquery(following.values("ends_at")[:1]),
            more_shifts=Count("shifts", filter=coming) - 1,
            free_places=Sum(F("shifts__places") - F("shifts__taken"), filter=coming),
        )
        .filter(next_shift_at__isnull=False)
        .select_related("region", "organiser")
        .order_by("next_shift_at", "pk")
    )


def near(
    person: User | None, now: datetime, *, home: Region | None = None, kind: str = "", query: str = ""
) -> list[Nearby]:
    """Open calls, nearest first where ``home`` (or the person's own place) is known, else the soonest first.

    Two queries whatever the number of calls.
    """
    profile = getattr(person, "volunteer", None)
    home = home or (profile.region if profile else None)
    calls = open_calls(now)
    if kind:
        calls = calls.filter(kind=kind)
    if query:
        calls = calls.filter(
            Q(title__icontains=query) | Q(title_en__icontains=query) | Q(region__name__icontains=query)
        )
    found = list(calls[:CONSIDERED])
    travel = _travel(home, [call.region for call in found])
    own_languages = set(profile.languages) if profile else set()
    own_skills = set(profile.skills) if profile else set()
    rows = [
        Nearby(
            call,
            call.next_shift_at,
            call.next_shift_ends_at,
            int(call.free_places or 0),
            call.more_shifts,
            minutes,
            tuple(x for x in call.languages if x in own_languages),
            tuple(x for x in call.skills if x in own_skills),
        )
        for call, minutes in zip(found, travel, strict=True)
    ]
    if home is not None:
        rows.sort(key=lambda r: (r.travel_minutes is None, r.travel_minutes or 0, r.next_shift_at, r.opportunity.pk))
    return rows


def near_and_free(person: User, now: datetime) -> list[Nearby]:
    """What a volunteer may take now, as ``near`` sorts it: places are left, and it is not his already. Three queries.

    Calls that ask for a licence are left to ``near``: whether it is valid on the day is asked when he signs up.
    """
    own = set(
        SignUp.objects.filter(volunteer=person, shift__starts_at__gt=now)
        .exclude(state__in=[SignUpState.CANCELLED, SignUpState.LAPSED])
        .values_list("shift__opportunity_id", flat=True)
    )
    return [
        row
        for row in near(person, now)
        if row.free_places > 0 and row.opportunity.pk not in own and not row.opportunity.required_credential
    ]


def _travel(home: Region | None, places: list[Region]) -> list[int | None]:
    if home is None or home.longitude is None or home.latitude is None or not places:
        return [None] * len(places)
    speeds = county_speeds({p.county_code for p in places if p.county_code is not None})
    result: list[int | None] = []
    for place in places:
        if place.longitude is None or place.latitude is None or place.county_code is None:
            result.append(None)
            continue
        km = geo.great_circle_km(home.longitude, home.latitude, place.longitude, place.latitude)
        result.append(round(float(geo.travel_minutes(km, speeds.get(place.county_code, 40)))))
    return result


def shifts_of(opportunity: Opportunity, person: User | None) -> list[Shift]:
    """The call's shifts with ``waiting`` (people in the queue) and ``mine`` (the person's live sign-up's id). One query."""
    live = SignUp.objects.filter(shift=OuterRef("pk"), volunteer=person.pk if person else None).exclude(
        state__in=[SignUpState.CANCELLED, SignUpState.LAPSED]
    )
    return list(
        opportunity.shifts.annotate(
            waiting=Count("sign_ups", filter=Q(sign_ups__state=SignUpState.WAITING)),
            mine=Subquery(live.values("pk")[:1]),
        ).order_by("starts_at", "pk")
    )


def sign_ups_of(person: User, now: datetime) -> Any:
    """A person's sign-ups: what comes, the next first; then what is over or given up, the last first.

    ``queue``: the place in line; ``comes_at``: when it begins, of what still comes.
    """
    before = (
        SignUp.objects.filter(shift=OuterRef("shift"), state=SignUpState.WAITING, pk__lte=OuterRef("pk"))
        .order_by()
        .values("shift")
        .annotate(n=Count("pk"))
    )
    live = ~Q(state__in=[SignUpState.CANCELLED, SignUpState.LAPSED])
    coming = Case(When(live, shift__ends_at__gt=now, then=F("shift__starts_at")))
    return (
        SignUp.objects.filter(volunteer=person)
        .select_related("shift__opportunity__region", "shift__opportunity__organiser")
        .annotate(queue=Case(When(state=SignUpState.WAITING, then=Subquery(before.values("n")))), comes_at=coming)
        .order_by(F("comes_at").asc(nulls_last=True), "-shift__starts_at", "-pk")
    )


def looks_at_contact(sign_ups: Collection[int]) -> dict[int, list[datetime]]:
    """Sign-up → when somebody opened the volunteer's emergency contact, the first first."""
    found: dict[int, list[datetime]] = {}
    looks = Event.objects.filter(
        action="sign_up.open_contact", subject_type=SignUp._meta.label_lower, subject_id__in=[str(k) for k in sign_ups]
    )
    for key, at in looks.order_by("pk").values_list("subject_id", "occurred_at"):
        found.setdefault(int(key), []).append(at)
    return found


def place_in_queue(sign_up: SignUp) -> int:
    """1 for the first in line."""
    return SignUp.objects.filter(shift=sign_up.shift_id, state=SignUpState.WAITING, pk__lte=sign_up.pk).count()


def oversold_or_miscounted() -> list[Shift]:
    """Shifts whose counter differs from their live sign-ups: empty unless somebody wrote past the services."""
    return list(
        Shift.objects.annotate(
            holding=Count("sign_ups", filter=Q(sign_ups__state__in=["confirmed", "offered", "attended", "missed"]))
        )
        .exclude(holding=F("taken"))
        .order_by("pk")
    )
