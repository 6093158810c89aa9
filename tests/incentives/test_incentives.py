"""Confirmed minutes become money, points and stars by a dated policy, once."""

from __future__ import annotations

import threading
import uuid
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.incentives import errors, payouts, services
from marketplace.incentives.accrual import accrue_session, subsidy_of_day, sweep_accruals
from marketplace.incentives.models import Entitlement, PayoutClaim, Policy, StarGrant
from marketplace.incentives.policy_rules import lint, read_rules
from marketplace.incentives.selectors import in_the_way, person_summary, policy_for
from marketplace.ledger import codes, holders
from marketplace.ledger.models import Transfer
from marketplace.ledger.selectors import balance
from marketplace.regions.models import Region
from marketplace.timesheets.models import Capacity
from tests.factories.accounts import LEISHAN, a_place, make_member, make_user
from tests.factories.incentives import RULES, make_payer, make_policy
from tests.factories.timesheets import make_committee, make_session

pytestmark = pytest.mark.django_db


def earn(
    person: Any, minutes: int, capacity: str = Capacity.VOLUNTEER, *, hours_ago: int = 24, subject: int = 1
) -> Any:
    """A confirmed session, accrued."""
    committee, voice = make_committee()
    session = make_session(
        person, host=committee, start=clock.now() - timedelta(hours=hours_ago), minutes=minutes, capacity=capacity,
        confirmed_by=voice, subject_id=subject,
    )  # fmt: skip
    return accrue_session(session.pk, now=clock.now()), session


def of_day(person: Any) -> tuple[int, int, Decimal]:
    """(minutes, points, subsidy) on the person's accounts."""
    return (
        int(balance(codes.person_minutes(person.pk))),
        int(balance(codes.person_points(person.pk))),
        balance(codes.person_subsidy(person.pk)),
    )


def test_a_volunteer_gets_minutes_and_points_and_no_money() -> None:
    make_policy()
    person = make_user()
    granted, session = earn(person, 121)
    assert of_day(person) == (121, 60, Decimal(0))
    assert {e.kind for e in granted} == {"minutes", "points"}
    assert accrue_session(session.pk, now=clock.now()) == []
    assert of_day(person) == (121, 60, Decimal(0))


def test_a_subsidised_day_pays_in_proportion_up_to_the_full_rate_and_no_points() -> None:
    make_policy()
    person = make_user()
    earn(person, 120, Capacity.SUBSIDISED, hours_ago=30)
    assert of_day(person) == (0, 0, Decimal("60.00"))


def test_two_sessions_of_a_day_share_one_day_s_subsidy(at: Any) -> None:
    at(clock.now().replace(hour=4, minute=0))
    make_policy()
    person = make_user()
    earn(person, 180, Capacity.SUBSIDISED, hours_ago=24, subject=1)
    earn(person, 180, Capacity.SUBSIDISED, hours_ago=20, subject=2)
    assert of_day(person)[2] == Decimal("120.00")


def test_a_movement_leads_to_the_visit_behind_it(client_for: Any) -> None:
    make_policy()
    person = make_user()
    _granted, session = earn(person, 121)
    client = client_for(person)
    visit = reverse("timesheets:detail", args=[session.pk])
    assert f'<a href="{visit}">' in client.get(reverse("ledger:statement")).content.decode()
    assert client.get(visit).status_code == 200
    # The fund's statement is read by others, who may not read every visit that it paid.
    assert holders.page_of(f"session:{session.pk}", own=False) == ""


def test_a_movement_names_service_place_and_day_in_both_languages(client_for: Any) -> None:
    policy = make_policy()
    _granted, session = earn(make_user(), 240, Capacity.SUBSIDISED)
    day = timezone.localdate(session.period.lower).isoformat()
    memo, memo_en = Transfer.objects.filter(reference=f"session:{session.pk}").values_list("memo", "memo_en").get()
    assert memo == f"到村服务 · {session.region.name} · {day} · {policy.title}"
    assert memo_en == f"service in the village · {session.region.name_en} · {day} · {policy.title_en or policy.title}"
    # Whose subsidy it is stays out of what can never be taken back; the payer reads where and when.
    fund = reverse("ledger:holder", args=[codes.holder_organisation(policy.payer_id)])
    page = client_for(make_member(Role.FINANCE, policy.payer)).get(fund).text
    assert memo in page


def test_the_rules_say_that_less_than_a_day_is_paid_too_and_which_factor_holds(client_for: Any) -> None:
    policy = make_policy(region=a_place(LEISHAN))
    Region.objects.filter(pk=policy.region_id).update(tier="formerly_poor")
    page = client_for(language="en").get(f"/incentives/policies/{policy.pk}/").text
    assert '4 h<br><small class="muted">Less is paid in proportion.</small>' in page
    assert page.count(f"applies in {policy.region.name_en}") == 1
    assert page.index("Factor, formerly poor county") < page.index("applies in") < page.index("Yearly target")


def test_contract_minutes_earn_nothing_here() -> None:
    make_policy()
    person = make_user()
    granted, _session = earn(person, 240, Capacity.CONTRACT)
    assert granted == []
    assert not Entitlement.objects.exists()


def test_poor_regions_first() -> None:
    make_policy()
    a_place(LEISHAN)
    committee, _voice = make_committee()
    Region.objects.filter(code=committee.region_id).update(tier="formerly_poor")
    person = make_user()
    earn(person, 240, Capacity.SUBSIDISED)
    assert of_day(person)[2] == Decimal("144.00")


def test_stars_are_granted_once_when_minutes_reach_them() -> None:
    make_policy()
    person = make_user()
    earn(person, 290)
    assert not StarGrant.objects.exists()
    earn(person, 20, hours_ago=48, subject=2)
    assert list(StarGrant.objects.values_list("level", "minutes")) == [(1, 310)]
    earn(person, 20, hours_ago=72, subject=3)
    assert StarGrant.objects.count() == 1


def test_an_empty_fund_waits_and_the_sweep_pays_when_it_is_filled() -> None:
    policy = make_policy(fund=0)
    person = make_user()
    committee, voice = make_committee()
    session = make_session(person, host=committee, minutes=240, capacity=Capacity.SUBSIDISED, confirmed_by=voice)
    with pytest.raises(errors.FundTooSmall, match=str(policy.payer)):
        accrue_session(session.pk, now=clock.now())
    assert not Entitlement.objects.exists()
    finance = policy.payer.memberships.get(role=Role.FINANCE).user
    key = uuid.uuid4()
    for _ in range(2):
        payouts.top_up_fund(actor=finance, payer=policy.payer, amount=Decimal(500), request_key=key, now=clock.now())
    assert balance(codes.incentive_fund(policy.payer_id)) == Decimal(500)
    assert sweep_accruals(now=clock.now()) == 1
    assert of_day(person)[2] == Decimal("120.00")


@pytest.mark.django_db(transaction=True)
def test_ten_accruals_at_once_grant_once() -> None:
    make_policy()
    person = make_user()
    committee, voice = make_committee()
    session = make_session(person, host=committee, minutes=60, confirmed_by=voice)
    Entitlement.objects.exists()

    def accrue() -> None:
        try:
            accrue_session(session.pk, now=clock.now())
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=accrue) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert of_day(person) == (60, 30, Decimal(0))


def test_a_confirmed_session_is_granted_without_anybody_asking(django_capture_on_commit_callbacks: Any) -> None:
    make_policy()
    person = make_user()
    committee, voice = make_committee()
    with django_capture_on_commit_callbacks(execute=True):
        make_session(person, host=committee, minutes=60, confirmed_by=voice)
    assert of_day(person)[:2] == (60, 30)


@given(st.integers(0, 2000), st.integers(1, 600), st.decimals(0, 500, places=2), st.sampled_from(["1", "1.10", "1.20"]))
def test_the_subsidy_of_a_day_by_fractions(minutes: int, day_minutes: int, rate: Decimal, factor: str) -> None:
    rules = read_rules(RULES | {"day_minutes": day_minutes, "subsidy_per_day": str(rate)})
    exact = Fraction(rate) * Fraction(factor) * min(Fraction(1), Fraction(minutes, day_minutes))
    assert abs(Fraction(subsidy_of_day(rules, minutes, Decimal(factor))) - exact) <= Fraction(1, 200)


@pytest.mark.parametrize(
    "broken",
    [
        {"points_per_minute": "-1"},
        {"subsidy_per_day": "much"},
        {"day_minutes": 0},
        {"daily_cap_minutes": 1441},
        {"tier_uplift": {"northern": "1.1"}},
        {"tier_uplift": {"western": "0.5"}},
        {"stars": []},
        {"stars": [{"level": 1, "minutes": 300}, {"level": 3, "minutes": 900}]},
        {"stars": [{"level": 1, "minutes": 300}, {"level": 2, "minutes": 300}]},
    ],
    ids=lambda b: next(iter(b)),
)
def test_rules_that_do_not_hold_together_are_not_drafted(broken: dict[str, Any]) -> None:
    assert lint(RULES) == []
    assert lint(RULES | broken)
    with pytest.raises(errors.BadRules):
        make_policy(rules=RULES | broken)
    assert not Policy.objects.exists()


def test_who_drafted_does_not_adopt_though_he_may_approve() -> None:
    policy = make_policy(adopted=False)
    make_member(Role.APPROVER, policy.payer, policy.drafted_by)
    with pytest.raises(errors.OwnDraft):
        services.adopt_policy(actor=policy.drafted_by, policy=policy, now=clock.now())
    other_approver = make_payer()[2]
    with pytest.raises(PermissionRefused):
        services.adopt_policy(actor=other_approver, policy=policy, now=clock.now())
    policy.refresh_from_db()
    assert policy.state == "draft"


def test_a_draft_can_be_thrown_away_and_nothing_else(client_for: Any) -> None:
    draft, in_force = make_policy(adopted=False), make_policy()
    stranger = make_payer()[1]
    with pytest.raises(PermissionRefused):
        services.discard_policy(actor=stranger, policy=draft, now=clock.now())
    with pytest.raises(IllegalTransition):
        services.discard_policy(actor=in_force.drafted_by, policy=in_force, now=clock.now())
    page = reverse("incentives:policy", args=[draft.pk])
    for _press in range(2):
        assert client_for(draft.drafted_by).post(f"{page}discard/").status_code == 302
    draft.refresh_from_db()
    assert draft.state == "discarded"
    assert Event.objects.filter(action="policy.discard", subject_id=draft.pk).count() == 1
    assert page not in client_for(draft.drafted_by).get(reverse("incentives:policies")).content.decode()
    assert client_for(draft.drafted_by).get(page).status_code == 200
    assert client_for(stranger).get(page).status_code == 404
    assert client_for().get(page).status_code == 404


def test_two_policies_of_a_region_never_hold_on_one_day() -> None:
    first = make_policy(valid_to=date(2026, 12, 31))
    with pytest.raises(errors.PolicyOverlaps):
        make_policy(valid_from=date(2026, 12, 31))
    make_policy(valid_from=date(2027, 1, 1))
    assert policy_for(a_place(LEISHAN), date(2026, 12, 31)) == first


def test_a_policy_ends_so_that_another_can_follow(client_for: Any, settings: Any) -> None:
    settings.MFA_REQUIRED = False
    first = make_policy()
    officer, approver = first.drafted_by, first.adopted_by
    assert approver is not None
    today = clock.today()
    later = services.draft_policy(
        actor=officer, payer=first.payer, region=first.region, title="下一年办法", title_en="", instrument="示司发2号",
        rules=RULES, valid_from=today + timedelta(days=31), valid_to=None, now=clock.now(),
    )  # fmt: skip
    page, first_page = reverse("incentives:policy", args=[later.pk]), reverse("incentives:policy", args=[first.pk])
    assert in_the_way(later) == first
    barred = client_for(approver).get(page).content.decode()
    assert first_page in barred
    assert reverse("incentives:adopt", args=[later.pk]) not in barred
    end = reverse("incentives:end", args=[first.pk])
    assert end not in client_for(officer).get(first_page).content.decode()
    assert client_for(officer).post(end, {"last_day": today + timedelta(days=30)}).status_code == 403
    first.refresh_from_db()
    assert first.valid_to is None
    client_for(approver).post(end, {"last_day": today - timedelta(days=1)})
    first.refresh_from_db()
    assert first.valid_to is None
    client_for(approver).post(end, {"last_day": today + timedelta(days=30)})
    first.refresh_from_db()
    assert first.valid_to == today + timedelta(days=30)
    assert in_the_way(later) is None
    client_for(approver).post(reverse("incentives:adopt", args=[later.pk]))
    later.refresh_from_db()
    assert later.state == "adopted"
    # It cannot be stretched over what follows.
    with pytest.raises(errors.PolicyOverlaps):
        services.end_policy(actor=approver, policy=first, last_day=today + timedelta(days=31), now=clock.now())


def test_the_smallest_region_s_policy_holds() -> None:
    make_policy(region=a_place(522600000000))
    county = make_policy()
    assert policy_for(make_committee()[0].region, date(2026, 6, 1)) == county


def test_a_claim_is_approved_by_one_and_paid_by_another_once() -> None:
    policy = make_policy()
    person = make_user()
    earn(person, 240, Capacity.SUBSIDISED)
    key = uuid.uuid4()
    claim = payouts.submit_claim(actor=person, payer=policy.payer, request_key=key, now=clock.now())
    assert payouts.submit_claim(actor=person, payer=policy.payer, request_key=key, now=clock.now()) == claim
    with pytest.raises(errors.ClaimOpen):
        payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())
    finance = policy.payer.memberships.get(role=Role.FINANCE).user
    officer = policy.drafted_by
    make_member(Role.FINANCE, policy.payer, officer)
    with pytest.raises(IllegalTransition):
        payouts.pay_claim(actor=finance, claim=claim, now=clock.now())
    payouts.approve_claim(actor=officer, claim=claim, now=clock.now())
    with pytest.raises(PermissionRefused):
        payouts.pay_claim(actor=officer, claim=claim, now=clock.now())

    for _ in range(2):
        payouts.pay_claim(actor=finance, claim=claim, now=clock.now())

    assert balance(codes.person_paid_out(person.pk)) == Decimal("120.00")
    assert of_day(person)[2] == Decimal(0)
    with pytest.raises(errors.NothingToClaim):
        payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())


def test_entitlements_never_change_by_raw_sql() -> None:
    make_policy()
    earn(make_user(), 60)
    for sql in ("UPDATE incentives_entitlement SET amount = 9999", "DELETE FROM incentives_entitlement"):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert not Entitlement.objects.filter(amount=9999).exists()


def test_summary_tells_how_far_the_next_star_is() -> None:
    make_policy()
    person = make_user(home_region=a_place(LEISHAN))
    earn(person, 100)
    today = clock.today()
    summary = person_summary(person, (clock.now() - timedelta(hours=24)).year, today=today)
    assert (summary.unpaid_minutes, summary.points, summary.star) == (100, 50, 0)
    assert (summary.next_star, summary.minutes_to_next_star) == (1, 200)


def test_check_incentives_passes_and_finds_a_mixed_minute() -> None:
    make_policy()
    _granted, session = earn(make_user(), 60)
    out = StringIO()
    call_command("check_incentives", stdout=out)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE timesheets_servicesession SET capacity = 'contract' WHERE id = %s", [session.pk])
    with pytest.raises(CommandError):
        call_command("check_incentives", stdout=out, stderr=out)
    assert "does not count" in out.getvalue()


def test_pages(client_for: Any, settings: Any) -> None:
    settings.MFA_REQUIRED = False
    policy = make_policy()
    draft = make_policy(adopted=False, valid_from=date(2030, 1, 1))
    stranger = client_for()
    assert policy.title in stranger.get("/incentives/").content.decode()
    assert stranger.get(f"/incentives/policies/{policy.pk}/").status_code == 200
    assert stranger.get(f"/incentives/policies/{draft.pk}/").status_code == 404
    person = make_user()
    earn(person, 240, Capacity.SUBSIDISED)
    client = client_for(person)
    assert "120" in client.get("/incentives/claims/").content.decode()
    key = str(uuid.uuid4())
    for _ in range(2):
        client.post("/incentives/claims/submit/", {"payer": policy.payer_id, "request_key": key})
    claim = PayoutClaim.objects.get()
    assert client_for(make_user()).post(f"/incentives/claims/{claim.pk}/approve/").status_code == 404
    claim.refresh_from_db()
    assert claim.state == "submitted"
