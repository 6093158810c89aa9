"""Who may offer, on what footing, and what is kept of an offer."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from marketplace.accounts.models import Role, Sanction
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.staffing.rosters import errors, offers, people
from marketplace.staffing.rosters.models import Offer, OfferedShift
from marketplace.staffing.rosters.services import Window
from tests.factories.accounts import make_credential, make_member, make_organisation, make_practitioner, make_user
from tests.factories.rosters import deal_case, make_roster, offer, open_case, send_case
from tests.factories.staffing import a_lawyer
from tests.factories.volunteers import make_volunteer

pytestmark = pytest.mark.django_db

BOTH = Window(time(9), time(12), 1, 1)


def excluded(person):
    Sanction.objects.create(
        user=person,
        reason="示例",
        basis="示例",
        valid_from=clock.today(),
        decided_by=make_user(),
        decided_at=clock.now(),
    )
    return person


def test_one_person_and_everybody_are_asked_by_the_same_rule():
    case = open_case(make_roster(lawyers=1, volunteers=1, windows=(BOTH,)))
    firm = case.parties.supplier
    on = clock.today()
    left = make_volunteer()
    left.volunteer.active = False
    left.volunteer.save()
    everybody = [
        *case.lawyers, *case.volunteers, left, make_user(), case.parties.officer, case.parties.bidder,
        a_lawyer(make_organisation()), make_practitioner(firm, licensed=False), make_member(Role.LAWYER, firm),
        excluded(a_lawyer(firm)), excluded(make_volunteer()),
    ]  # fmt: skip
    lawyers = set(people.lawyers(case.roster, on).values_list("pk", flat=True))
    volunteers = set(people.volunteers(case.roster, on).values_list("pk", flat=True))
    expected = {
        person.pk: "contract" if person.pk in lawyers else "volunteer" if person.pk in volunteers else ""
        for person in everybody
    }
    assert {person.pk: people.capacity_of(person, case.roster, on) for person in everybody} == expected
    assert sorted(expected.values()).count("contract") == 1
    assert sorted(expected.values()).count("volunteer") == 1


def test_a_volunteer_with_a_licence_may_take_a_lawyers_shift():
    case = open_case(make_roster(lawyers=0, volunteers=1, windows=(BOTH,), days=1))
    needed, helper = case.shifts
    volunteer = case.volunteers[0]
    assert list(offers.shifts_for(volunteer, case.roster, clock.now())) == [helper]
    make_credential(volunteer)
    assert list(offers.shifts_for(volunteer, case.roster, clock.now())) == [needed, helper]


def test_an_offer_keeps_its_turn_and_is_said_once():
    case = open_case(make_roster(lawyers=1, days=1))
    person, shifts = case.lawyers[0], case.shifts
    now = clock.now()
    offer(case, person, shifts, now=now)
    offer(case, person, shifts, now=now + timedelta(hours=1))
    assert Event.objects.filter(action="roster.offer").count() == 1
    offer(case, person, shifts[:1], now=now + timedelta(hours=2))
    offer(case, person, shifts, now=now + timedelta(hours=3))
    since = dict(OfferedShift.objects.values_list("shift", "since"))
    assert since == {shifts[0].pk: now, shifts[1].pk: now + timedelta(hours=3)}
    assert Offer.objects.count() == 1


def test_after_publication_only_free_shifts_are_asked_for():
    case = open_case(make_roster(lawyers=2, days=1))
    first, second = case.lawyers
    offer(case, first, case.shifts[:1])
    send_case(case)
    with pytest.raises(errors.NotForYou):
        offer(case, second, case.shifts)
    offer(case, second, case.shifts[1:])
    # What was said of the others stays, even if it is not said again.
    offer(case, first, [])
    assert OfferedShift.objects.filter(offer__person=first).count() == 1


def test_a_licence_that_ends_before_the_shift_does_not_count():
    case = open_case(make_roster(lawyers=2, days=2))
    first, second = case.lawyers
    last = timezone.localdate(case.shifts[0].starts_at)
    first.credentials.update(valid_until=last)
    offer(case, first)
    offer(case, second, case.shifts[:1])
    deal = deal_case(case)
    late = {shift.pk for shift in case.shifts if timezone.localdate(shift.starts_at) > last}
    assert {(s, p, why) for s, p, why in deal.parameters["left_out"]} == {(pk, first.pk, "licence") for pk in late}
    assert not deal.duties.filter(shift__in=late).exists()
