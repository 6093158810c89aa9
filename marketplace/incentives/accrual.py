"""From a confirmed session to minutes, points, subsidy and stars: once, whoever asks how often.

A minute served under contract is paid by the contract and earns nothing here; a subsidised one earns money, a
voluntary one minutes and points (民政部令第67号 arts. 16, 19). The lock on the person orders everything that one
person earns; unique entitlements and idempotency keys make a second accrual find the first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import override
from moneyed import Money

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.mail import LANGUAGES
from marketplace.core.units import FEN, minutes, points, yuan
from marketplace.ledger import codes
from marketplace.ledger import services as ledger
from marketplace.ledger.codes import Purpose
from marketplace.ledger.errors import InsufficientBalance
from marketplace.ledger.models import MEMO_LENGTH
from marketplace.ledger.selectors import balance
from marketplace.timesheets.models import Capacity, ServiceSession
from marketplace.timesheets.selectors import day_start
from marketplace.timesheets.states import SessionState

from . import errors
from .models import Entitlement, EntitlementKind, Policy, StarGrant
from .policy_rules import PolicyRules, read_rules
from .selectors import policy_for
from .states import PolicyState


@transaction.atomic
def accrue_session(session_id: int, *, now: datetime) -> list[Entitlement]:
    """Grant what the policy of the session's place and day promises; [] where nothing is (or was) due.

    Raises:
        FundTooSmall: the payer's fund cannot cover the subsidy; nothing is granted, a later sweep tries again.
    """
    session = ServiceSession.objects.select_related("person", "region").get(pk=session_id)
    if session.state != SessionState.CONFIRMED or session.capacity == Capacity.CONTRACT:
        return []
    lock_row(User, session.person_id)
    if Entitlement.objects.filter(session=session).exists():
        return []
    day = timezone.localdate(session.period.lower)
    policy = policy_for(session.region, day)
    if policy is None:
        return []
    rules = read_rules(policy.rules)
    ledger.open_person_accounts(user_id=session.person_id, name=str(session.person))
    if session.capacity == Capacity.SUBSIDISED:
        granted = _grant_subsidy(session, policy, rules, day, now)
    else:
        granted = _grant_minutes_and_points(session, policy, rules, day, now)
        _grant_stars(session.person, policy, rules, now)
    return granted


def sweep_accruals(*, now: datetime, limit: int = 500) -> int:
    """Accrue confirmed sessions that a lost event or an empty fund left behind; how many were granted now."""
    promised = Q()
    for policy in Policy.objects.filter(state=PolicyState.ADOPTED).select_related("region"):
        promised |= served_under(policy)
    if not promised:
        return 0
    # What no policy ever promised anything for is left out: it would stand before what waits, again and again.
    waiting = (
        ServiceSession.objects.annotate(began=Lower("period"))
        .filter(promised, state=SessionState.CONFIRMED, capacity__in=[Capacity.VOLUNTEER, Capacity.SUBSIDISED])
        .filter(~Exists(Entitlement.objects.filter(session=OuterRef("pk"))))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    done = 0
    for pk in list(waiting):
        try:
            done += bool(accrue_session(pk, now=now))
        except errors.FundTooSmall:
            continue
        if done == limit:
            break
    return done


def served_under(policy: Policy, since: date | None = None, until: date | None = None) -> Q:
    """Sessions (annotated with ``began``) in the policy's region on its days, or on those from ``since`` to ``until``."""
    low, high = policy.region.code_range
    since, until = since or policy.valid_from, until or policy.valid_to
    there = Q(region_id__gte=low, region_id__lt=high, began__gte=day_start(since))
    return there if until is None else there & Q(began__lt=day_start(until + timedelta(days=1)))


def _grant_minutes_and_points(
    session: ServiceSession, policy: Policy, rules: PolicyRules, day: date, now: datetime
) -> list[Entitlement]:
    served = session.decided_minutes or 0
    earlier = _day_total(session.person, day, EntitlementKind.MINUTES, session.pk)
    factor = rules.uplift(session.region.tier)
    counted, earned = points_of_session(rules, served, int(earlier), factor)
    granted = [
        _grant(
            session,
            policy,
            EntitlementKind.MINUTES,
            minutes(served),
            debit=codes.system_minutes(),
            credit=codes.person_minutes(session.person_id),
            purpose=Purpose.MINUTES,
            day=day,
            now=now,
            explanation={"served": served},
        )
    ]
    if earned > 0:
        granted.append(
            _grant(
                session,
                policy,
                EntitlementKind.POINTS,
                points(earned),
                debit=codes.system_points(),
                credit=codes.person_points(session.person_id),
                purpose=Purpose.POINTS,
                day=day,
                now=now,
                explanation={
                    "served": served,
                    "counted": counted,
                    "earlier_that_day": int(earlier),
                    "daily_cap": rules.daily_cap_minutes,
                    "per_minute": str(rules.points_per_minute),
                    "uplift": str(factor),
                },
            )
        )
    return granted


def _grant_subsidy(
    session: ServiceSession, policy: Policy, rules: PolicyRules, day: date, now: datetime
) -> list[Entitlement]:
    """The day's subsidy is the full rate times the share of a full day served; this session earns the difference."""
    earlier = ServiceSession.objects.filter(
        Q(entitlements__kind=EntitlementKind.SUBSIDY, entitlements__service_date=day, entitlements__policy=policy),
        person=session.person,
    ).exclude(pk=session.pk)
    earlier_minutes = earlier.aggregate(total=Sum("decided_minutes"))["total"] or 0
    total_minutes = earlier_minutes + (session.decided_minutes or 0)
    factor = rules.uplift(session.region.tier)
    due = subsidy_of_day(rules, total_minutes, factor)
    already = _day_total(session.person, day, EntitlementKind.SUBSIDY, session.pk, policy)
    amount = due - already
    if amount <= 0:
        return []
    ledger.open_incentive_fund(organisation_id=policy.payer_id, name=str(policy.payer))
    try:
        return [
            _grant(
                session,
                policy,
                EntitlementKind.SUBSIDY,
                yuan(amount),
                debit=codes.incentive_fund(policy.payer_id),
                credit=codes.person_subsidy(session.person_id),
                purpose=Purpose.SUBSIDY,
                day=day,
                now=now,
                explanation={
                    "minutes_of_day": total_minutes,
                    "day_minutes": rules.day_minutes,
                    "per_day": str(rules.subsidy_per_day),
                    "uplift": str(factor),
                    "already_granted": str(already),
                },
            )
        ]
    except InsufficientBalance as error:
        raise errors.FundTooSmall(payer=str(policy.payer)) from error


def points_of_session(rules: PolicyRules, served: int, earlier: int, factor: Decimal) -> tuple[int, int]:
    """(minutes that earn, whole points) of ``served`` minutes after ``earlier`` ones of that day, up to the day's cap."""
    counted = max(0, min(served, rules.daily_cap_minutes - earlier))
    earned = (counted * rules.points_per_minute * factor).to_integral_value(rounding=ROUND_DOWN)
    return counted, int(earned)


def subsidy_of_day(rules: PolicyRules, minutes_of_day: int, factor: Decimal) -> Decimal:
    """Yuan for a day: rate × uplift × min(1, minutes / full day), to the fen, half up."""
    share = min(Decimal(1), Decimal(minutes_of_day) / rules.day_minutes)
    return (rules.subsidy_per_day * factor * share).quantize(FEN, rounding=ROUND_HALF_UP)


def _grant_stars(person: User, policy: Policy, rules: PolicyRules, now: datetime) -> None:
    reached = int(balance(codes.person_minutes(person.pk)))
    held = set(StarGrant.objects.filter(person=person).values_list("level", flat=True))
    for level, needed in rules.stars:
        if needed <= reached and level not in held:
            star = StarGrant.objects.create(person=person, policy=policy, level=level, minutes=reached, granted_at=now)
            record(actor=None, action="star.grant", subject=star, now=now, data={"level": level, "minutes": reached})


def _day_total(person: User, day: date, kind: str, but_session: int, policy: Policy | None = None) -> Decimal:
    """What the day's other sessions gave; under ``policy`` only, if given: a day at two places may fall under two."""
    rows = Entitlement.objects.filter(person=person, service_date=day, kind=kind).exclude(session_id=but_session)
    if policy is not None:
        rows = rows.filter(policy=policy)
    return rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _memo(session: ServiceSession, policy: Policy, day: date, language: str) -> str:
    """What was served, where and when, and under which policy: whoever reads the payer's statement asks for just that."""
    with override(language):
        served = session.get_kind_display()
    words = (served, localized(session.region, "name", language), day.isoformat(), localized(policy, "title", language))
    return " · ".join(words)[:MEMO_LENGTH]


def _grant(
    session: ServiceSession,
    policy: Policy,
    kind: EntitlementKind,
    amount: Money,
    *,
    debit: str,
    credit: str,
    purpose: str,
    day: date,
    now: datetime,
    explanation: dict[str, object],
) -> Entitlement:
    transfer = ledger.post(
        debit=debit,
        credit=credit,
        amount=amount,
        purpose=purpose,
        key=f"session:{session.pk}:{kind}",
        occurred_at=session.period.upper,
        reference=f"session:{session.pk}",
        memo=_memo(session, policy, day, LANGUAGES[0]),
        memo_en=_memo(session, policy, day, LANGUAGES[1]),
    )
    entitlement = Entitlement.objects.create(  # type: ignore[misc]  # djmoney takes Money
        person=session.person,
        policy=policy,
        session=session,
        kind=kind,
        service_date=day,
        amount=amount,
        explanation=explanation,
        transfer_id=transfer.pk,
        granted_at=now,
    )
    record(
        actor=None,
        action="entitlement.grant",
        subject=entitlement,
        now=now,
        data={"kind": str(kind), "amount": str(amount.amount), "session": session.pk},
    )
    return entitlement
