"""What people are told by mail about their claims: once, and nobody else."""

import uuid
from datetime import datetime

import pytest

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.incentives import errors, payouts
from marketplace.incentives.accrual import accrue_session
from marketplace.timesheets.models import Capacity
from tests.factories.accounts import make_user
from tests.factories.incentives import make_policy
from tests.factories.timesheets import make_committee, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(at):
    at(datetime(2026, 6, 2, 9))
    return make_policy()


@pytest.fixture
def claim(policy):
    """Of a day's subsidy, 120 yuan."""
    person, (committee, voice) = make_user(email="person@example.org"), make_committee()
    session = make_session(person, host=committee, minutes=240, capacity=Capacity.SUBSIDISED, confirmed_by=voice)
    accrue_session(session.pk, now=clock.now())
    return payouts.submit_claim(actor=person, payer=policy.payer, request_key=uuid.uuid4(), now=clock.now())


def test_a_returned_claim_comes_with_the_reason(policy, claim, mailoutbox, django_capture_on_commit_callbacks):
    officer = policy.drafted_by
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(errors.NoteNeeded):
            payouts.return_claim(actor=officer, claim=claim, note=" ", now=clock.now())
        payouts.return_claim(actor=officer, claim=claim, note="请先补签到记录。", now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["person@example.org"]
    assert letter.subject == "您申领的¥120已退回 / Your claim of ¥120 was returned"
    assert letter.body.count("请先补签到记录。") == 2
    assert "on 2 Jun (¥120)" in letter.body
    assert letter.body.endswith("/incentives/claims/")


def test_a_paid_claim_is_told_once(policy, claim, mailoutbox, django_capture_on_commit_callbacks):
    finance = policy.payer.memberships.get(role=Role.FINANCE).user
    with django_capture_on_commit_callbacks(execute=True):
        payouts.approve_claim(actor=policy.drafted_by, claim=claim, now=clock.now())
        for _ in range(2):
            payouts.pay_claim(actor=finance, claim=claim, now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["person@example.org"]
    assert letter.subject == "您的补贴¥120已支付 / Your subsidy of ¥120 was paid"
    assert policy.payer.name in letter.body
    assert policy.payer.name_en in letter.body
