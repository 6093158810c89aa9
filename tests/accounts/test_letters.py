"""What people are told by mail about their credentials and organisations: once, and nobody else."""

from datetime import date, datetime

import pytest

from marketplace.accounts import services
from marketplace.accounts.errors import AlreadyMember
from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.errors import InvalidInput
from tests.factories.accounts import make_credential, make_member, make_organisation, make_practitioner, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def committed(at, django_capture_on_commit_callbacks):
    at(datetime(2026, 6, 1, 9))
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def officer():
    return make_member(Role.OFFICER, make_organisation("bureau"), make_user(email="officer@example.org"))


@pytest.fixture
def credential():
    """Of a lawyer, waiting for review."""
    lawyer = make_practitioner(user=make_user(email="lawyer@example.org"), licensed=False)
    return make_credential(
        lawyer, verified=False, number="15226201510123456", valid_from=date(2025, 6, 1), valid_until=date(2027, 5, 31)
    )


def test_a_verified_credential(committed, officer, credential, mailoutbox):
    with committed():
        services.review_credential(
            actor=officer, credential=credential, verified=True, now=clock.now(), note="与许可系统一致"
        )
    [letter] = mailoutbox
    assert letter.to == ["lawyer@example.org"]
    assert letter.subject == "已核验：律师执业证 / Verified: lawyer's licence"
    assert "有效期至 2027 年 5 月 31 日" in letter.body
    assert "It counts from now until 31 May 2027." in letter.body
    assert letter.body.endswith("/account/")
    assert credential.number not in letter.body
    assert "与许可系统一致" not in letter.body


def test_a_returned_credential_comes_with_the_reason(committed, officer, credential, mailoutbox):
    with committed():
        with pytest.raises(InvalidInput):
            services.review_credential(actor=officer, credential=credential, verified=False, now=clock.now(), note=" ")
        services.review_credential(
            actor=officer, credential=credential, verified=False, now=clock.now(), note="发证机关写错，100% 不符。"
        )
    [letter] = mailoutbox
    assert letter.to == ["lawyer@example.org"]
    assert letter.subject == "请更正：律师执业证 / Please correct: lawyer's licence"
    assert letter.body.count("发证机关写错，100% 不符。") == 2
    assert letter.body.endswith(f"/account/credentials/{credential.pk}/correct/")


def test_a_revoked_credential_comes_with_the_reason(committed, officer, mailoutbox):
    credential = make_credential(make_practitioner(user=make_user(email="lawyer@example.org"), licensed=False))
    with committed():
        services.revoke_credential(actor=officer, credential=credential, reason="执业证已注销", now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["lawyer@example.org"]
    assert letter.subject == "已撤销：律师执业证 / Revoked: lawyer's licence"
    assert letter.body.count("执业证已注销") == 2


def test_who_is_invited_is_told_and_who_takes_a_role_himself_is_not(committed, mailoutbox):
    firm = make_organisation(name="示例律师事务所", name_en="Sample law firm")
    admin = make_member(Role.ADMIN, firm, make_user(email="admin@example.org"))
    person = make_user(email="person@example.org")
    with committed():
        services.invite_member(actor=admin, organisation=firm, person=person, role=Role.LAWYER, now=clock.now())
        services.invite_member(actor=admin, organisation=firm, person=admin, role=Role.LAWYER, now=clock.now())
        with pytest.raises(AlreadyMember):
            services.invite_member(actor=admin, organisation=firm, person=person, role=Role.LAWYER, now=clock.now())
    [letter] = mailoutbox
    assert letter.to == ["person@example.org"]
    assert letter.subject == "示例律师事务所邀请您加入 / You are invited to join Sample law firm"
    assert "Sample law firm offers you a role: practitioner." in letter.body
    assert letter.body.endswith("/account/")
    assert admin.display_name not in letter.body


@pytest.fixture
def asked(committed, mailoutbox):
    """A request to join, with the administrator who decides."""
    firm = make_organisation(name="示例律师事务所", name_en="Sample law firm")
    admin = make_member(Role.ADMIN, firm, make_user(email="admin@example.org"))
    with committed():
        membership = services.request_membership(
            actor=make_user(email="person@example.org"), organisation=firm, role=Role.LAWYER, now=clock.now()
        )
    return membership, admin


def test_the_administrators_hear_who_asks_to_join_and_nobody_else(asked, mailoutbox):
    membership, _admin = asked
    [letter] = mailoutbox
    assert letter.to == ["admin@example.org"]
    assert letter.subject.endswith(" asks to join Sample law firm")
    assert "asks for a role: practitioner." in letter.body
    assert letter.body.endswith(f"/account/organisations/{membership.organisation_id}/members/")


def test_who_asked_hears_that_he_is_in_and_later_that_his_role_has_ended(committed, asked, mailoutbox):
    membership, admin = asked
    with committed():
        membership = services.approve_membership(actor=admin, membership=membership, now=clock.now())
        services.end_membership(actor=admin, membership=membership, reason="已调离本所", now=clock.now())
    _request, let_in, ended = mailoutbox
    assert let_in.to == ended.to == ["person@example.org"]
    assert let_in.subject == "您已加入示例律师事务所 / You have joined Sample law firm"
    assert ended.subject == "您在示例律师事务所的角色已结束 / Your role at Sample law firm has ended"
    assert "原因：已调离本所" in ended.body
    assert "Reason: 已调离本所" in ended.body


def test_who_asked_in_vain_hears_of_it(committed, asked, mailoutbox):
    membership, admin = asked
    with committed():
        services.end_membership(actor=admin, membership=membership, reason="本所暂不招人", now=clock.now())
    assert mailoutbox[-1].to == ["person@example.org"]
    assert "did not give you the role that you asked for: practitioner. Reason: 本所暂不招人" in mailoutbox[-1].body


def test_who_goes_by_himself_and_whose_invitation_is_taken_back_get_no_letter(committed, asked, mailoutbox):
    membership, admin = asked
    with committed():
        services.end_membership(actor=membership.user, membership=membership, now=clock.now())
        invitation = services.invite_member(
            actor=admin, organisation=membership.organisation, person=make_user(), role=Role.LAWYER, now=clock.now()
        )
        services.end_membership(actor=admin, membership=invitation, now=clock.now())
    assert len(mailoutbox) == 1
