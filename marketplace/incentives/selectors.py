"""Which policy holds, and where a person stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from marketplace.accounts.models import Organisation, User
from marketplace.ledger import codes
from marketplace.ledger.selectors import balance
from marketplace.regions.models import Region
from marketplace.timesheets.models import Capacity
from marketplace.timesheets.selectors import year_summary

from .models import Entitlement, EntitlementKind, PayoutClaim, Policy, StarGrant
from .policy_rules import PolicyRules, read_rules
from .states import ClaimState, PolicyState


def policy_for(region: Region, on: date) -> Policy | None:
    """The policy in force for ``region`` on ``on``: that of the smallest region that contains it."""
    codes_above = [region.code, *region.ancestor_codes]
    return (
        Policy.objects.filter(state=PolicyState.ADOPTED, region_id__in=codes_above, valid_from__lte=on)
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .select_related("payer", "region")
        .order_by("-region__level")
        .first()
    )


def in_the_way(policy: Policy) -> Policy | None:
    """What is in force in the same region on a day of ``policy``, and so keeps it from being adopted."""
    there = Policy.objects.filter(state=PolicyState.ADOPTED, region_id=policy.region_id).exclude(pk=policy.pk)
    if policy.valid_to is not None:
        there = there.filter(valid_from__lte=policy.valid_to)
    return there.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=policy.valid_from)).order_by("valid_from").first()


def claimable(person: User) -> dict[Organisation, Decimal]:
    """payer → yuan that ``person`` may claim from it now: granted under its policies, not claimed yet, no claim under way.

    Together never more than what stands on the person's account and is not claimed: a grant may have been corrected.
    """
    mine = Entitlement.objects.filter(person=person, kind=EntitlementKind.SUBSIDY)
    granted = mine.values_list("policy__payer").annotate(total=Sum("amount")).order_by("policy__payer")
    claims = list(
        PayoutClaim.objects.filter(person=person)
        .exclude(state=ClaimState.RETURNED)
        .values_list("payer_id", "state", "amount")
    )
    under_way = {payer: amount for payer, state, amount in claims if state != ClaimState.PAID}
    left = balance(codes.person_subsidy(person.pk)) - sum(under_way.values(), Decimal(0))
    payers = Organisation.objects.in_bulk([payer for payer, _total in granted])
    found: dict[Organisation, Decimal] = {}
    for payer, total in granted:
        amount = min(left, total - sum((amount for other, _state, amount in claims if other == payer), Decimal(0)))
        if amount > 0 and payer not in under_way:
            found[payers[payer]] = amount
            left -= amount
    return found


def days_claimed(claims: Iterable[PayoutClaim]) -> dict[int, list[Entitlement]]:
    """claim → the subsidised service it asks to be paid for, the oldest first: two queries, however many claims.

    A claim takes all that its payer had granted by then, so that is what was granted since the claim before it; what a
    returned claim asked for is asked for again by the next.
    """
    wanted = list(claims)
    people = {claim.person_id for claim in wanted}
    taken: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    kept = PayoutClaim.objects.filter(person__in=people).exclude(state=ClaimState.RETURNED)
    for person, payer, at in kept.values_list("person_id", "payer_id", "submitted_at"):
        taken[person, payer].append(at)
    granted: dict[tuple[int, int], list[Entitlement]] = defaultdict(list)
    subsidies = Entitlement.objects.filter(person__in=people, kind=EntitlementKind.SUBSIDY)
    for each in subsidies.select_related("policy", "session__region").order_by("service_date", "pk"):
        granted[each.person_id, each.policy.payer_id].append(each)
    found = {}
    for claim in wanted:
        whose = (claim.person_id, claim.payer_id)
        before = max((at for at in taken[whose] if at < claim.submitted_at), default=None)
        found[claim.pk] = [
            each
            for each in granted[whose]
            if each.granted_at <= claim.submitted_at and (before is None or each.granted_at > before)
        ]
    return found


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """A person's year and lifetime, in minutes, points and yuan."""

    year: int
    #: volunteered, or against a subsidy: both count for the target of the year
    unpaid_minutes: int
    #: of these, subsidised: it earns no minutes towards a star
    subsidised_minutes: int
    contract_minutes: int
    waiting_minutes: int
    waiting_times: int
    target_minutes: int
    lifetime_minutes: int
    points: int
    subsidy: Decimal
    paid_out: Decimal
    star: int
    next_star: int | None
    minutes_to_next_star: int | None

    @property
    def is_national_target(self) -> bool:
        """Whether no local policy asks for more or less."""
        return self.target_minutes == DEFAULT_TARGET_MINUTES


DEFAULT_TARGET_MINUTES = 3000  # 50 hours a year (司发通〔2019〕105号), where no local policy is in force


def person_summary(person: User, year: int, *, today: date) -> PersonSummary:
    """Where ``person`` stands in ``year``; stars and target by the policy of the person's home today."""
    served = year_summary(person, year)
    policy = policy_for(person.home_region, today) if person.home_region else None
    rules: PolicyRules | None = read_rules(policy.rules) if policy else None
    lifetime = int(balance(codes.person_minutes(person.pk)))
    star = StarGrant.objects.filter(person=person).order_by("-level").values_list("level", flat=True).first() or 0
    upcoming = rules.next_star(lifetime) if rules else None
    return PersonSummary(
        year=year,
        unpaid_minutes=served["unpaid"],
        subsidised_minutes=served[Capacity.SUBSIDISED],
        contract_minutes=served[Capacity.CONTRACT],
        waiting_minutes=served["waiting_minutes"],
        waiting_times=served["waiting_times"],
        target_minutes=rules.annual_target_minutes if rules else DEFAULT_TARGET_MINUTES,
        lifetime_minutes=lifetime,
        points=int(balance(codes.person_points(person.pk))),
        subsidy=balance(codes.person_subsidy(person.pk)),
        paid_out=balance(codes.person_paid_out(person.pk)),
        star=star,
        next_star=upcoming[0] if upcoming else None,
        minutes_to_next_star=upcoming[1] - lifetime if upcoming else None,
    )
