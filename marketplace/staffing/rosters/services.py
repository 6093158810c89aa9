"""Rosters from the draft to the opening, the closing and the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.words import instant_words
from marketplace.staffing.errors import NotActive
from marketplace.statutes.selectors import TableCalendar
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

from . import errors, letters, people, rules
from .models import Duty, Roster, RosterShift, Swap
from .states import DUTY, ROSTER, SWAP, DutyState, RosterState, SwapState

#: a roster of more would not be read by anybody
MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the day; ``places`` for lawyers (or for whoever may offer), ``helpers`` that need no lawyer."""

    starts: time
    ends: time
    places: int
    helpers: int = 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a roster's shifts come of: the working days of the period, or these days of the week (0: Monday)."""

    starts_on: date
    ends_on: date
    windows: Sequence[Window]
    weekdays: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds whoever comes; see ``models.Roster``."""

    volunteers_welcome: bool = False
    skills: Sequence[str] = ()
    languages: Sequence[str] = ()
    day_minutes: int = 480
    most_minutes: int | None = None
    rest_minutes: int = 30
    radius_minutes: int = 90

    def columns(self) -> dict[str, Any]:
        names = ("volunteers_welcome", "day_minutes", "most_minutes", "rest_minutes", "radius_minutes")
        return {name: getattr(self, name) for name in names} | {
            "skills": list(self.skills),
            "languages": list(self.languages),
        }


# Drafts


@transaction.atomic
def draft_roster(*, actor: User, contract: Contract, pattern: Pattern, terms: Terms, now: datetime) -> Roster:
    """A draft with the shifts of ``pattern``, at the place of the contract's posts.

    Raises:
        PermissionRefused, NotActive, NoDuty, BadPattern, NoShifts, BadShift, UnknownDay
    """
    contract = lock_row(Contract, contract.pk)
    require(rules.can_draft, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise NotActive
    kind = people.kind_of(contract)
    days = (pattern.ends_on - pattern.starts_on).days + 1
    within = contract.starts_on <= pattern.starts_on and pattern.ends_on <= contract.ends_on
    if not (1 <= days <= MOST_DAYS and within and pattern.ends_on >= timezone.localdate(now)):
        raise errors.BadPattern(field="ends_on", days=MOST_DAYS)
    post = contract.posts.select_related("region").order_by("pk").first()
    if post is None:
        raise errors.NoDuty
    asks_licence = bool(contract.award.lot.product_version.content.get("required_credential"))
    times = _times(pattern, now, asks_licence=asks_licence)
    if not times:
        raise errors.NoShifts(field="starts_on")
    roster = Roster.objects.create(
        contract=contract,
        region=post.region,
        kind=kind,
        starts_on=pattern.starts_on,
        ends_on=pattern.ends_on,
        created_by=actor,
        created_at=now,
        **terms.columns(),
    )
    RosterShift.objects.bulk_create(
        RosterShift(roster=roster, starts_at=begin, ends_at=end, places=places, lawyer_needed=lawyer)
        for begin, end, places, lawyer in times
    )
    record(actor=actor, action="roster.draft", subject=roster, now=now, data={"shifts": len(times)})
    return roster


def _times(pattern: Pattern, now: datetime, *, asks_licence: bool) -> list[tuple[datetime, datetime, int, bool]]:
    calendar = TableCalendar()
    found: dict[tuple[datetime, datetime, bool], int] = {}
    day = pattern.starts_on
    while day <= pattern.ends_on:
        works = calendar.day(day).is_working if pattern.weekdays is None else day.weekday() in pattern.weekdays
        for window in pattern.windows if works else ():
            if window.ends <= window.starts or window.places + window.helpers < 1:
                raise errors.BadShift(field="windows")
            begin, end = (timezone.make_aware(datetime.combine(day, at)) for at in (window.starts, window.ends))
            for places, lawyer in ((window.places, True), (window.helpers, False)):
                if places and begin > now:
                    key = begin, end, lawyer and asks_licence
                    found[key] = found.get(key, 0) + places
        day += timedelta(days=1)
    return [(begin, end, places, lawyer) for (begin, end, lawyer), places in sorted(found.items())]


@transaction.atomic
def draft_call_roster(*, actor: User, opportunity: Opportunity, terms: Terms, now: datetime) -> Roster:
    """A draft over the coming shifts of a call for volunteers. Their places stay the call's own.

    Raises:
        PermissionRefused, NotOpen, NoShifts
    """
    opportunity = lock_row(Opportunity, opportunity.pk)
    require(rules.can_draft, actor, opportunity)
    known = Roster.objects.filter(opportunity=opportunity).exclude(state=RosterState.CANCELLED).first()
    if known is not None:
        return known
    if opportunity.state not in (OpportunityState.DRAFT, OpportunityState.OPEN):
        raise NotActive(_("A roster is made for a call that is open. This one is closed: make a new call."))
    shifts = list(opportunity.shifts.filter(starts_at__gt=now).order_by("starts_at", "pk"))
    if not shifts:
        raise errors.NoShifts
    roster = Roster.objects.create(
        opportunity=opportunity,
        region=opportunity.region,
        kind=opportunity.kind,
        starts_on=timezone.localdate(shifts[0].starts_at),
        ends_on=max(timezone.localdate(shift.starts_at) for shift in shifts),
        created_by=actor,
        created_at=now,
        **(terms.columns() | {"volunteers_welcome": True}),
    )
    RosterShift.objects.bulk_create(
        RosterShift(
            roster=roster,
            volunteer_shift=shift,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            places=shift.places,
            lawyer_needed=bool(opportunity.required_credential),
        )
        for shift in shifts
    )
    record(actor=actor, action="roster.draft", subject=roster, now=now, data={"shifts": len(shifts)})
    return roster


def _draft(roster: Roster, actor: User) -> Roster:
    roster = lock_row(Roster, roster.pk)
    require(rules.can_manage, actor, roster)
    if roster.state != RosterState.DRAFT:
        raise errors.NotDraft
    return roster


@transaction.atomic
def add_shift(
    *,
    actor: User,
    roster: Roster,
    starts_at: datetime,
    ends_at: datetime,
    places: int,
    lawyer_needed: bool,
    now: datetime,
) -> RosterShift:
    """One more shift of a contract's draft.

    Raises:
        PermissionRefused, NotDraft, BadShift, ShiftTwice
    """
    roster = _draft(roster, actor)
    day = timezone.localdate(starts_at)
    if (
        not (now < starts_at < ends_at and day == timezone.localdate(ends_at) and 1 <= places <= 500)
        or not roster.starts_on <= day <= roster.ends_on
        or roster.opportunity_id is not None
    ):
        raise errors.BadShift(field="starts")
    try:
        with transaction.atomic():
            shift = RosterShift.objects.create(
                roster=roster, starts_at=starts_at, ends_at=ends_at, places=places, lawyer_needed=lawyer_needed
            )
    except IntegrityError as error:
        raise errors.ShiftTwice(field="starts") from error
    record(actor=actor, action="roster.add_shift", subject=roster, now=now, data=_named(shift))
    return shift


@transaction.atomic
def change_shift(*, actor: User, shift: RosterShift, places: int, lawyer_needed: bool, now: datetime) -> RosterShift:
    """Other places, or another need, in a draft. The places of a call's shift are the call's.

    Raises:
        PermissionRefused, NotDraft, BadShift, ShiftTwice
    """
    roster = _draft(shift.roster, actor)
    shift = lock_row(RosterShift, shift.pk)
    if not 1 <= places <= 500 or (shift.volunteer_shift_id is not None and places != shift.places):
        raise errors.BadShift(field="places")
    was = {"places": shift.places, "lawyer_needed": shift.lawyer_needed}
    shift.places, shift.lawyer_needed = places, lawyer_needed
    try:
        with transaction.atomic():
            shift.save(update_fields=["places", "lawyer_needed"])
    except IntegrityError as error:
        raise errors.ShiftTwice(field="places") from error
    data = _named(shift) | {"was_places": was["places"], "was_lawyer_needed": was["lawyer_needed"]}
    record(actor=actor, action="roster.change_shift", subject=roster, now=now, data=data)
    return shift


@transaction.atomic
def remove_shift(*, actor: User, shift: RosterShift, now: datetime) -> None:
    """Take a shift out of a draft.

    Raises:
        PermissionRefused, NotDraft
    """
    roster = _draft(shift.roster, actor)
    data = _named(shift)
    shift.delete()
    record(actor=actor, action="roster.remove_shift", subject=roster, now=now, data=data)


def _named(shift: RosterShift) -> dict[str, Any]:
    return {
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "places": shift.places,
        "lawyer_needed": shift.lawyer_needed,
    }


# Opening and closing


@transaction.atomic
def open_roster(*, actor: User, roster: Roster, offers_until: datetime, now: datetime) -> Roster:
    """Ask people which shifts they can take, until ``offers_until``. A closed roster is opened again as long as nobody was asked.

    Raises:
        PermissionRefused, NotActive, NoShifts, OnlyLawyers, BadDeadline, DealUnderWay, IllegalTransition
    """
    roster = lock_row(Roster, roster.pk)
    require(rules.can_manage, actor, roster)
    check_alive(roster)
    shifts = list(roster.shifts.all())
    if not shifts:
        raise errors.NoShifts
    if roster.contract_id and roster.volunteers_welcome and all(shift.lawyer_needed for shift in shifts):
        raise errors.OnlyLawyers
    first = min(shift.starts_at for shift in shifts)
    if not now < offers_until < first:
        raise errors.BadDeadline(field="offers_until", first=instant_words(first, now=now))
    again = roster.state == RosterState.CLOSED
    if again and roster.deals.filter(state__in=["queued", "running"]).exists():
        raise errors.DealUnderWay
    apply_transition(
        ROSTER,
        roster,
        "reopen" if again else "open",
        actor=actor,
        now=now,
        changes={"offers_until": offers_until},
        data={"offers_until": offers_until.isoformat(), "shifts": len(shifts)},
    )
    letters.opened(roster, people.lawyers(roster, timezone.localdate(now)))
    return roster


def check_alive(roster: Roster) -> None:
    if roster.contract is not None and roster.contract.state != ContractState.ACTIVE:
        raise NotActive
    if roster.opportunity is not None and roster.opportunity.state != OpportunityState.OPEN:
        raise NotActive(_("The call for volunteers is not open. Open the call first, then its roster."))


def close(roster: Roster, *, actor: User | None, now: datetime) -> None:
    """Take no more offers; in the caller's transaction that holds the roster's lock."""
    apply_transition(ROSTER, roster, "close", actor=actor, now=now, data={"people": roster.offers.count()})


@transaction.atomic
def cancel_roster(*, actor: User | None, roster: Roster, reason: str, now: datetime) -> Roster:
    """Call it off: whoever was asked or has confirmed is let go and told why.

    ``actor`` is None where the contract ended. A call's roster that was published is ended with the call itself.

    Raises:
        PermissionRefused, ReasonMissing, StaleState
    """
    roster = lock_row(Roster, roster.pk)
    if actor is not None:
        require(rules.can_manage, actor, roster)
    if not reason.strip():
        raise errors.ReasonMissing(field="reason")
    if roster.opportunity_id is not None and roster.state == RosterState.PUBLISHED:
        raise errors.NotDraft(_("People hold places of the call. Cancel the call for volunteers itself."))
    for deal in roster.deals.filter(state__in=["queued", "running", "done"]).order_by("pk"):
        from .deals import give_up  # which imports this module

        give_up(deal, actor=actor, now=now)
    live = [DutyState.COMPUTED, DutyState.PROPOSED, DutyState.CONFIRMED]
    duties = Duty.objects.filter(shift__roster=roster, shift__starts_at__gt=now, state__in=live)
    touched: dict[int, User] = {}
    for duty in duties.select_related("person", "shift").select_for_update(of=("self",)).order_by("pk"):
        end_swaps(duty, actor=actor, now=now)
        if duty.state != DutyState.COMPUTED:
            touched[duty.person_id] = duty.person
        changes = {"note": reason.strip()}
        apply_transition(DUTY, duty, "withdraw", actor=actor, now=now, reason=reason.strip(), changes=changes)
    apply_transition(
        ROSTER,
        roster,
        "cancel",
        actor=actor,
        now=now,
        reason=reason.strip(),
        changes={"cancel_reason": reason.strip()},
    )
    letters.cancelled(roster, touched.values(), reason.strip())
    return roster


def end_swaps(duty: Duty, *, actor: User | None, now: datetime) -> None:
    """What was asked of colleagues about ``duty`` is off."""
    asked = Swap.objects.filter(Q(duty=duty) | Q(in_return=duty), state=SwapState.ASKED).order_by("pk")
    for swap in asked:
        apply_transition(SWAP, swap, "withdraw", actor=actor, now=now, changes={"answered_at": now})
