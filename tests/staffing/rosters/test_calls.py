"""The roster of a call for volunteers: its places are sign-ups, never oversold, its waiting list stays in order."""

from datetime import timedelta

import pytest

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.staffing.rosters import deals, duties, errors, offers, services, swaps
from marketplace.staffing.rosters.checks import check_rosters
from marketplace.staffing.rosters.models import Duty
from marketplace.staffing.rosters.services import Terms
from tests.factories.accounts import make_member
from tests.factories.rosters import placed
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import services as volunteering
from volunteers import sign_ups
from volunteers.models import Shift, SignUp

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator():
    placed()
    return make_coordinator()


def opened(coordinator, shifts=2, places=1):
    start = (clock.now() + timedelta(days=8)).replace(hour=1, minute=0)
    call, first = make_call(places=places, start=start, by=coordinator)
    for n in range(1, shifts):
        Shift.objects.create(
            opportunity=call, starts_at=first.starts_at + timedelta(days=n), ends_at=first.ends_at + timedelta(days=n),
            places=places,
        )  # fmt: skip
    roster = services.draft_call_roster(actor=coordinator, opportunity=call, terms=Terms(), now=clock.now())
    return services.open_roster(
        actor=coordinator, roster=roster, offers_until=clock.now() + timedelta(days=2), now=clock.now()
    )


def say(person, roster, now=None):
    now = now or clock.now()
    keys = list(offers.shifts_for(person, roster, now).values_list("pk", flat=True))
    offers.save_offers(actor=person, roster=roster, shifts=keys, most_minutes=None, now=now)


def sent(coordinator, roster):
    roster.refresh_from_db()
    ask = deals.close_and_deal if roster.state == "open" else deals.request_deal
    deal = ask(actor=coordinator, roster=roster, now=clock.now())
    deals.execute_deal(deal_id=deal.pk, now=clock.now())
    deals.send_deal(actor=coordinator, deal=deal, now=clock.now())
    return list(deal.duties.select_related("person", "shift").order_by("shift__starts_at", "pk"))


def test_a_proposal_is_an_offered_place_and_a_confirmed_shift_a_sign_up(coordinator):
    roster = opened(coordinator)
    one, two = make_volunteer(), make_volunteer()
    say(one, roster)
    say(two, roster)
    rows = sent(coordinator, roster)
    # Each one shift: hours are evened out.
    assert {duty.person for duty in rows} == {one, two}
    assert {place.state for place in SignUp.objects.all()} == {"offered"}
    assert set(Shift.objects.values_list("taken", flat=True)) == {1}
    duties.confirm_duty(actor=rows[0].person, duty=rows[0], now=clock.now())
    place = SignUp.objects.get(volunteer=rows[0].person)
    assert place.state == "confirmed"
    duties.decline_duty(actor=rows[1].person, duty=rows[1], reason="要考试", now=clock.now())
    assert SignUp.objects.get(volunteer=rows[1].person).state == "cancelled"
    assert Shift.objects.get(pk=rows[1].shift.volunteer_shift_id).taken == 0
    assert [finding.name for finding in check_rosters() if finding.rows] == []


def test_whoever_waits_in_line_is_served_first(coordinator):
    roster = opened(coordinator, shifts=1)
    holder, waiting, offering = make_volunteer(), make_volunteer(), make_volunteer()
    shift = Shift.objects.get()
    held = sign_ups.sign_up(actor=holder, shift=shift, now=clock.now())
    queued = sign_ups.sign_up(actor=waiting, shift=shift, now=clock.now())
    assert queued.state == "waiting"
    say(offering, roster)
    with pytest.raises(errors.NothingOffered):
        deals.request_deal(actor=coordinator, roster=closed(coordinator, roster), now=clock.now())
    sign_ups.cancel_sign_up(actor=holder, sign_up=held, now=clock.now())
    queued.refresh_from_db()
    assert queued.state == "offered"
    assert not Duty.objects.exists()


def closed(coordinator, roster):
    deals.close_and_deal(actor=coordinator, roster=roster, now=clock.now())
    roster.refresh_from_db()
    return roster


def test_a_place_that_was_taken_meanwhile_is_not_proposed(coordinator):
    roster = opened(coordinator, shifts=1)
    offering, quick = make_volunteer(), make_volunteer()
    say(offering, roster)
    deal = deals.close_and_deal(actor=coordinator, roster=roster, now=clock.now())
    deals.execute_deal(deal_id=deal.pk, now=clock.now())
    sign_ups.sign_up(actor=quick, shift=Shift.objects.get(), now=clock.now())
    deals.send_deal(actor=coordinator, deal=deal, now=clock.now())
    assert Duty.objects.get().state == "withdrawn"
    assert Shift.objects.get().taken == 1
    assert SignUp.objects.get().volunteer == quick


def test_what_is_answered_on_the_page_of_the_call_counts_here(coordinator):
    roster = opened(coordinator, shifts=3)
    person = make_volunteer()
    say(person, roster)
    taken, left, given = sent(coordinator, roster)
    sign_ups.accept_offer(actor=person, sign_up=taken.sign_up, now=clock.now())
    sign_ups.cancel_sign_up(actor=person, sign_up=left.sign_up, now=clock.now(), note="有事")
    duties.confirm_duty(actor=person, duty=given, now=clock.now())
    given.refresh_from_db()
    sign_ups.cancel_sign_up(actor=person, sign_up=given.sign_up, now=clock.now())
    assert duties.settle(now=clock.now()) == 3
    assert duties.settle(now=clock.now()) == 0
    assert list(Duty.objects.order_by("pk").values_list("state", flat=True)) == ["confirmed", "declined", "given_back"]


def test_a_call_that_is_called_off_takes_the_shifts_along(coordinator):
    roster = opened(coordinator, shifts=1)
    person = make_volunteer()
    say(person, roster)
    [duty] = sent(coordinator, roster)
    duties.confirm_duty(actor=person, duty=duty, now=clock.now())
    volunteering.cancel_opportunity(
        actor=coordinator, opportunity=roster.opportunity, reason="大雪封山", now=clock.now()
    )
    duties.settle(now=clock.now())
    duty.refresh_from_db()
    assert duty.state == "withdrawn"
    assert not swaps.can_be_swapped(duty, clock.now())


def test_only_who_manages_the_call_keeps_its_roster(coordinator):
    roster = opened(coordinator)
    elsewhere = make_coordinator()
    member = make_member(Role.LAWYER, roster.opportunity.organiser)
    for nearly in (elsewhere, member):
        with pytest.raises(PermissionRefused):
            deals.close_and_deal(actor=nearly, roster=roster, now=clock.now())
        with pytest.raises(PermissionRefused):
            services.draft_call_roster(actor=nearly, opportunity=roster.opportunity, terms=Terms(), now=clock.now())
    roster.refresh_from_db()
    assert roster.state == "open"
    # Asked again, the same roster answers.
    same = services.draft_call_roster(actor=coordinator, opportunity=roster.opportunity, terms=Terms(), now=clock.now())
    assert same == roster
