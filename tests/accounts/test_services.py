"""Registration, memberships and one's own data: what is allowed, what is refused, and that a refusal changes nothing."""

import threading
from datetime import date, datetime

import pytest
from django.db import IntegrityError, connection, connections, transaction

from marketplace.accounts import rules, selectors, services
from marketplace.accounts.errors import AlreadyMember, LastAdministrator, OwnCase, RoleNotForKind, WrongNumber
from marketplace.accounts.models import KeyHolderKey, Membership, Organisation, OrganisationKind, Role, User
from marketplace.accounts.privacy import export_my_data
from marketplace.audit.models import Event
from marketplace.audit.selectors import trail
from marketplace.core import clock, sealing
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.states import IllegalTransition
from tests.factories.accounts import (
    a_credit_code,
    a_place,
    a_resident_id,
    make_credential,
    make_member,
    make_membership,
    make_organisation,
    make_practitioner,
    make_user,
)

pytestmark = pytest.mark.django_db
LIPING, TOWNSHIP = 522631000000, 522634100000


def register(actor, **kw):
    given = {
        "kind": "law_firm",
        "name": "示例律师事务所",
        "credit_code": a_credit_code(),
        "region": a_place(),
        "now": clock.now(),
    }
    return services.register_organisation(actor=actor, **(given | kw))


def acts(subject):
    return [event.action for event in trail(subject).order_by("id")]


# Organisations


def test_anybody_registers_a_supplier_and_may_bid_at_once():
    person = make_user()
    firm = register(person, credit_code=" 3152 0000 " + a_credit_code()[8:].lower())
    assert firm.state == "registered"
    assert rules.has_role(person, firm, Role.ADMIN)
    assert rules.has_role(person, firm, Role.BIDDER)
    assert firm.credit_code.startswith("31520000MD")
    assert acts(firm) == ["organisation.register"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"credit_code": "91110000600037341M"}, WrongNumber),
        ({"credit_code": None}, WrongNumber),
        ({"credit_code": "91110000600037341L"}, WrongNumber),
        ({"name": "  "}, InvalidInput),
    ],
)
def test_a_supplier_needs_a_name_and_a_right_code(changes, error):
    with pytest.raises(error):
        register(make_user(), **changes)
    assert not Organisation.objects.exists()
    assert not Membership.objects.exists()


def test_one_code_is_registered_once():
    firm = register(make_user())
    with pytest.raises(InvalidInput) as caught:
        register(make_user(), credit_code=firm.credit_code)
    assert caught.value.code == "credit_code_taken"
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize("kind", sorted(rules.PUBLIC_KINDS))
def test_nobody_makes_himself_a_public_body(kind):
    officer = make_member(Role.OFFICER, make_organisation("bureau"))
    elsewhere = make_member(Role.SUPERVISOR, make_organisation("supervision", region=a_place(LIPING)))
    for actor in (make_user(), officer, elsewhere):
        with pytest.raises(PermissionRefused):
            register(actor, kind=kind, credit_code=None)
    assert not Organisation.objects.filter(kind=kind, name="示例律师事务所").exists()
    supervisor, administrator = make_member(Role.SUPERVISOR, make_organisation("supervision")), make_user()
    body = register(supervisor, kind=kind, credit_code=None, administrator=administrator)
    assert body.state == "verified"
    assert rules.roles_of(administrator, body) == {Role.ADMIN}
    assert not rules.has_role(supervisor, body)


def test_the_bureau_verifies_and_nobody_else():
    firm = register(make_user())
    officer = make_member(Role.OFFICER, make_organisation("bureau"))
    elsewhere = make_member(Role.OFFICER, make_organisation("bureau", region=a_place(LIPING)))
    with pytest.raises(PermissionRefused):
        services.verify_organisation(actor=elsewhere, organisation=firm, now=clock.now())
    firm.refresh_from_db()
    assert firm.state == "registered"
    services.verify_organisation(actor=officer, organisation=firm, now=clock.now(), note="与执业许可一致")
    assert acts(firm) == ["organisation.register", "organisation.verify"]
    with pytest.raises(IllegalTransition):
        services.verify_organisation(actor=officer, organisation=firm, now=clock.now())


# Memberships


def test_an_invitation_counts_once_it_is_accepted(at):
    at(datetime(2026, 6, 1, 9))
    firm = make_organisation()
    admin, lawyer = make_member(Role.ADMIN, firm), make_user()
    invited = services.invite_member(actor=admin, organisation=firm, person=lawyer, role=Role.LAWYER, now=clock.now())
    assert not rules.has_role(lawyer, firm)
    for other in (admin, make_user()):
        with pytest.raises(PermissionRefused):
            services.accept_membership(actor=other, membership=invited, now=clock.now())
    at(datetime(2026, 6, 3, 9))
    services.accept_membership(actor=lawyer, membership=invited, now=clock.now())
    assert rules.has_role(lawyer, firm, Role.LAWYER)
    invited.refresh_from_db()
    assert invited.valid_from == date(2026, 6, 3)
    assert acts(invited) == ["membership.invite", "membership.accept"]


def test_only_an_administrator_of_that_organisation_invites():
    firm = make_organisation()
    nearly = [make_member(Role.BIDDER, firm), make_member(Role.ADMIN, make_organisation())]
    for actor in nearly:
        with pytest.raises(PermissionRefused):
            services.invite_member(
                actor=actor, organisation=firm, person=make_user(), role=Role.LAWYER, now=clock.now()
            )
    assert firm.memberships.count() == 1


@pytest.mark.parametrize(
    ("kind", "role"),
    [("law_firm", Role.SUPERVISOR), ("law_firm", Role.OFFICER), ("village", Role.OFFICER), ("bureau", Role.BIDDER)],
)
def test_an_organisation_gives_no_role_that_its_kind_has_not(kind, role):
    organisation = make_organisation(kind)
    admin = make_member(Role.ADMIN, organisation)
    with pytest.raises(RoleNotForKind):
        services.invite_member(actor=admin, organisation=organisation, person=make_user(), role=role, now=clock.now())
    with pytest.raises(RoleNotForKind):
        services.request_membership(actor=make_user(), organisation=organisation, role=role, now=clock.now())
    assert organisation.memberships.count() == 1


def test_in_a_public_body_nobody_gives_himself_a_role():
    bureau, firm = make_organisation("bureau"), make_organisation()
    admin = make_member(Role.ADMIN, bureau)
    with pytest.raises(OwnCase):
        services.invite_member(actor=admin, organisation=bureau, person=admin, role=Role.APPROVER, now=clock.now())
    asked = services.request_membership(actor=admin, organisation=bureau, role=Role.APPROVER, now=clock.now())
    with pytest.raises(OwnCase):
        services.approve_membership(actor=admin, membership=asked, now=clock.now())
    assert rules.roles_of(admin, bureau) == {Role.ADMIN}
    make_membership(admin, firm, Role.ADMIN)
    own = services.invite_member(actor=admin, organisation=firm, person=admin, role=Role.LAWYER, now=clock.now())
    assert own.state == "active"


def test_who_asks_is_let_in_by_an_administrator():
    firm, lawyer = make_organisation(), make_user()
    admin = make_member(Role.ADMIN, firm)
    asked = services.request_membership(actor=lawyer, organisation=firm, role=Role.LAWYER, now=clock.now())
    with pytest.raises(AlreadyMember):
        services.request_membership(actor=lawyer, organisation=firm, role=Role.LAWYER, now=clock.now())
    for actor in (lawyer, make_member(Role.BIDDER, firm)):
        with pytest.raises(PermissionRefused):
            services.approve_membership(actor=actor, membership=asked, now=clock.now())
    with pytest.raises(IllegalTransition):
        services.accept_membership(actor=lawyer, membership=asked, now=clock.now())
    services.approve_membership(actor=admin, membership=asked, now=clock.now())
    assert rules.has_role(lawyer, firm, Role.LAWYER)


def test_who_leaves_keeps_the_last_day_and_who_declined_has_none(at):
    at(datetime(2026, 6, 1, 9))
    firm = make_organisation()
    admin, lawyer, other = make_member(Role.ADMIN, firm), make_user(), make_user()
    make_membership(lawyer, firm, Role.LAWYER)
    now = clock.now()
    services.end_membership(actor=lawyer, membership=lawyer.memberships.get(), now=now, reason="退休")
    assert lawyer.memberships.get().valid_to == date(2026, 6, 1)
    assert not rules.has_role(lawyer, firm)
    offered = services.invite_member(actor=admin, organisation=firm, person=other, role=Role.LAWYER, now=now)
    services.end_membership(actor=other, membership=offered, now=now)
    assert other.memberships.get().valid_to is None
    assert [c.code for c in selectors.conflicts(lawyer, [firm], date(2027, 1, 1))] == ["member"]
    assert selectors.conflicts(other, [firm], date(2027, 1, 1)) == []
    with pytest.raises(PermissionRefused):
        services.end_membership(actor=other, membership=admin.memberships.get(), now=now)


def test_who_ends_the_role_of_another_says_why():
    firm = make_organisation()
    admin, lawyer = make_member(Role.ADMIN, firm), make_member(Role.LAWYER, firm)
    membership = lawyer.memberships.get()
    with pytest.raises(InvalidInput) as refused:
        services.end_membership(actor=admin, membership=membership, reason=" ", now=clock.now())
    assert refused.value.field == "reason"
    assert rules.has_role(lawyer, firm, Role.LAWYER)
    services.end_membership(actor=admin, membership=membership, reason="已调离本所", now=clock.now())
    assert Event.objects.get(action="membership.end").reason == "已调离本所"
    assert not rules.has_role(User.objects.get(pk=lawyer.pk), firm)


def test_the_last_administrator_stays():
    firm = make_organisation()
    admin = make_member(Role.ADMIN, firm)
    with pytest.raises(LastAdministrator):
        services.end_membership(actor=admin, membership=admin.memberships.get(), now=clock.now())
    assert rules.has_role(admin, firm, Role.ADMIN)
    make_member(Role.ADMIN, firm)
    services.end_membership(actor=admin, membership=admin.memberships.get(), now=clock.now())
    assert not rules.has_role(admin, firm)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_leave_at_once_do_not_both_go():
    firm = make_organisation()
    admins = [make_member(Role.ADMIN, firm) for _n in range(2)]
    barrier, outcomes = threading.Barrier(2), []

    def leave(admin):
        barrier.wait()
        try:
            services.end_membership(actor=admin, membership=admin.memberships.get(), now=clock.now())
            outcomes.append("left")
        except LastAdministrator:
            outcomes.append("stays")
        connections.close_all()

    threads = [threading.Thread(target=leave, args=[admin]) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["left", "stays"]
    assert firm.memberships.filter(state="active", role=Role.ADMIN).count() == 1


def test_a_live_membership_stands_once_also_for_raw_sql():
    lawyer = make_member(Role.LAWYER)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_membership (user_id, organisation_id, role, state, valid_from)"
            " SELECT user_id, organisation_id, role, 'requested', valid_from FROM accounts_membership"
        )
    assert lawyer.memberships.count() == 1


def test_editors_get_and_lose_the_editors_desk():
    bureau = make_organisation("bureau")
    admin, editor = make_member(Role.ADMIN, bureau), make_user()
    now = clock.now()
    for role, group in ((Role.EDITOR, "Editors"), (Role.SUPERVISOR, "Moderators")):
        offered = services.invite_member(actor=admin, organisation=bureau, person=editor, role=role, now=now)
        assert not editor.groups.exists()
        services.accept_membership(actor=editor, membership=offered, now=now)
        assert [g.name for g in editor.groups.all()] == [group]
        services.end_membership(actor=admin, membership=offered, reason="轮岗", now=now)
        assert not editor.groups.exists()


# One's own data


def test_an_identity_number_is_encrypted_and_stands_once():
    number, first, second = a_resident_id(), make_user(), make_user()
    services.set_id_number(actor=first, number=f" {number.lower()} ", now=clock.now())
    assert User.objects.get(pk=first.pk).id_number == number
    with connection.cursor() as cursor:
        cursor.execute("SELECT id_number, id_number_index FROM accounts_user WHERE id = %s", [first.pk])
        blob, index = cursor.fetchone()
    assert number.encode() not in bytes(blob)
    assert number not in index
    with pytest.raises(InvalidInput) as caught:
        services.set_id_number(actor=second, number=number, now=clock.now())
    assert caught.value.code == "id_number_taken"
    assert number not in str(caught.value)
    second.refresh_from_db()
    assert (second.id_number, second.id_number_index) == ("", None)
    services.set_id_number(actor=first, number="", now=clock.now())
    services.set_id_number(actor=second, number=number, now=clock.now())
    assert acts(first) == ["person.identify", "person.erase_identity"]
    assert number not in str(list(Event.objects.values()))


def test_the_record_names_the_changed_fields_and_no_value():
    person = make_user()
    now = clock.now()
    given = {"display_name": person.display_name, "display_name_en": "", "home_region": a_place(TOWNSHIP)}
    services.update_person(actor=person, now=now, phone="+86 138 0013 8000", **given)
    services.update_person(actor=person, now=now, phone="138-0013-8000", **given)
    person.refresh_from_db()
    assert (person.phone, person.home_region_id) == ("13800138000", TOWNSHIP)
    (event,) = trail(person)
    assert event.data == {"fields": ["display_name_en", "home_region", "phone"]}
    with pytest.raises(InvalidInput):
        services.update_person(actor=person, now=now, phone="", **(given | {"display_name": " "}))
    person.refresh_from_db()
    assert person.phone == "13800138000"


def test_a_key_holders_passphrase_makes_the_key_and_is_kept_nowhere():
    holder = make_member(Role.KEY_HOLDER)
    passphrase = "雷公山 苗年 吊脚楼 银饰 芦笙"
    key = services.set_holder_key(actor=holder, passphrase=passphrase, now=clock.now())
    private, public = sealing.derive_holder_key(passphrase, bytes(key.salt))
    assert bytes(key.public_key) == public
    sealed = sealing.seal_to(public, b"share", b"tender 1")
    assert sealing.open_sealed(private, sealed, b"tender 1") == b"share"
    assert selectors.holder_key(holder) == key
    later = services.set_holder_key(actor=holder, passphrase=passphrase + "x", now=clock.now())
    assert bytes(later.public_key) != public
    assert selectors.holder_key(holder) == later
    key.refresh_from_db()
    assert key.retired_at is not None
    assert passphrase not in str(list(Event.objects.values()))


@pytest.mark.parametrize("weak", ["", "short", "elevenchars", "aaaaaaaaaaaaaaaa", "ababababababab"])
def test_a_weak_passphrase_is_refused(weak):
    holder = make_member(Role.KEY_HOLDER)
    with pytest.raises(InvalidInput) as caught:
        services.set_holder_key(actor=holder, passphrase=weak, now=clock.now())
    assert caught.value.code == "weak_passphrase"
    assert not KeyHolderKey.objects.exists()


def test_only_key_holders_have_a_key():
    with pytest.raises(PermissionRefused):
        services.set_holder_key(actor=make_member(Role.APPROVER), passphrase="four words at least", now=clock.now())
    assert not KeyHolderKey.objects.exists()


def test_the_export_holds_what_is_held_and_nothing_of_others():
    lawyer, other = make_practitioner(), make_practitioner()
    number = a_resident_id()
    services.set_id_number(actor=lawyer, number=number, now=clock.now())
    data = export_my_data(actor=lawyer, now=clock.now())
    assert data["person"]["id_number"] == number
    assert data["practice"]["languages"] == ["cmn", "hmu"]
    assert [m["role"] for m in data["memberships"]] == ["lawyer"]
    assert [c["number"] for c in data["credentials"]] == [lawyer.credentials.get().number]
    assert [act["action"] for act in data["acts"]] == ["person.identify", "person.export"]
    assert other.credentials.get().number not in str(data)


def test_consent_is_on_record_with_its_notice():
    person = make_user()
    services.agree_to_privacy_notice(actor=person, version="2026-11", now=clock.now())
    (event,) = trail(person)
    assert (event.action, event.data) == ("person.agree", {"notice": "2026-11"})


def test_every_kind_can_be_registered_by_a_superuser():
    chief = make_user(is_superuser=True)
    for kind in OrganisationKind:
        prefix = "31520000MD" if kind == "law_firm" else "5452263400"
        assert register(chief, kind=kind, credit_code=a_credit_code(prefix)).kind == kind


def test_a_bureau_officer_reviews_credentials_of_lawyers_without_a_profile():
    officer = make_member(Role.OFFICER, make_organisation("bureau"))
    assert rules.can_review_credential(officer, make_credential(make_member(Role.LAWYER), verified=False))
