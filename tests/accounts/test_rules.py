"""Who may do what, asked of people who are nearly allowed."""

from datetime import date, datetime, timedelta

import pytest

from marketplace.accounts import rules
from marketplace.accounts.models import Membership, Organisation, OrganisationKind, Role
from marketplace.core import clock
from tests.factories.accounts import (
    a_place,
    make_credential,
    make_member,
    make_membership,
    make_organisation,
    make_practitioner,
    make_user,
)

pytestmark = pytest.mark.django_db
TOWNSHIP, LEISHAN, LIPING, PREFECTURE = 522634100000, 522634000000, 522631000000, 522600000000


def test_a_role_counts_only_in_its_organisation():
    bureau, other = make_organisation("bureau"), make_organisation("bureau")
    officer = make_member(Role.OFFICER, bureau)
    assert rules.has_role(officer, bureau, Role.OFFICER)
    assert rules.has_role(officer, bureau.pk)
    assert not rules.has_role(officer, bureau, Role.APPROVER)
    assert not rules.has_role(officer, other, Role.OFFICER)
    assert list(rules.organisations_of(officer, Role.OFFICER)) == [bureau]
    assert not rules.organisations_of(officer, Role.APPROVER).exists()


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"state": "invited"}, False),
        ({"state": "requested"}, False),
        ({"state": "ended"}, False),
        ({"valid_from": date(2026, 6, 2)}, False),
        ({"valid_from": date(2026, 6, 1)}, True),
        ({"valid_to": date(2026, 5, 31)}, False),
        ({"valid_to": date(2026, 6, 1)}, True),
    ],
)
def test_a_membership_counts_on_its_days_and_in_its_state(at, changes, counts):
    at(datetime(2026, 6, 1, 9))
    bureau, person = make_organisation("bureau"), make_user()
    make_membership(person, bureau, Role.OFFICER, **({"valid_from": date(2026, 1, 1)} | changes))
    assert rules.has_role(person, bureau, Role.OFFICER) is counts


def test_a_closed_organisation_or_a_closed_account_gives_no_role():
    bureau = make_organisation("bureau")
    officer, gone = make_member(Role.OFFICER, bureau), make_member(Role.OFFICER, bureau)
    gone.is_active = False
    assert not rules.has_role(gone, bureau)
    bureau.state = "closed"
    bureau.save()
    assert not rules.has_role(officer, bureau)


def test_memberships_are_read_once_until_one_changes(django_assert_num_queries):
    bureau = make_organisation("bureau")
    officer = make_member(Role.OFFICER, bureau)
    with django_assert_num_queries(1):
        for _again in range(3):
            rules.has_role(officer, bureau, Role.OFFICER)
            rules.is_supervisor(officer, LEISHAN)
    make_membership(officer, bureau, Role.SUPERVISOR)
    assert rules.is_supervisor(officer, LEISHAN)


def test_tomorrow_the_memberships_are_read_again(at):
    at(datetime(2026, 6, 1, 9))
    bureau = make_organisation("bureau")
    officer = make_member(Role.OFFICER, bureau, valid_to=date(2026, 6, 1))
    assert rules.has_role(officer, bureau)
    at(datetime(2026, 6, 2, 0, 1))
    assert not rules.has_role(officer, bureau)


@pytest.mark.parametrize(
    ("seat", "asked", "answers"),
    [
        (LEISHAN, LEISHAN, True),
        (LEISHAN, TOWNSHIP, True),
        (LEISHAN, LIPING, False),
        (LEISHAN, PREFECTURE, False),
        (PREFECTURE, LEISHAN, True),
    ],
)
def test_a_supervisor_answers_for_what_lies_in_his_region(seat, asked, answers):
    supervisor = make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(seat)))
    assert rules.is_supervisor(supervisor, asked) is answers
    assert rules.is_supervisor(supervisor, a_place(asked)) is answers


def test_a_law_firm_has_no_supervisors_of_the_public():
    """Were one written into the table, it would still open nothing."""
    firm = make_organisation("law_firm", region=a_place(PREFECTURE))
    assert not rules.is_supervisor(make_member(Role.SUPERVISOR, firm), LEISHAN)
    assert not rules.is_any_supervisor(make_member(Role.SUPERVISOR, firm))
    assert not rules.can_review(make_member(Role.OFFICER, firm))


def test_every_kind_of_organisation_has_an_administrator_among_its_roles():
    assert set(rules.ROLES_OF_KIND) == set(OrganisationKind)
    assert all(Role.ADMIN in roles for roles in rules.ROLES_OF_KIND.values())
    for kind, roles in rules.ROLES_OF_KIND.items():
        if kind not in rules.SUPERVISING_KINDS:
            assert not {Role.SUPERVISOR, Role.OFFICER, Role.APPROVER, Role.EXPERT} & set(roles)


def test_a_credential_is_reviewed_by_the_bureau_of_the_persons_office():
    lawyer = make_practitioner(make_organisation(region=a_place(TOWNSHIP)), licensed=False)
    credential = make_credential(lawyer, verified=False)
    allowed = [
        make_member(Role.OFFICER, make_organisation("bureau")),
        make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(PREFECTURE))),
        make_user(is_superuser=True),
    ]
    nearly = [
        make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING))),
        make_member(Role.APPROVER, make_organisation("bureau")),
        make_member(Role.OFFICER, make_organisation("supervision")),
        make_member(Role.ADMIN, make_organisation("bureau")),
        lawyer,
    ]
    assert [rules.can_review_credential(user, credential) for user in allowed] == [True] * 3
    assert [rules.can_review_credential(user, credential) for user in nearly] == [False] * 5
    assert [list(rules.credentials_to_review(user)) for user in nearly] == [[]] * 5


def test_even_an_officer_of_the_right_bureau_does_not_review_his_own():
    officer = make_member(Role.OFFICER, make_organisation("bureau"))
    credential = make_credential(officer, verified=False)
    assert not rules.can_review_credential(officer, credential)
    officer.is_superuser = True
    assert not rules.can_review_credential(officer, credential)


def test_the_office_is_the_practice_then_the_organisation_then_the_home():
    person = make_user()
    assert rules.region_of_person(person) is None
    person.home_region = a_place(LIPING)
    person.save()
    assert rules.region_of_person(person) == LIPING
    make_member(Role.LAWYER, make_organisation(region=a_place(LEISHAN)), person)
    assert rules.region_of_person(person) == LEISHAN
    make_practitioner(make_organisation(), person, region=a_place(TOWNSHIP), licensed=False)
    assert rules.region_of_person(person) == TOWNSHIP


def test_nobody_verifies_his_own_organisation():
    bureau, firm = make_organisation("bureau"), make_organisation(state="registered")
    officer = make_member(Role.OFFICER, bureau)
    assert rules.can_verify_organisation(officer, firm)
    make_membership(officer, firm, Role.BIDDER)
    assert not rules.can_verify_organisation(officer, firm)
    elsewhere = make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING)))
    assert not rules.can_verify_organisation(elsewhere, firm)


def test_memberships_are_seen_by_their_person_and_the_administrator():
    firm, other = make_organisation(), make_organisation()
    lawyer, admin, colleague = (
        make_member(Role.LAWYER, firm),
        make_member(Role.ADMIN, firm),
        make_member(Role.BIDDER, firm),
    )
    stranger = make_member(Role.ADMIN, other)
    assert set(rules.visible_memberships(admin)) == set(Membership.objects.filter(organisation=firm))
    assert [m.user for m in rules.visible_memberships(colleague)] == [colleague]
    assert not rules.visible_memberships(stranger).filter(user=lawyer).exists()


def test_a_sanction_needs_a_supervisor_who_is_not_concerned():
    bureau, firm = make_organisation("bureau"), make_organisation()
    supervisor, officer = make_member(Role.SUPERVISOR, bureau), make_member(Role.OFFICER, bureau)
    lawyer = make_practitioner(firm)
    assert rules.can_impose_sanction(supervisor, firm)
    assert rules.can_impose_sanction(supervisor, lawyer)
    assert not rules.can_impose_sanction(officer, firm)
    assert not rules.can_impose_sanction(supervisor, supervisor)
    make_membership(supervisor, firm, Role.LAWYER, valid_from=clock.today() - timedelta(days=1))
    assert not rules.can_impose_sanction(supervisor, Organisation.objects.get(pk=firm.pk))
