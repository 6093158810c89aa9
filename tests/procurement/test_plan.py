"""Budget lines and plans: the money is there, it is not split, and nobody approves his own."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.core.units import yuan
from marketplace.ledger.models import Transfer
from marketplace.procurement import budget, services_plan
from marketplace.procurement.budget import BudgetOverrun
from marketplace.procurement.errors import DrafterDecides, SplitPurchase
from marketplace.procurement.models import BudgetLine, Method, Plan
from tests.factories.accounts import make_membership
from tests.factories.procurement import make_budget_line, make_bureau, make_plan

pytestmark = pytest.mark.django_db


def test_a_line_is_opened_with_its_appropriation(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=830_000)
    state = budget.state_of(line)
    assert (state.available, state.reserved, state.committed, state.spent) == (
        yuan(830_000), yuan(0), yuan(0), yuan(0),
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        make_budget_line(bureau, code=line.code)
    assert refused.value.code == "budget_code_taken"
    assert BudgetLine.objects.count() == 1


def test_only_the_finance_officer_opens_a_line(now):
    bureau = make_bureau()
    bureau.finance = bureau.officer
    with pytest.raises(PermissionRefused):
        make_budget_line(bureau)
    assert not Transfer.objects.exists()


def test_a_plan_is_approved_by_a_second_officer(now):
    plan = make_plan(amount=830_000)
    assert plan.state == "approved"
    assert plan.decided_by != plan.drafted_by
    assert list(
        Event.objects.filter(subject_type="procurement.plan").order_by("id").values_list("action", flat=True)
    ) == ["plan.draft", "plan.submit", "plan.approve"]


def test_the_drafter_does_not_approve_whatever_his_roles(now):
    bureau = make_bureau()
    make_membership(bureau.officer, bureau.organisation, Role.APPROVER)
    plan = make_plan(bureau, approved=False)
    services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now)
    with pytest.raises(DrafterDecides):
        services_plan.approve_plan(actor=bureau.officer, plan=plan, now=now)
    plan.refresh_from_db()
    assert (plan.state, plan.decided_by) == ("submitted", None)


def test_whoever_changed_the_plan_does_not_approve_it(now):
    bureau = make_bureau()
    make_membership(bureau.approver, bureau.organisation, Role.OFFICER)
    plan = make_plan(bureau, approved=False)
    services_plan.update_plan(
        actor=bureau.approver, plan=plan, budget_line=plan.budget_line, product=plan.product, title="改过的标题",
        amount=plan.amount, method=plan.method, method_reason=plan.method_reason, need=plan.need,
        service_from=plan.service_from, service_to=plan.service_to, now=now,
    )  # fmt: skip
    services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now)
    with pytest.raises(DrafterDecides):
        services_plan.approve_plan(actor=bureau.approver, plan=plan, now=now)
    assert Plan.objects.get().state == "submitted"


def test_the_database_refuses_an_approval_by_the_drafter(now):
    plan = make_plan()
    with pytest.raises(IntegrityError, match="plan_drafter_does_not_decide"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(decided_by=plan.drafted_by)


def test_an_approver_of_another_bureau_cannot_approve(now):
    plan = make_plan(approved=False)
    other = make_bureau()
    services_plan.submit_plan(actor=plan.drafted_by, plan=plan, now=now)
    with pytest.raises(PermissionRefused):
        services_plan.approve_plan(actor=other.approver, plan=plan, now=now)
    assert Plan.objects.get().state == "submitted"


def test_more_than_is_available_is_refused_with_what_is_missing(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=500_000)
    plan = make_plan(bureau, budget_line=line, amount=600_000, approved=False)
    with pytest.raises(BudgetOverrun) as refused:
        services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now)
    assert refused.value.missing == yuan(100_000)
    assert "¥100,000" in str(refused.value)
    assert Plan.objects.get().state == "draft"


def test_two_plans_do_not_take_the_same_money(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=1_000_000)
    make_plan(bureau, budget_line=line, amount=700_000)
    second = make_plan(bureau, budget_line=line, amount=400_000, approved=False)
    with pytest.raises(BudgetOverrun) as refused:
        services_plan.submit_plan(actor=bureau.officer, plan=second, now=now)
    assert refused.value.missing == yuan(100_000)


def test_a_purchase_is_not_split_under_the_threshold(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=5_000_000)
    make_plan(bureau, budget_line=line, amount=1_200_000)
    second = make_plan(bureau, budget_line=line, amount=800_000, approved=False)
    with pytest.raises(SplitPurchase) as refused:
        services_plan.submit_plan(actor=bureau.officer, plan=second, now=now)
    assert "¥2,000,000" in str(refused.value)
    # One yuan less stays under it, and an open tender may be of any size.
    make_plan(bureau, budget_line=line, amount=799_999)
    make_plan(bureau, budget_line=line, amount=3_000_000, method=Method.OPEN)


def test_a_term_longer_than_three_years_is_refused(now):
    with pytest.raises(InvalidInput) as refused:
        make_plan(service_from=date(2027, 1, 1), service_to=date(2030, 1, 1))
    assert refused.value.code == "service_term"
    assert make_plan(service_from=date(2027, 1, 1), service_to=date(2029, 12, 31)).state == "approved"


def test_a_decided_plan_cannot_be_decided_again_nor_changed(now):
    plan = make_plan()
    approver = plan.decided_by
    with pytest.raises(IllegalTransition):
        services_plan.approve_plan(actor=approver, plan=plan, now=now)
    with pytest.raises(IntegrityError, match="a plan changes in a draft only"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(amount=Decimal(1))
    with pytest.raises(IntegrityError, match="only a draft of a plan"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).delete()


def test_returning_needs_a_note_and_gives_it_back(now):
    plan = make_plan(approved=False)
    bureau_approver = Plan.objects.get().organisation.memberships.get(role="approver").user
    services_plan.submit_plan(actor=plan.drafted_by, plan=plan, now=now)
    with pytest.raises(InvalidInput):
        services_plan.return_plan(actor=bureau_approver, plan=plan, note=" ", now=now)
    services_plan.return_plan(actor=bureau_approver, plan=plan, note="金额依据不足。", now=now)
    plan.refresh_from_db()
    assert (plan.state, plan.decision_note) == ("returned", "金额依据不足。")


def test_a_cancelled_plan_frees_its_money(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=1_000_000)
    plan = make_plan(bureau, budget_line=line, amount=900_000)
    assert services_plan.bound_by_plans(line) == yuan(900_000)
    services_plan.cancel_plan(actor=bureau.approver, plan=plan, reason="任务取消", now=now + timedelta(days=1))
    assert services_plan.bound_by_plans(line) == yuan(0)
