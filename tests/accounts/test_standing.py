"""Credentials, practice, ties and exclusions."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.accounts import selectors, services
from marketplace.accounts.errors import NoOffice, OwnCase, WrongNumber
from marketplace.accounts.models import Credential, DeclaredRelation, PractitionerProfile, Role, Sanction, User
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.states import IllegalTransition
from tests.factories.accounts import (
    a_licence_number,
    a_place,
    make_credential,
    make_member,
    make_membership,
    make_organisation,
    make_practitioner,
    make_user,
)

pytestmark = pytest.mark.django_db
LIPING, TOWNSHIP = 522631000000, 522634100000
TODAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def _first_of_june(at):
    at(datetime(2026, 6, 1, 9))


@pytest.fixture
def lawyer():
    return make_practitioner(licensed=False)


@pytest.fixture
def officer():
    return make_member(Role.OFFICER, make_organisation("bureau"))


def submit(actor, **kw):
    given = {
        "kind": "lawyer",
        "number": a_licence_number(),
        "issuer": "示例省司法厅",
        "valid_from": date(2025, 6, 1),
        "valid_until": date(2027, 5, 31),
        "now": clock.now(),
    }
    return services.submit_credential(actor=actor, **(given | kw))


def review(actor, credential, *, verified=True, note=""):
    return services.review_credential(actor=actor, credential=credential, verified=verified, now=clock.now(), note=note)


def test_a_credential_counts_from_its_review(lawyer, officer):
    credential = submit(lawyer)
    assert selectors.valid_credential(lawyer, "lawyer", TODAY) is None
    review(officer, credential, note="与许可系统一致")
    assert selectors.valid_credential(lawyer, "lawyer", TODAY) == credential
    assert [e.action for e in trail(credential).order_by("id")] == ["credential.submit", "credential.verify"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": date(2026, 5, 31)}, "credential_expired"),
        ({"valid_from": date(2026, 6, 2)}, "credential_not_yet_valid"),
        ({"valid_until": date(2025, 5, 31)}, "invalid_input"),
        ({"number": "1522620151012345"}, "wrong_number"),
        ({"kind": "notary", "number": " - "}, "invalid_input"),
    ],
)
def test_what_cannot_be_right_is_not_taken(lawyer, changes, code):
    with pytest.raises(InvalidInput) as caught:
        submit(lawyer, **changes)
    assert caught.value.code == code
    assert not Credential.objects.exists()


def test_the_last_day_of_a_licence_still_counts(lawyer, officer):
    credential = review(officer, submit(lawyer, valid_until=TODAY))
    assert selectors.valid_credential(lawyer, "lawyer", TODAY) == credential
    assert selectors.valid_credential(lawyer, "lawyer", TODAY + timedelta(days=1)) is None


def test_a_number_is_registered_once_until_it_is_revoked(lawyer, officer):
    credential = submit(lawyer)
    other = make_practitioner(licensed=False)
    with pytest.raises(InvalidInput) as caught:
        submit(other, number=credential.number)
    assert caught.value.code == "credential_taken"
    review(officer, credential)
    services.revoke_credential(actor=officer, credential=credential, reason="登记错误", now=clock.now())
    assert selectors.valid_credential(lawyer, "lawyer", TODAY) is None
    submit(other, number=credential.number)


def test_a_renewed_licence_keeps_its_number(lawyer, officer):
    old = review(officer, submit(lawyer))
    for known in (old.valid_until, old.valid_until - timedelta(days=1)):
        with pytest.raises(InvalidInput) as caught:
            submit(lawyer, number=old.number, valid_until=known)
        assert caught.value.code == "credential_known"
    renewed = submit(lawyer, number=old.number, valid_until=date(2029, 5, 31))
    with pytest.raises(InvalidInput) as caught:
        submit(make_practitioner(licensed=False), number=old.number, valid_until=date(2030, 5, 31))
    assert caught.value.code == "credential_taken"
    assert selectors.valid_credential(lawyer, "lawyer", date(2028, 1, 1)) is None
    review(officer, renewed)
    assert selectors.valid_credential(lawyer, "lawyer", TODAY) == renewed
    assert selectors.valid_credential(lawyer, "lawyer", date(2028, 1, 1)) == renewed


def test_somebody_without_any_place_is_told_to_enter_it():
    with pytest.raises(NoOffice):
        submit(make_user())
    submit(make_user(home_region=a_place(TOWNSHIP)))


def test_nobody_reviews_his_own_and_no_stranger_does(lawyer, officer):
    credential = submit(lawyer)
    own = submit(officer)
    elsewhere = make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING)))
    approver = make_member(Role.APPROVER, make_organisation("bureau"))
    for actor, paper, error in (
        (lawyer, credential, OwnCase),
        (officer, own, OwnCase),
        (elsewhere, credential, PermissionRefused),
        (approver, credential, PermissionRefused),
    ):
        with pytest.raises(error):
            review(actor, paper)
    assert set(Credential.objects.values_list("state", flat=True)) == {"submitted"}


def test_the_database_knows_that_nobody_reviews_himself(lawyer):
    credential = submit(lawyer)
    for change in ("state = 'verified'", "state = 'verified', reviewed_by_id = user_id, reviewed_at = now()"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE accounts_credential SET {change} WHERE id = %s", [credential.pk])  # noqa: S608


def test_a_returned_credential_comes_with_a_note_and_may_come_again(lawyer, officer):
    credential = submit(lawyer)
    with pytest.raises(InvalidInput):
        review(officer, credential, verified=False, note="  ")
    review(officer, credential, verified=False, note="发证机关写错")
    with pytest.raises(PermissionRefused):
        submit(make_practitioner(licensed=False), replaces=credential)
    again = submit(lawyer, number=credential.number, issuer="示例省司法厅（更正）", replaces=credential)
    assert again.pk == credential.pk
    assert (again.state, again.issuer, again.reviewed_by) == ("submitted", "示例省司法厅（更正）", None)
    with pytest.raises(IllegalTransition):
        submit(lawyer, replaces=again)


def test_what_expired_while_it_waited_is_not_verified(lawyer, officer, at):
    credential = submit(lawyer, valid_until=date(2026, 6, 3))
    at(datetime(2026, 6, 4, 9))
    with pytest.raises(InvalidInput) as caught:
        review(officer, credential)
    assert caught.value.code == "credential_expired"
    credential.refresh_from_db()
    assert credential.state == "submitted"


def test_a_second_reviewer_finds_it_decided(lawyer, officer):
    credential = submit(lawyer)
    review(officer, credential)
    with pytest.raises(IllegalTransition):
        review(make_member(Role.OFFICER, make_organisation("bureau")), credential, verified=False, note="x")
    credential.refresh_from_db()
    assert (credential.state, credential.reviewed_by) == ("verified", officer)


# Practice


def practise(actor, **kw):
    given = {
        "region": a_place(TOWNSHIP),
        "longitude": 108.1,
        "latitude": 26.4,
        "specialties": ["land", "land", "minors"],
        "languages": ["cmn"],
        "capacity": 5,
        "max_travel_minutes": 60,
        "now": clock.now(),
    }
    return services.update_practitioner_profile(actor=actor, **(given | kw))


def test_a_practice_profile_is_made_and_changed():
    person = make_user()
    profile = practise(person)
    assert profile.specialties == ["land", "minors"]
    practise(person, capacity=3)
    assert PractitionerProfile.objects.get().capacity == 3
    assert [e.action for e in trail(profile).order_by("id")] == ["practice.create", "practice.update"]
    assert "108" not in str([e.data for e in trail(profile)])


@pytest.mark.parametrize("wrong", [{"longitude": 26.4, "latitude": 108.1}, {"capacity": 51}, {"capacity": -1}])
def test_a_place_outside_china_or_an_odd_number_is_refused(wrong):
    person = make_user()
    with pytest.raises(InvalidInput):
        practise(person, **wrong)
    assert not PractitionerProfile.objects.exists()


# Ties and exclusions


def test_ties_of_three_years_bar_from_judging():
    """实施条例 art. 9: three years before, to the day."""
    expert, firm, clean = make_user(), make_organisation(), make_organisation()
    now = clock.now()
    services.declare_relation(
        actor=expert,
        organisation=firm,
        kind="employed",
        valid_from=date(2020, 1, 1),
        valid_to=date(2023, 6, 1),
        note="配偶在该所",
        now=now,
    )
    (found,) = selectors.conflicts(expert, [firm, clean], TODAY)
    assert (found.organisation, found.code) == (firm, "declared")
    assert firm.name in str(found)
    assert selectors.conflicts(expert, [firm, clean], TODAY + timedelta(days=1)) == []
    assert "配偶" not in str([e.data for e in trail(DeclaredRelation.objects.get())])


def test_former_and_present_members_are_barred():
    expert = make_user()
    past, present, long_ago = (make_organisation() for _n in range(3))
    make_membership(expert, past, Role.LAWYER, state="ended", valid_from=date(2020, 1, 1), valid_to=date(2024, 1, 1))
    make_membership(expert, present, Role.LAWYER)
    make_membership(expert, present, Role.BIDDER)
    make_membership(
        expert, long_ago, Role.LAWYER, state="ended", valid_from=date(2018, 1, 1), valid_to=date(2023, 5, 31)
    )
    found = selectors.conflicts(expert, [past, present, long_ago], TODAY)
    assert [(c.organisation, c.code) for c in found] == [(past, "member"), (present, "member")]


def test_the_head_of_a_firm_is_found_by_name():
    expert = make_user(display_name="李示例")
    firm = make_organisation(head_name=" 李示例 ")
    assert [c.code for c in selectors.conflicts(expert, [firm, make_organisation(head_name="")], TODAY)] == ["head"]


def test_three_years_before_a_leap_day():
    assert selectors.years_before(date(2024, 2, 29)) == date(2021, 2, 28)


def test_a_sanction_counts_on_its_days_and_needs_a_supervisor():
    firm, supervisor = make_organisation(), make_member(Role.SUPERVISOR, make_organisation("bureau"))
    given = {"reason": "提供虚假材料", "basis": "政府采购法 art. 77", "valid_from": TODAY, "now": clock.now()}
    for actor in (make_member(Role.OFFICER, make_organisation("bureau")), make_member(Role.ADMIN, firm)):
        with pytest.raises(PermissionRefused):
            services.impose_sanction(actor=actor, party=firm, **given)
    assert not Sanction.objects.exists()
    services.impose_sanction(actor=supervisor, party=firm, valid_to=date(2027, 5, 31), **given)
    days = [date(2026, 5, 31), TODAY, date(2027, 5, 31), date(2027, 6, 1)]
    assert [selectors.is_sanctioned(firm, day) for day in days] == [False, True, True, False]
    with pytest.raises(InvalidInput):
        services.impose_sanction(actor=supervisor, party=firm, **(given | {"basis": " "}))


def test_a_sanctioned_or_unlicensed_person_is_not_among_the_licensed():
    firm = make_organisation()
    good, unlicensed, barred = make_practitioner(firm), make_practitioner(firm, licensed=False), make_practitioner(firm)
    supervisor = make_member(Role.SUPERVISOR, make_organisation("bureau"))
    services.impose_sanction(
        actor=supervisor, party=barred, reason="停止执业", basis="律师法 art. 47", valid_from=TODAY, now=clock.now()
    )
    assert set(selectors.practitioners_of(firm, TODAY)) == {good, unlicensed, barred}
    assert list(selectors.licensed(selectors.practitioners_of(firm, TODAY), TODAY)) == [good]
    assert not selectors.licensed(User.objects.filter(pk=good.pk), TODAY, ["notary"]).exists()
    assert selectors.is_sanctioned(barred, TODAY)


def test_a_wrong_licence_number_is_a_wrong_number(lawyer):
    with pytest.raises(WrongNumber):
        submit(lawyer, number="9" * 17)
    assert make_credential(verified=False).state == "submitted"
