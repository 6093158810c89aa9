"""A draft tried on the past year's record gives what the accrual would have given, and changes nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.core import clock
from marketplace.core.words import day_words
from marketplace.incentives import errors, payouts, services
from marketplace.incentives.accrual import sweep_accruals
from marketplace.incentives.models import Entitlement, Policy
from marketplace.incentives.selectors import claimable
from marketplace.incentives.trial import try_policy
from marketplace.ledger import codes
from marketplace.ledger.selectors import balance
from marketplace.timesheets.models import Capacity
from tests.factories.accounts import LEISHAN, a_place, make_member, make_organisation, make_user
from tests.factories.incentives import RULES, make_policy
from tests.factories.timesheets import VILLAGE, make_committee, make_session

pytestmark = pytest.mark.django_db

#: (hours ago, minutes, capacity): days of two sessions, one past the cap, one past a full day
YEAR = [
    (30, 121, Capacity.VOLUNTEER),
    (26, 300, Capacity.VOLUNTEER),
    (24 * 40, 500, Capacity.VOLUNTEER),
    (24 * 41, 90, Capacity.SUBSIDISED),
    (24 * 60 + 1, 240, Capacity.SUBSIDISED),
    (24 * 60 + 8, 200, Capacity.SUBSIDISED),
    (24 * 70, 120, Capacity.CONTRACT),
]


def serve(person: Any) -> None:
    committee, voice = make_committee()
    for number, (hours, minutes, capacity) in enumerate(YEAR, start=1):
        make_session(
            person, host=committee, start=clock.now() - timedelta(hours=hours), minutes=minutes, capacity=capacity,
            confirmed_by=voice, subject_id=number,
        )  # fmt: skip


def test_a_trial_gives_what_adoption_then_gives(at: Any) -> None:
    at(clock.now().replace(hour=4, minute=0))
    person = make_user()
    serve(person)
    draft = make_policy(adopted=False)
    approver = make_member(Role.APPROVER, draft.payer)
    tried = try_policy(draft, today=clock.today())
    assert not Entitlement.objects.exists()
    [row] = tried.people
    assert (row.points_before, row.subsidy_before, row.star_before) == (0, 0, 0)
    assert (row.more, tried.gaining, tried.losing) == (True, 1, 0)
    services.adopt_policy(actor=approver, policy=draft, now=clock.now())
    sweep_accruals(now=clock.now())
    assert row.points == balance(codes.person_points(person.pk)) > 0
    assert row.subsidy == tried.cost == balance(codes.person_subsidy(person.pk)) > 0
    assert row.star == person.stars.first().level == 2
    # What was granted stands on the other side now, and there is nothing left to gain.
    [again] = try_policy(draft, today=clock.today()).people
    assert again.gain == (0, 0, 0)
    assert (again.points_before, again.subsidy_before, again.star_before) == (row.points, row.subsidy, row.star)


def test_half_the_rate_costs_half_and_says_who_would_have_had_less() -> None:
    old = make_policy()
    person = make_user()
    serve(person)
    sweep_accruals(now=clock.now())
    new = Policy.objects.create(
        payer=old.payer, region=old.region, title="新办法", instrument="二号", valid_from=clock.today(),
        drafted_by=old.drafted_by, rules=RULES | {"subsidy_per_day": "60.00"},
    )  # fmt: skip
    tried = try_policy(new, today=clock.today())
    assert tried.cost * 2 == tried.cost_before > 0
    assert (tried.gaining, tried.losing) == (0, 1)


def test_service_of_a_village_with_rules_of_its_own_is_not_tried() -> None:
    village = a_place(VILLAGE)
    make_policy(region=village)
    serve(make_user())
    county = make_policy(adopted=False)
    assert try_policy(county, today=clock.today()).people == []


def test_the_page_is_for_those_who_draft_and_asks_the_same_whatever_the_number(client_for: Any) -> None:
    draft = make_policy(adopted=False)
    address = f"/incentives/policies/{draft.pk}/trial/"
    serve(make_user(display_name="甲"))
    drafter = client_for(draft.drafted_by, language="en")
    page = drafter.get(address).text
    assert "1 person who served" in page
    assert 'two stars<br><small class="muted">was none</small>' in page
    with CaptureQueriesContext(connection) as one:
        drafter.get(address)
    serve(make_user(display_name="乙"))
    serve(make_user(display_name="丙", display_name_en="Third"))
    with CaptureQueriesContext(connection) as three:
        assert "3 people who served" in drafter.get(address).text
    assert len(three) == len(one)
    assert "Third" in b"".join(drafter.get(f"{address}?format=csv")).decode()
    assert client_for(make_member(Role.OFFICER)).get(address).status_code == 404
    finance = make_member(Role.FINANCE, draft.payer)
    assert client_for(finance).get(address).status_code == 404


def test_a_bureau_sets_rules_for_its_own_area_only_and_ends_them_after_they_begin() -> None:
    policy = make_policy(adopted=False)
    given: dict[str, Any] = {
        "actor": policy.drafted_by, "payer": policy.payer, "title": "办法", "title_en": "", "instrument": "三号",
        "rules": RULES, "valid_from": clock.today(), "now": clock.now(),
    }  # fmt: skip
    above = a_place(LEISHAN // 10**10 * 10**10)
    with pytest.raises(errors.OutsideTerritory):
        services.draft_policy(region=above, valid_to=None, **given)
    with pytest.raises(errors.EndsBeforeStart):
        services.draft_policy(region=policy.region, valid_to=clock.today() - timedelta(days=1), **given)
    assert Policy.objects.count() == 1


def test_the_form_says_which_day_is_wrong(client_for: Any) -> None:
    policy = make_policy(adopted=False)
    browser = client_for(policy.drafted_by, language="en")
    form = browser.get("/incentives/policies/new/").context["form"]
    data = {name: field.initial for name, field in form.fields.items() if field.initial is not None}
    data |= {
        "payer": policy.payer_id, "region": policy.region_id, "title": "办法", "instrument": "四号",
        "valid_from": "2027-01-01", "valid_to": "2026-01-01",
    }  # fmt: skip
    page = browser.post("/incentives/policies/new/", data)
    assert page.status_code == 200
    assert "The last day lies before the first" in str(page.context["form"].errors["valid_to"])


def test_a_day_under_two_policies_earns_under_each() -> None:
    person = make_user()
    county = make_policy()
    village = a_place(VILLAGE)
    make_policy(region=village)
    start = clock.now().replace(hour=1, minute=0) - timedelta(days=2)
    hosts = [make_committee(VILLAGE), make_committee(VILLAGE + 1)]
    for number, (committee, voice) in enumerate(hosts):
        make_session(
            person, host=committee, start=start + timedelta(hours=3 * number), minutes=120, subject_id=number,
            capacity=Capacity.SUBSIDISED, confirmed_by=voice,
        )  # fmt: skip
    sweep_accruals(now=clock.now())
    assert [e.amount.amount for e in Entitlement.objects.order_by("pk")] == [Decimal("60.00"), Decimal("60.00")]
    payers = claimable(person)
    assert sorted(payers.values()) == [Decimal("60.00"), Decimal("60.00")]
    claim = payouts.submit_claim(actor=person, payer=county.payer, request_key=uuid.uuid4(), now=clock.now())
    assert claim.amount.amount == Decimal("60.00")
    assert list(claimable(person).values()) == [Decimal("60.00")]
    with pytest.raises(errors.ClaimOpen):
        payouts.submit_claim(actor=person, payer=county.payer, request_key=uuid.uuid4(), now=clock.now())
    stranger = make_organisation(OrganisationKind.BUREAU)
    with pytest.raises(errors.NothingToClaim):
        payouts.submit_claim(actor=person, payer=stranger, request_key=uuid.uuid4(), now=clock.now())


def test_what_no_policy_covers_does_not_stand_before_what_waits() -> None:
    committee, voice = make_committee(110101001001)
    make_session(make_user(), host=committee, confirmed_by=voice)
    policy = make_policy(fund=0)
    person = make_user()
    serve(person)
    finance = make_member(Role.FINANCE, policy.payer)
    payouts.top_up_fund(
        actor=finance, payer=policy.payer, amount=Decimal(1000), request_key=uuid.uuid4(), now=clock.now()
    )
    assert sweep_accruals(now=clock.now(), limit=1) == 1


def test_a_claim_with_a_made_up_payer_or_an_empty_reason_is_refused_in_words(client_for: Any, settings: Any) -> None:
    settings.MFA_REQUIRED = False
    policy, person = make_policy(), make_user()
    serve(person)
    sweep_accruals(now=clock.now())
    browser = client_for(person)
    for payer in ("", "abc"):
        answer = browser.post("/incentives/claims/submit/", {"payer": payer, "request_key": str(uuid.uuid4())})
        assert answer.status_code == 404
    claim = payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())
    officer = client_for(policy.drafted_by)
    long = "长" * 2000
    for note in ("", long):
        page = officer.post(f"/incentives/claims/{claim.pk}/return/", {"note": note})
        assert page.status_code == 422
        assert note in page.text
    claim.refresh_from_db()
    assert claim.state == "submitted"


def test_a_policy_that_begins_later_says_from_when_it_counts(client_for: Any, settings: Any) -> None:
    settings.MFA_REQUIRED = False
    policy = make_policy(adopted=False, valid_from=clock.today() + timedelta(days=40))
    approver = make_member(Role.APPROVER, policy.payer)
    page = client_for(approver).post(f"/incentives/policies/{policy.pk}/adopt/", follow=True).text
    assert f"已批准，{day_words(policy.valid_from)}起的服务按本办法折算。" in page
