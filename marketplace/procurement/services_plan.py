"""Plans: what a bureau means to buy, from which money, by which method and why; decided by a second officer."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from moneyed import CNY, Money

from catalog.errors import ProductNotPublished
from catalog.pages import ServicePage
from marketplace.accounts.models import Organisation, User
from marketplace.audit.models import Event
from marketplace.audit.services import record
from marketplace.core.errors import DomainError, InvalidInput, StaleState
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import yuan
from marketplace.core.words import money_words
from marketplace.statutes.selectors import value

from . import budget, rules
from .budget import BudgetOverrun
from .errors import DrafterDecides, SplitPurchase
from .models_tender import BudgetLine, Method, Plan
from .repeats import made_before
from .states import PLAN, PlanState, TenderState

_TEXTS = ("title", "title_en", "method_reason", "need")
#: A plan whose tenders all failed or were cancelled holds its money still: it may be tendered again.
_ENDED = (TenderState.FAILED, TenderState.CANCELLED)


@transaction.atomic
def open_budget_line(
    *,
    actor: User,
    organisation: Organisation,
    fiscal_year: int,
    code: str,
    name: str,
    appropriated: Money,
    now: datetime,
    name_en: str = "",
    request_key: uuid.UUID | None = None,
) -> BudgetLine:
    """Enter appropriated money of a year and make it available. The same ``request_key`` answers with the first result.

    Raises:
        InvalidInput: no positive amount, or the code stands already for this year.
        RequestKeyTaken
    """
    require(rules.can_open_budget_line, actor, organisation)
    if (made := made_before(BudgetLine, request_key, organisation_id=organisation.pk)) is not None:
        return made
    if (problem := _amount_problem(appropriated, "appropriated")) is not None:
        raise problem
    try:
        with transaction.atomic():
            line = BudgetLine.objects.create(
                organisation=organisation,
                fiscal_year=fiscal_year,
                code=code.strip(),
                name=name.strip(),
                name_en=name_en.strip(),
                appropriated=appropriated,  # type: ignore[misc]
                request_key=request_key,
            )
    except IntegrityError as error:
        raise InvalidInput(
            _("This budget code already stands for this year."), code="budget_code_taken", field="code"
        ) from error
    budget.open_line(line, actor=actor, now=now)
    record(
        actor=actor,
        action="budget.open",
        subject=line,
        now=now,
        data={"year": fiscal_year, "code": line.code, "appropriated": str(appropriated.amount)},
    )
    return line


@transaction.atomic
def draft_plan(
    *,
    actor: User,
    organisation: Organisation,
    budget_line: BudgetLine,
    product: ServicePage,
    title: str,
    amount: Money,
    method: str,
    method_reason: str,
    need: str,
    service_from: date,
    service_to: date,
    now: datetime,
    title_en: str = "",
    request_key: uuid.UUID | None = None,
) -> Plan:
    """Begin a plan. Nothing is bound yet. The same ``request_key`` answers with the first result.

    Raises:
        InvalidInput, ProductNotPublished, RequestKeyTaken
    """
    require(rules.can_draft, actor, organisation)
    if (made := made_before(Plan, request_key, organisation_id=organisation.pk, drafted_by_id=actor.pk)) is not None:
        return made
    plan = Plan(organisation=organisation, drafted_by=actor, created_at=now, request_key=request_key)
    _fill(plan, budget_line, product, amount, method, service_from, service_to, now)
    for name, text in zip(_TEXTS, (title, title_en, method_reason, need), strict=True):
        setattr(plan, name, text.strip())
    plan.save()
    record(actor=actor, action="plan.draft", subject=plan, now=now, data={"amount": str(amount.amount)})
    return plan


@transaction.atomic
def update_plan(
    *,
    actor: User,
    plan: Plan,
    budget_line: BudgetLine,
    product: ServicePage,
    title: str,
    amount: Money,
    method: str,
    method_reason: str,
    need: str,
    service_from: date,
    service_to: date,
    now: datetime,
    title_en: str = "",
) -> Plan:
    """Change a draft or a returned plan. Whoever changes it cannot approve it."""
    plan = lock_row(Plan, plan.pk)
    require(rules.can_edit_plan, actor, plan)
    _fill(plan, budget_line, product, amount, method, service_from, service_to, now)
    for name, text in zip(_TEXTS, (title, title_en, method_reason, need), strict=True):
        setattr(plan, name, text.strip())
    plan.save()
    record(actor=actor, action="plan.edit", subject=plan, now=now, data={"amount": str(amount.amount)})
    return plan


@transaction.atomic
def submit_plan(*, actor: User, plan: Plan, now: datetime) -> Plan:
    """Hand the plan to the approving officer.

    Raises:
        BudgetOverrun, SplitPurchase: told now, and checked again at the approval.
    """
    plan = lock_row(Plan, plan.pk)
    require(rules.can_edit_plan, actor, plan)
    _check_money(plan, now)
    apply_transition(PLAN, plan, "submit", actor=actor, now=now)
    return plan


@transaction.atomic
def approve_plan(*, actor: User, plan: Plan, now: datetime, note: str = "") -> Plan:
    """A second officer agrees; the amount must be available, and the year's purchases not split.

    Raises:
        DrafterDecides, BudgetOverrun, SplitPurchase, IllegalTransition
    """
    plan = lock_row(Plan, plan.pk)
    _check_decider(actor, plan)
    # Approvals from one line wait for each other, so that two cannot take the same money.
    lock_row(BudgetLine, plan.budget_line_id)
    lock_name(f"plans:{plan.budget_line_id}:{plan.product_id}")
    _check_money(plan, now)
    _decide(plan, "approve", actor, note, now)
    return plan


@transaction.atomic
def return_plan(*, actor: User, plan: Plan, note: str, now: datetime) -> Plan:
    """Give the plan back with what has to change."""
    plan = lock_row(Plan, plan.pk)
    _check_decider(actor, plan)
    if not note.strip():
        raise InvalidInput(_("Say what has to be changed: this note is all the drafter will see."), field="note")
    _decide(plan, "return", actor, note, now)
    return plan


@transaction.atomic
def cancel_plan(*, actor: User, plan: Plan, reason: str, now: datetime) -> Plan:
    """Give the plan up, if no tender of it goes on."""
    plan = lock_row(Plan, plan.pk)
    require(rules.can_cancel_plan, actor, plan)
    if not reason.strip():
        raise InvalidInput(_("Say why the plan is cancelled: the reason stays on record."), field="reason")
    if is_under_way(plan):
        raise StaleState(_("A tender of this plan is under way. Cancel that first."), code="tender_under_way")
    apply_transition(PLAN, plan, "cancel", actor=actor, now=now, reason=reason.strip())
    return plan


def is_under_way(plan: Plan) -> bool:
    """Whether a tender of the plan goes on."""
    return plan.tenders.exclude(state__in=_ENDED).exists()


def bound_by_plans(line: BudgetLine, *, but: Plan | None = None) -> Money:
    """What approved plans of the line will take that no published tender has reserved yet."""
    return bound_of([line], but=but)[line.pk]


def bound_of(lines: list[BudgetLine], *, but: Plan | None = None) -> dict[int, Money]:
    """The same for several lines, by their keys, in one query."""
    keys = [line.pk for line in lines]
    waiting = Plan.objects.filter(budget_line__in=keys, state=PlanState.APPROVED).exclude(
        pk__in=Plan.objects.filter(
            budget_line__in=keys, tenders__published_at__isnull=False, tenders__state__in=_RESERVING
        ).values("pk")
    )
    if but is not None:
        waiting = waiting.exclude(pk=but.pk)
    totals = dict(waiting.order_by().values_list("budget_line").annotate(total=Sum("amount")))
    return {pk: yuan(totals.get(pk, 0)) for pk in keys}


_RESERVING = (
    TenderState.PUBLISHED,
    TenderState.OPENED,
    TenderState.EVALUATED,
    TenderState.AWARDED,
    TenderState.CONTRACTED,
)


def open_tender_threshold(organisation: Organisation, on: date) -> Money:
    """From this sum on purchases of one kind in a year take an open tender (条例 art. 28)."""
    return yuan(value("open_tender_threshold", on, organisation.region_id))


def split_total(plan: Plan) -> Money:
    """This plan with the approved ones of the same year, budget line and product that are no open tenders."""
    others = Plan.objects.filter(
        budget_line_id=plan.budget_line_id, product_id=plan.product_id, state=PlanState.APPROVED
    ).exclude(pk=plan.pk)
    total = others.exclude(method=Method.OPEN).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return yuan(total + plan.amount.amount)


def problems_of(
    *,
    organisation: Organisation,
    on: date,
    budget_line: BudgetLine | None = None,
    product: ServicePage | None = None,
    amount: Money | None = None,
    service_from: date | None = None,
    service_to: date | None = None,
) -> list[DomainError]:
    """All that keeps a plan from being kept, in the order of the form; each names its field. None: not to be judged yet."""
    found: list[DomainError] = []
    if product is not None and not product.live:
        found.append(ProductNotPublished(field="product"))
    if budget_line is not None and budget_line.organisation_id != organisation.pk:
        found.append(InvalidInput(_("Choose a budget line of your own organisation."), field="budget_line"))
    if amount is not None and (problem := _amount_problem(amount, "amount")) is not None:
        found.append(problem)
    if service_from is not None and service_to is not None:
        found += _term_problems(service_from, service_to, on, organisation)
    return found


def _term_problems(service_from: date, service_to: date, on: date, organisation: Organisation) -> list[InvalidInput]:
    if service_to < service_from:
        return [InvalidInput(_("The last day lies before the first. Exchange the two dates."), field="service_to")]
    years = int(value("service_term_max", on, organisation.region_id))
    longest = _years_after(service_from, years)
    if service_to < longest:
        return []
    return [
        InvalidInput(
            _("Services may be bought for at most %(years)s years (MOF Order 102, art. 24). End before %(longest)s."),
            code="service_term",
            field="service_to",
            years=years,
            longest=longest.isoformat(),
        )
    ]


def _fill(
    plan: Plan,
    line: BudgetLine,
    product: ServicePage,
    amount: Money,
    method: str,
    service_from: date,
    service_to: date,
    now: datetime,
) -> None:
    for problem in problems_of(
        organisation=plan.organisation,
        on=timezone.localdate(now),
        budget_line=line,
        product=product,
        amount=amount,
        service_from=service_from,
        service_to=service_to,
    ):
        raise problem
    plan.budget_line, plan.product, plan.amount, plan.method = line, product, amount, Method(method)
    plan.service_from, plan.service_to = service_from, service_to


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)


def _amount_problem(amount: Money, field: str) -> InvalidInput | None:
    if amount.currency != CNY or amount.amount <= 0:
        return InvalidInput(_("Enter an amount above zero, in yuan."), field=field)
    return None


def _check_money(plan: Plan, now: datetime) -> None:
    line = plan.budget_line
    available = budget.state_of(line).available - bound_by_plans(line, but=plan)
    if plan.amount > available:
        raise BudgetOverrun(line, max(available, yuan(0)), plan.amount - available, field="amount")
    if plan.method == Method.OPEN:
        return
    threshold = open_tender_threshold(plan.organisation, timezone.localdate(now))
    total = split_total(plan)
    if total >= threshold:
        raise SplitPurchase(field="method", total=money_words(total), over=money_words(total - threshold))


def _check_decider(actor: User, plan: Plan) -> None:
    require(rules.can_decide_plan, actor, plan)
    if plan.drafted_by_id == actor.pk or has_edited(actor, plan):
        raise DrafterDecides


def has_edited(actor: User, subject: Plan | Any) -> bool:
    """Whether the record names ``actor`` among those who drafted or changed it."""
    return Event.objects.filter(
        actor_id=actor.pk,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        action__in=[f"{subject._meta.model_name}.{verb}" for verb in ("draft", "edit", "submit")],
    ).exists()


def _decide(plan: Plan, action: str, actor: User, note: str, now: datetime) -> None:
    apply_transition(
        PLAN,
        plan,
        action,
        actor=actor,
        now=now,
        reason=note.strip(),
        changes={"decided_by": actor, "decided_at": now, "decision_note": note.strip()},
    )
