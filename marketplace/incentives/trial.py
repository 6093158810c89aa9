"""A policy tried on the past year's record before it binds anybody: what it would have cost, who would have gained."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.ledger import codes
from marketplace.ledger.selectors import balances_of
from marketplace.timesheets.models import Capacity, ServiceSession
from marketplace.timesheets.states import SessionState

from .accrual import points_of_session, served_under, subsidy_of_day
from .models import Entitlement, EntitlementKind, Policy, StarGrant
from .policy_rules import PolicyRules, read_rules
from .states import PolicyState

YEAR = timedelta(days=365)


@dataclass(slots=True)
class Standing:
    """One person's past year under the tried rules, and (``…_before``) what it really gave. Minutes, points, yuan."""

    person: User
    volunteer_minutes: int = 0
    subsidised_minutes: int = 0
    points: int = 0
    subsidy: Decimal = Decimal(0)
    star: int = 0
    points_before: int = 0
    subsidy_before: Decimal = Decimal(0)
    star_before: int = 0

    @property
    def gain(self) -> tuple[Decimal, int, int]:
        """What the person would have had more (or less): yuan, stars, points."""
        return self.subsidy - self.subsidy_before, self.star - self.star_before, self.points - self.points_before

    @property
    def more(self) -> bool:
        return self.gain > (0, 0, 0)

    @property
    def less(self) -> bool:
        return self.gain < (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Trial:
    """The days tried (both inclusive) and everybody who served on them, who gains most first."""

    since: date
    until: date
    people: list[Standing]

    @property
    def cost(self) -> Decimal:
        return sum((p.subsidy for p in self.people), Decimal(0))

    @property
    def cost_before(self) -> Decimal:
        return sum((p.subsidy_before for p in self.people), Decimal(0))

    @property
    def gaining(self) -> int:
        return sum(p.more for p in self.people)

    @property
    def losing(self) -> int:
        return sum(p.less for p in self.people)


def try_policy(policy: Policy, *, today: date) -> Trial:
    """``policy`` as if it had been in force for the 365 days before ``today``. Six queries; nothing is written.

    Confirmed service in its region counts, except where the policy of a smaller region held that day: the rules and
    the arithmetic are those of the accrual.
    """
    since, until = today - YEAR, today - timedelta(days=1)
    rules = read_rules(policy.rules)
    served = _served(policy, since, until)
    paid = Entitlement.objects.filter(session=OuterRef("pk"), kind=EntitlementKind.MINUTES)
    sessions = served.annotate(granted=Exists(paid)).order_by("person_id", "began", "pk")
    people = User.objects.in_bulk(set(sessions.values_list("person_id", flat=True)))
    standings = {pk: Standing(person) for pk, person in people.items()}
    _apply(rules, sessions, standings)
    granted = Entitlement.objects.filter(session__in=served.values("pk")).values_list("person_id", "kind")
    for person_id, kind, amount in granted.annotate(total=Sum("amount")).order_by("person_id", "kind"):
        if kind == EntitlementKind.POINTS:
            standings[person_id].points_before = int(amount)
        elif kind == EntitlementKind.SUBSIDY:
            standings[person_id].subsidy_before = amount
    held = StarGrant.objects.filter(person__in=people).order_by("level")
    for person_id, level in held.values_list("person_id", "level"):
        standings[person_id].star_before = level
        # A star that was granted stays.
        standings[person_id].star = max(standings[person_id].star, level)
    ordered = sorted(standings.values(), key=lambda s: (*(-g for g in s.gain), s.person.pk))
    return Trial(since, until, ordered)


def _served(policy: Policy, since: date, until: date) -> QuerySet[ServiceSession]:
    low, high = policy.region.code_range
    found = ServiceSession.objects.annotate(began=Lower("period")).filter(
        served_under(policy, since, until),
        state=SessionState.CONFIRMED,
        capacity__in=[Capacity.VOLUNTEER, Capacity.SUBSIDISED],
    )
    closer = Policy.objects.filter(state=PolicyState.ADOPTED, region_id__gte=low, region_id__lt=high)
    for other in closer.filter(region__level__gt=policy.region.level).select_related("region").order_by("pk"):
        found = found.exclude(served_under(other))
    return found


def _apply(rules: PolicyRules, sessions: QuerySet[ServiceSession], standings: dict[int, Standing]) -> None:
    """Fill ``standings`` with what ``rules`` give for ``sessions``, which come in the order of service."""
    volunteered: defaultdict[tuple[int, date], int] = defaultdict(int)
    subsidised: defaultdict[tuple[int, date], int] = defaultdict(int)
    owed: defaultdict[tuple[int, date], Decimal] = defaultdict(Decimal)
    lifetime = balances_of([codes.person_minutes(pk) for pk in standings])
    total = {pk: int(lifetime.get(codes.person_minutes(pk), 0)) for pk in standings}
    columns = ("person_id", "capacity", "decided_minutes", "region__tier", "began", "granted")
    for pk, capacity, minutes, tier, began, granted in sessions.values_list(*columns).iterator():
        standing, day = standings[pk], (pk, timezone.localdate(began))
        factor, served = rules.uplift(tier), minutes or 0
        if capacity == Capacity.VOLUNTEER:
            standing.points += points_of_session(rules, served, volunteered[day], factor)[1]
            volunteered[day] += served
            standing.volunteer_minutes += served
            total[pk] += 0 if granted else served
        else:
            subsidised[day] += served
            due = subsidy_of_day(rules, subsidised[day], factor)
            standing.subsidy += max(Decimal(0), due - owed[day])
            owed[day] = max(owed[day], due)
            standing.subsidised_minutes += served
    for pk, standing in standings.items():
        standing.star = rules.star(total[pk])
