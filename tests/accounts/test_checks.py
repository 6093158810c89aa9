"""check_accounts passes over what services wrote, and names each row that somebody bent by hand."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection

from marketplace.accounts import services
from marketplace.accounts.checks import faults
from marketplace.accounts.models import Credential, Membership, Organisation, Role, User
from marketplace.core import clock
from tests.factories.accounts import a_credit_code, a_licence_number, a_place, a_resident_id, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_world():
    """One bureau with an officer and an editor, one firm with a verified lawyer; all written by services."""
    now, place, today = clock.now(), a_place(), clock.today()
    chief, admin, officer, editor, boss, lawyer = (make_user() for _n in range(6))
    chief.is_superuser = True
    chief.save()
    bureau = services.register_organisation(
        actor=chief, kind="bureau", name="示例司法局", credit_code=None, region=place, now=now, administrator=admin
    )
    for person, role in ((officer, Role.OFFICER), (editor, Role.EDITOR)):
        offered = services.invite_member(actor=admin, organisation=bureau, person=person, role=role, now=now)
        services.accept_membership(actor=person, membership=offered, now=now)
    firm = services.register_organisation(
        actor=boss, kind="law_firm", name="示例律师事务所", credit_code=a_credit_code(), region=place, now=now
    )
    asked = services.request_membership(actor=lawyer, organisation=firm, role=Role.LAWYER, now=now)
    services.approve_membership(actor=boss, membership=asked, now=now)
    credential = services.submit_credential(
        actor=lawyer,
        kind="lawyer",
        number=a_licence_number(),
        issuer="示例省司法厅",
        valid_from=today - timedelta(days=1),
        valid_until=today + timedelta(days=99),
        now=now,
    )
    services.review_credential(actor=officer, credential=credential, verified=True, now=now)
    services.set_id_number(actor=lawyer, number=a_resident_id(), now=now)
    return {"bureau": bureau, "firm": firm, "lawyer": lawyer, "credential": credential, "editor": editor}


def test_what_services_wrote_holds(small_world, capsys):
    assert list(faults()) == []
    call_command("check_accounts")
    assert "All holds" in capsys.readouterr().out


def bend_number(world):
    User.objects.filter(pk=world["lawyer"].pk).update(id_number="522634199003070013")


def bend_digest(world):
    User.objects.filter(pk=world["lawyer"].pk).update(id_number_index="0" * 64)


def bend_code(world):
    Organisation.objects.filter(pk=world["firm"].pk).update(credit_code="31520000MD0000000Z")


def bend_role(world):
    Membership.objects.filter(user=world["lawyer"]).update(role="supervisor")


def bend_admin(world):
    Membership.objects.filter(organisation=world["firm"], role="admin").update(
        valid_to=clock.today() - timedelta(days=1), valid_from="2020-01-01"
    )


def bend_state(world):
    Organisation.objects.filter(pk=world["firm"].pk).update(state="verified")
    Credential.objects.filter(pk=world["credential"].pk).update(state="revoked")


def bend_group(world):
    world["lawyer"].groups.add(Group.objects.get(name="Editors"))


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (bend_number, "identity number"),
        (bend_digest, "another's digest"),
        (bend_code, "cannot stand in a credit code"),
        (bend_role, "gives no role supervisor"),
        (bend_admin, "has no administrator"),
        (bend_state, "is revoked, which the record does not say"),
        (bend_group, "without a role that opens it"),
    ],
)
def test_each_bent_row_is_named(small_world, in_english, bend, says):
    bend(small_world)
    assert any(says in fault for fault in faults())
    with pytest.raises(SystemExit):
        call_command("check_accounts")


def test_a_row_without_any_record_is_named(small_world):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_membership (user_id, organisation_id, role, state, valid_from)"
            " SELECT user_id, organisation_id, 'bidder', state, valid_from FROM accounts_membership WHERE user_id = %s",
            [small_world["lawyer"].pk],
        )
    (fault,) = faults()
    assert fault.endswith("is active, which the record does not say")
