"""What the database holds, whoever writes to it."""

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.staffing.rosters.models import Duty
from tests.factories.rosters import MORNING, confirmed_case, make_roster, offer, open_case, send_case

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def refused(statement, *values):
    """The name of the guard that refuses the statement."""
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return error.value.__cause__.diag.constraint_name


def copied(duty, **changes):
    """An INSERT of the same duty with some columns changed."""
    names = [f.column for f in Duty._meta.concrete_fields if f.name != "id"]
    parts = [f"%({name})s" if name in changes else f'"{name}"' for name in names]
    quoted = ", ".join(f'"{n}"' for n in names)
    return (
        f"INSERT INTO staffing_duty ({quoted}) SELECT {', '.join(parts)} FROM staffing_duty WHERE id = {duty.pk}",  # noqa: S608
        changes,
    )


def insert(duty, **changes):
    statement, values = copied(duty, **changes)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def refused_copy(duty, **changes):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        insert(duty, **changes)
    return error.value.__cause__.diag.constraint_name


@pytest.fixture
def case():
    case = open_case(make_roster(lawyers=2, days=1))
    offer(case, case.lawyers[0])
    return case


def test_places_are_never_oversold(case):
    duty = send_case(case)[0]
    assert refused_copy(duty, person_id=case.lawyers[1].pk, deal_id=duty.deal_id) == "roster_shift_not_oversold"
    duty.shift.refresh_from_db()
    assert duty.shift.taken == 1
    # A duty that holds no place may be written, but not brought to life.
    insert(duty, person_id=case.lawyers[1].pk, state="computed", respond_by=None)
    assert (
        refused(
            "UPDATE staffing_duty SET state = 'proposed', respond_by = now() WHERE person_id = %s", case.lawyers[1].pk
        )
        == "roster_shift_not_oversold"
    )


def test_the_count_follows_every_way_of_writing(case):
    duty = send_case(case)[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE staffing_duty SET shift_id = %s WHERE id = %s", [duty.shift_id, duty.pk])
        cursor.execute("DELETE FROM staffing_duty WHERE id = %s", [duty.pk])
    duty.shift.refresh_from_db()
    assert duty.shift.taken == 0


def test_nobody_is_twice_in_a_shift_nor_in_two_at_once():
    case = open_case(make_roster(lawyers=1, days=1, windows=(MORNING,)))
    case.roster.shifts.update(places=2)
    twin = make_roster(lawyers=0, days=1, windows=(MORNING,), contract=case.roster.contract)
    offer(case, case.lawyers[0])
    [duty] = confirmed_case(case)
    assert refused_copy(duty, deal_id=None, takes_over_id=duty.pk) == "nobody_twice_in_a_shift"
    assert refused_copy(duty, shift_id=twin.shifts[0].pk) == "no_two_duties_at_once"


def test_a_duty_has_the_time_of_its_shift_whatever_is_written(case):
    duty = send_case(case)[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE staffing_duty SET period = '[2001-01-01, 2001-01-02)' WHERE id = %s", [duty.pk])
    duty.refresh_from_db()
    assert duty.period.lower == duty.shift.starts_at
    moved = "UPDATE staffing_rostershift SET ends_at = ends_at + interval '1 hour' WHERE id = %s"
    assert refused(moved, duty.shift_id) == "dealt_shift_keeps_its_time"


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("respond_by = NULL", "proposed_duty_has_deadline"),
        ("state = 'confirmed', answered_at = NULL", "answered_duty_has_its_time"),
        ("state = 'declined', answered_at = now(), note = ''", "refused_duty_says_why"),
        ("deal_id = NULL", "duty_comes_from_somewhere"),
    ],
)
def test_a_duty_says_what_its_state_asks(case, change, guard):
    duty = send_case(case)[0]
    assert refused(f"UPDATE staffing_duty SET {change} WHERE id = %s", duty.pk) == guard  # noqa: S608


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("offers_until = NULL", "open_roster_has_deadline"),
        ("state = 'cancelled'", "cancelled_roster_says_why"),
        ("contract_id = NULL", "roster_of_one_thing"),
        ("ends_on = starts_on - 1", "roster_ends_after_start"),
    ],
)
def test_a_roster_says_what_its_state_asks(case, change, guard):
    assert refused(f"UPDATE staffing_roster SET {change} WHERE id = %s", case.roster.pk) == guard  # noqa: S608


def test_one_deal_at_a_time(case):
    deal = send_case(case)[0].deal
    with connection.cursor() as cursor:
        cursor.execute("UPDATE staffing_deal SET state = 'queued' WHERE id = %s", [deal.pk])
    names = [f.column for f in deal._meta.concrete_fields if f.name != "id"]
    quoted = ", ".join(f'"{n}"' for n in names)
    copy = f"INSERT INTO staffing_deal ({quoted}) SELECT {quoted} FROM staffing_deal WHERE id = %s"  # noqa: S608
    assert refused(copy, deal.pk) == "one_deal_at_a_time"
