"""Reads for the pages of rosters: each a fixed number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils import dateformat, timezone
from django.utils.translation import pgettext

from marketplace.accounts.models import User
from marketplace.core.i18n import localized
from marketplace.statutes.deadlines import Day
from marketplace.statutes.errors import UnknownDay
from marketplace.statutes.selectors import TableCalendar

from . import people, rules
from .models import Deal, Duty, OfferedShift, Roster, RosterShift, Swap
from .states import HOLDING, DealState, DutyState, RosterState, SwapState
from .wording import absence_words, left_out_words

#: more are read on the page of rosters
MOST_INVITATIONS = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A shift as a day of the grid shows it. ``mine`` is my duty there; ``ticked``: I offered; ``too_long``: with what I
    hold that day it would be more than the roster's hours a day."""

    shift: RosterShift
    duties: list[Duty]
    offers: int
    mine: Duty | None = None
    ticked: bool = False
    may: bool = False
    too_long: bool = False

    @property
    def free(self) -> int:
        return self.shift.free_places

    @property
    def look(self) -> str:
        """The classes of the cell."""
        if self.mine is not None:
            return "mine asked" if self.mine.state == DutyState.PROPOSED else "mine"
        if self.free > 0:
            return "open"
        return "asked" if any(duty.state == DutyState.PROPOSED for duty in self.duties) else ""


@dataclass(frozen=True, slots=True)
class GridDay:
    """``inside``: the day belongs to the roster; ``holiday``: why nobody works, where nobody does."""

    day: date
    inside: bool
    holiday: str = ""
    cells: list[Cell] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The day without its year, which the head of the page says."""
        return dateformat.format(self.day, pgettext("date format", "j M"))


def grid(
    roster: Roster, *, user: Any = None, ticked: Iterable[int] | None = None, may: Iterable[int] = ()
) -> list[GridDay]:
    """The days of the roster from the Monday of its first week to the Sunday of its last, with their shifts. Five queries."""
    shifts = list(roster.shifts.order_by("starts_at", "-lawyer_needed", "pk"))
    duties: dict[int, list[Duty]] = defaultdict(list)
    for duty in Duty.objects.filter(shift__in=shifts, state__in=HOLDING).select_related("person").order_by("pk"):
        duties[duty.shift_id].append(duty)
    offered = OfferedShift.objects.filter(shift__in=shifts)
    counts = dict(offered.values_list("shift_id").annotate(n=Count("pk")).order_by())
    key = getattr(user, "pk", None)
    own = set(offered.filter(offer__person=key).values_list("shift_id", flat=True)) if ticked is None else set(ticked)
    allowed = set(may)
    mine = {shift.pk: duty for shift in shifts for duty in duties[shift.pk] if duty.person_id == key}
    held: Counter[date] = Counter()
    for shift in shifts:
        held[timezone.localdate(shift.starts_at)] += shift.minutes if shift.pk in mine else 0
    by_day: dict[date, list[Cell]] = defaultdict(list)
    for shift in shifts:
        on = timezone.localdate(shift.starts_at)
        too_long = shift.pk not in mine and bool(held[on]) and held[on] + shift.minutes > roster.day_minutes
        by_day[on].append(
            Cell(
                shift,
                duties[shift.pk],
                counts.get(shift.pk, 0),
                mine.get(shift.pk),
                shift.pk in own,
                shift.pk in allowed,
                too_long,
            )
        )
    first = roster.starts_on - timedelta(days=roster.starts_on.weekday())
    last = roster.ends_on + timedelta(days=6 - roster.ends_on.weekday())
    calendar = TableCalendar()
    days = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        known = _calendar_day(calendar, day)
        holiday = known.reason() if known is not None and not known.is_working and known.name else ""
        days.append(GridDay(day, roster.starts_on <= day <= roster.ends_on, holiday, by_day.get(day, [])))
    return days


def _calendar_day(calendar: TableCalendar, day: date) -> Day | None:
    try:
        return calendar.day(day)
    except UnknownDay:
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a roster stands: places in all and by state of their duty, people who offered, the latest deals."""

    shifts: int
    places: int
    confirmed: int
    proposed: int
    people: int
    deals: list[Deal]
    coming_free: int

    @property
    def last(self) -> Deal | None:
        return self.deals[0] if self.deals else None

    @property
    def free(self) -> int:
        return self.places - self.confirmed - self.proposed


def standing(roster: Roster, now: datetime) -> Standing:
    """Four queries."""
    free = F("places") - F("taken")
    shifts = roster.shifts.aggregate(n=Count("pk"), whole=Sum("places"), coming=Sum(free, filter=Q(starts_at__gt=now)))
    held = dict(
        Duty.objects.filter(shift__roster=roster, state__in=HOLDING)
        .values_list("state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return Standing(
        shifts=shifts["n"],
        places=shifts["whole"] or 0,
        confirmed=held.get(DutyState.CONFIRMED, 0),
        proposed=held.get(DutyState.PROPOSED, 0),
        people=roster.offers.filter(offered__isnull=False).distinct().count(),
        deals=list(roster.deals.select_related("requested_by")[:10]),
        coming_free=shifts["coming"] or 0,
    )


def coming_free(roster: Roster, now: datetime) -> QuerySet[RosterShift]:
    """The shifts to come that have a free place."""
    return roster.shifts.filter(starts_at__gt=now, taken__lt=F("places")).order_by("starts_at", "pk")


def with_repairs(rosters: QuerySet[Roster], now: datetime) -> QuerySet[Roster]:
    """``rosters`` with ``repairs``: how many places a repair could ask for; none where nothing changed since the last proposals,
    or nobody is left to be asked."""
    open_now = Q(shift__roster=OuterRef("pk"), shift__starts_at__gt=now, shift__taken__lt=F("shift__places"))
    sent = Deal.objects.filter(roster=OuterRef("pk"), state=DealState.SENT).order_by("-requested_at", "-pk")
    pending = Deal.objects.filter(
        roster=OuterRef("pk"), state__in=[DealState.QUEUED, DealState.RUNNING, DealState.DONE]
    )
    ended = [DutyState.DECLINED, DutyState.EXPIRED, DutyState.GIVEN_BACK, DutyState.WITHDRAWN]
    fell = Duty.objects.filter(
        open_now, deal__state=DealState.SENT, deal__requested_at=OuterRef("sent_at"), state__in=ended
    )
    given = Duty.objects.filter(open_now, state=DutyState.GIVEN_BACK, answered_at__gt=OuterRef("sent_at"))
    fresh = OfferedShift.objects.filter(open_now, since__gt=OuterRef("sent_at"))
    asked = Duty.objects.filter(shift=OuterRef("shift"), person=OuterRef("offer__person"))
    unasked = OfferedShift.objects.filter(open_now).exclude(Exists(asked))
    free = (
        RosterShift.objects.filter(roster=OuterRef("pk"), starts_at__gt=now, taken__lt=F("places"))
        .order_by()
        .values("roster")
        .annotate(n=Sum(F("places") - F("taken")))
        .values("n")
    )
    return rosters.annotate(sent_at=Subquery(sent.values("requested_at")[:1])).annotate(
        repairs=Case(
            When(
                Q(state=RosterState.PUBLISHED, sent_at__isnull=False)
                & ~Exists(pending)
                & (Exists(fresh) | (Exists(unasked) & (Exists(fell) | Exists(given)))),
                then=Coalesce(Subquery(free), 0),
            ),
            default=0,
        )
    )


def repairable(roster: Roster, now: datetime) -> int:
    """How many places a repair of ``roster`` could ask for."""
    found: Any = with_repairs(Roster.objects.filter(pk=roster.pk), now).get()
    return int(found.repairs)


# Deals


@dataclass(frozen=True, slots=True)
class EmptyShift:
    """A shift with ``free`` places that the plan leaves, and why nobody else comes: (name or empty, words)."""

    shift: RosterShift
    free: int
    reasons: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Why:
    """One shift in a deal: who comes (duty, position from 1, passed), and why the others do not."""

    shift: RosterShift
    coming: list[Duty]
    absent: list[tuple[int, str, str]]


def with_documents(deal: Deal) -> Deal:
    return Deal.objects.defer(None).select_related("roster").get(pk=deal.pk)


def names_of(keys: Iterable[int]) -> dict[int, str]:
    return {user.pk: localized(user, "display_name") for user in User.objects.filter(pk__in=set(keys))}


def _absences(deal: Deal) -> dict[int, list[tuple[int, Any]]]:
    """Shift → (person, facts or the word of why the offer was left out)."""
    found: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for shift, person, _position, facts in deal.result["absent"]:
        found[shift].append((person, facts))
    for shift, person, why in deal.parameters["left_out"]:
        found[shift].append((person, why))
    return found


def _words(deal: Deal, person: int, what: Any, shifts: dict[int, RosterShift]) -> str:
    return left_out_words(what) if isinstance(what, str) else absence_words(deal, what, shifts, person)


def empty_shifts(deal: Deal) -> list[EmptyShift]:
    """``deal`` with its documents; three queries."""
    shifts = {shift.pk: shift for shift in deal.roster.shifts.all()}
    absent = _absences(deal)
    names = names_of(person for shift, _n in deal.result["empty"] for person, _what in absent[shift])
    found = [
        EmptyShift(
            shifts[key],
            free,
            [(names.get(person, "?"), _words(deal, person, what, shifts)) for person, what in absent[key]],
        )
        for key, free in deal.result["empty"]
        if key in shifts
    ]
    return sorted(found, key=lambda each: (each.shift.starts_at, each.shift.pk))


def why(deal: Deal, shift: RosterShift) -> Why:
    """``deal`` with its documents; four queries."""
    shifts = {each.pk: each for each in deal.roster.shifts.all()}
    absent = _absences(deal)[shift.pk]
    names = names_of(person for person, _what in absent)
    coming = list(deal.duties.filter(shift=shift).select_related("person").order_by("reason__position", "pk"))
    return Why(
        shift, coming, [(person, names.get(person, "?"), _words(deal, person, what, shifts)) for person, what in absent]
    )


def plan_rows(deal: Deal) -> QuerySet[Duty]:
    return deal.duties.select_related("person", "shift").order_by("shift__starts_at", "shift_id", "pk")


def loads(deal: Deal) -> list[tuple[str, int, int]]:
    """(name, minutes kept, minutes by this plan) of everybody who offered, most first. One query."""
    kept = dict(deal.parameters["kept_minutes"])
    rows = [(person, kept.get(person, 0), minutes) for person, minutes in deal.result["load"]]
    names = names_of(person for person, _kept, _new in rows)
    rows.sort(key=lambda row: (-(row[1] + row[2]), row[0]))
    return [(names.get(person, "?"), had, new) for person, had, new in rows]


def last_sent(roster: Roster) -> Deal | None:
    return roster.deals.filter(state=DealState.SENT).order_by("-requested_at", "-pk").first()


# People


def duties_of(person: User) -> QuerySet[Duty]:
    """What is or was proposed to the person; the documents of deals are not read."""
    return (
        Duty.objects.filter(person=person)
        .exclude(state__in=[DutyState.COMPUTED])
        .exclude(state=DutyState.WITHDRAWN, respond_by__isnull=True)
        .select_related(
            "shift__roster__contract", "shift__roster__opportunity", "shift__roster__region", "sign_up", "takes_over"
        )
    )


def coming(person: User, now: datetime) -> list[Duty]:
    """Confirmed shifts to come, the soonest first."""
    found = duties_of(person).filter(state=DutyState.CONFIRMED, shift__ends_at__gt=now)
    return list(found.order_by("shift__starts_at", "pk"))


def swaps_asked_of(person: User, now: datetime) -> list[Swap]:
    rows = Swap.objects.filter(colleague=person, state=SwapState.ASKED, duty__shift__starts_at__gt=now)
    return list(
        rows.select_related(
            "duty__person", "duty__shift__roster__contract", "duty__shift__roster__opportunity", "in_return__shift"
        ).order_by("duty__shift__starts_at", "pk")
    )


def swaps_of(person: User) -> dict[int, Swap]:
    """Duty → what was asked of a colleague about it and waits for his answer."""
    rows = Swap.objects.filter(duty__person=person, state=SwapState.ASKED).select_related("colleague")
    return {swap.duty_id: swap for swap in rows}


def invitations(user: User, now: datetime) -> list[Roster]:
    """Open rosters for which ``user`` may offer and has not. A fixed number of queries."""
    rosters = list(
        rules.visible_to(user)
        .filter(state=RosterState.OPEN, offers_until__gt=now)
        .exclude(offers__person=user.pk)
        .select_related("contract__award__lot__product_version")
        .order_by("offers_until", "pk")[:MOST_INVITATIONS]
    )
    may = people.capacities(user, rosters, timezone.localdate(now))
    return [roster for roster in rosters if roster.pk in may]


def rosters_for(user: Any, now: datetime) -> QuerySet[Roster]:
    """The list: those to come first. ``coming``: the free places of shifts to come."""
    return (
        rules.visible_to(user)
        .annotate(
            places=Sum("shifts__places"),
            taken=Sum("shifts__taken"),
            coming=Sum(F("shifts__places") - F("shifts__taken"), filter=Q(shifts__starts_at__gt=now)),
        )
        .order_by("-ends_on", "-pk")
    )
