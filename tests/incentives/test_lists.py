"""Lists of rules, claims and funds: what they say, with a fixed number of questions to the database."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import Organisation, Role
from marketplace.core import clock
from marketplace.incentives import payouts
from marketplace.incentives.forms import PolicyForm
from marketplace.incentives.selectors import days_claimed
from marketplace.timesheets.models import Capacity
from tests.factories.accounts import make_member, make_user
from tests.factories.incentives import make_policy
from tests.incentives.test_incentives import earn

pytestmark = pytest.mark.django_db


def test_lists_cost_the_same_for_one_row_and_for_three(client_for, settings):
    settings.MFA_REQUIRED = False
    policy = make_policy()
    finance = make_member(Role.FINANCE, policy.payer)
    pages = [
        (client_for(), "/incentives/"),
        (client_for(policy.drafted_by), "/incentives/"),
        (client_for(finance), "/incentives/claims/"),
        (client_for(policy.drafted_by), "/incentives/claims/"),
        (client_for(policy.drafted_by), "/incentives/claims/?format=csv"),
        (client_for(finance), "/incentives/fund/"),
    ]

    def add(number):
        person = make_user(display_name=f"示例领款人{number}")
        earn(person, 240, Capacity.SUBSIDISED, subject=number)
        payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())
        make_policy(adopted=False, fund=0, valid_from=date(2030 + number, 1, 1))

    def costs():
        found = []
        for client, address in pages:
            b"".join(client.get(address))
            with CaptureQueriesContext(connection) as queries:
                response = client.get(address)
                assert response.status_code == 200
                b"".join(response)
            found.append((address, len(queries)))
        return found

    add(1)
    one = costs()
    add(2)
    add(3)
    assert costs() == one
    assert b"".join(client_for(finance).get("/incentives/claims/?format=csv")).count("示例领款人".encode()) == 3


def test_a_claim_on_its_way_says_who_acts_and_what_came_since(client_for, settings):
    settings.MFA_REQUIRED = False
    policy, person = make_policy(), make_user()
    officer = policy.drafted_by
    earn(person, 240, Capacity.SUBSIDISED)
    browser = client_for(person, language="en")

    def page():
        return browser.get("/incentives/claims/").text

    assert "Claim it from" in page()
    claim = payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())
    waiting = page()
    assert "Claim it from" not in waiting
    assert "then finance pays it; you need do nothing" in waiting
    assert "earned since then" not in waiting
    earn(person, 240, Capacity.SUBSIDISED, hours_ago=48, subject=2)
    payouts.approve_claim(actor=officer, claim=claim, now=clock.now())
    approved = page()
    assert "pays it next; you need do nothing" in approved
    assert "earned since then" in approved
    assert "Nothing can be claimed at present" not in approved


def test_who_has_claimed_everything_reads_that_nothing_is_left(client_for, settings):
    settings.MFA_REQUIRED = False
    policy, person = make_policy(), make_user()
    earn(person, 240, Capacity.SUBSIDISED)
    claim = payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())
    payouts.approve_claim(actor=policy.drafted_by, claim=claim, now=clock.now())
    paying = make_member(Role.FINANCE, policy.payer)
    payouts.pay_claim(actor=paying, claim=claim, now=clock.now())
    nothing = "Nothing can be claimed at present"
    assert nothing in client_for(person, language="en").get("/incentives/claims/").text
    # Whose bureau pays is not told about claims of his own.
    assert nothing not in client_for(paying, language="en").get("/incentives/claims/").text


def test_a_claim_says_what_it_asks_to_be_paid_for(client_for, settings, at):
    settings.MFA_REQUIRED = False
    policy, person = make_policy(), make_user()
    now = clock.now()

    def claim(hours):
        at(now + timedelta(hours=hours))
        return payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())

    earn(person, 240, Capacity.SUBSIDISED, hours_ago=96, subject=1)
    returned = claim(1)
    payouts.return_claim(actor=policy.drafted_by, claim=returned, note="请核对。", now=clock.now())
    at(now + timedelta(hours=2))
    earn(person, 120, Capacity.SUBSIDISED, hours_ago=72, subject=2)
    both = claim(3)
    paying = make_member(Role.FINANCE, policy.payer)
    payouts.approve_claim(actor=policy.drafted_by, claim=both, now=clock.now())
    payouts.pay_claim(actor=paying, claim=both, now=clock.now())
    at(now + timedelta(hours=4))
    earn(person, 240, Capacity.SUBSIDISED, hours_ago=48, subject=3)
    last = claim(5)
    found = days_claimed([returned, both, last])
    assert {pk: [each.session.subject_id for each in days] for pk, days in found.items()} == {
        returned.pk: [1], both.pk: [1, 2], last.pk: [3],
    }  # fmt: skip
    for claimed in (both, last):
        claimed.refresh_from_db()
        assert sum(each.amount for each in found[claimed.pk]) == claimed.amount
    officer = client_for(policy.drafted_by).get("/incentives/claims/").text
    assert "2 次服务" in officer
    assert "4 小时 · ¥120" in officer


def test_a_policy_is_written_in_hours_and_kept_in_minutes():
    fields = PolicyForm(payers=Organisation.objects.none()).fields
    proposed = {name: field.initial for name, field in fields.items() if field.initial is not None}
    form = PolicyForm({**proposed, "daily_cap_minutes": "7.5", "star1": "0"}, payers=Organisation.objects.none())
    assert not form.is_valid()
    assert form.cleaned_data["daily_cap_minutes"] == 450
    assert form.cleaned_data["annual_target_minutes"] == 3000
    assert [form.cleaned_data[f"star{n}"] for n in range(2, 6)] == [18000, 36000, 60000, 90000]
    assert "star1" in form.errors
