"""From offers to proposals: nobody is dealt what he did not offer, and the plan proves itself."""

from datetime import time, timedelta

import pytest

from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.errors import PermissionRefused
from marketplace.regions.models import Region
from marketplace.staffing import tasks
from marketplace.staffing.rosters import deals, duties, errors, services
from marketplace.staffing.rosters.checks import check_rosters, replay
from marketplace.staffing.rosters.models import Deal, Duty, Offer
from marketplace.staffing.rosters.services import Window
from marketplace.staffing.services import MOST_ATTEMPTS
from tests.factories.accounts import a_place
from tests.factories.rosters import MORNING, confirmed_case, deal_case, make_roster, offer, open_case, send_case
from tests.factories.volunteers import make_volunteer

EVENING = Window(time(18), time(20), 1)
pytestmark = pytest.mark.django_db


def test_from_the_draft_to_the_proposals():
    case = open_case(make_roster())
    first, second = case.lawyers
    offer(case, first)
    offer(case, second, case.shifts[:1])
    deal = deal_case(case)
    assert deal.state == "done"
    assert deal.summary["filled"] == deal.summary["places"] == 4
    assert deal.summary["exact"]
    # Whoever offered later takes one of four, so that nobody has more than he must.
    dealt = {(d.shift_id, d.person) for d in deal.duties.all()}
    assert dealt <= {(s.pk, first) for s in case.shifts} | {(case.shifts[0].pk, second)}
    assert (case.shifts[0].pk, second) in dealt
    assert not Duty.objects.filter(state="proposed").exists()
    deals.send_deal(actor=case.parties.officer, deal=deal, now=clock.now())
    case.roster.refresh_from_db()
    assert case.roster.state == "published"
    assert {s.taken for s in case.shifts} == {1}
    assert Event.objects.filter(action="duty.propose").count() == 4


def test_whoever_offers_first_comes_and_the_plan_replays():
    case = open_case(make_roster(lawyers=2, windows=(MORNING,), days=1))
    early, late = case.lawyers
    now = clock.now()
    offer(case, late, now=now)
    # Said again, it keeps its place; said anew later, it stands behind.
    offer(case, early, now=now - timedelta(hours=1))
    offer(case, late, now=now + timedelta(hours=1))
    deal = deal_case(case)
    [duty] = deal.duties.all()
    assert duty.person == early
    assert duty.reason == {"position": 0, "offers": 2, "passed": 0}
    [(shift, person, position, facts)] = Deal.objects.defer(None).get(pk=deal.pk).result["absent"]
    assert (shift, person, position, facts[0][0]) == (duty.shift_id, late.pk, 1, "full")
    assert list(replay(deal)) == []
    assert [finding.name for finding in check_rosters() if finding.rows] == []


def test_a_changed_plan_does_not_pass_the_check():
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    deal = deal_case(case)
    Duty.objects.filter(deal=deal).first().delete()
    assert {finding.name for finding in check_rosters() if finding.rows} == {"the stored prices prove the dealt plan"}
    assert next(replay(deal)).startswith("shift")


def test_computing_twice_stores_once_and_a_lost_deal_is_asked_for_again(monkeypatch):
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    now = clock.now()
    deal = deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=now)
    asked = []
    monkeypatch.setattr(tasks.execute_deal, "delay", asked.append)
    tasks.sweep_rosters()
    assert asked == []
    Deal.objects.filter(pk=deal.pk).update(requested_at=now - timedelta(minutes=5))
    tasks.sweep_rosters()
    assert asked == [deal.pk]
    for _ in range(2):
        tasks.execute_deal(deal.pk)
    assert Duty.objects.filter(deal=deal).count() == 4
    assert Event.objects.filter(action="deal.finish").count() == 1


def test_a_deal_that_never_ends_is_given_up():
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    deal = deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())
    Deal.objects.filter(pk=deal.pk).update(state="running", attempts=MOST_ATTEMPTS)
    assert deals.execute_deal(deal_id=deal.pk, now=clock.now()).state == "failed"
    # The next one may be asked for.
    assert deal_case(case).state == "done"


def test_the_clock_closes_the_offers_and_deals(at):
    case = open_case(make_roster(), days=2)
    empty = open_case(make_roster(parties=case.parties, contract=case.roster.contract, windows=(EVENING,)), days=2)
    offer(case, case.lawyers[0])
    at(clock.now() + timedelta(days=2, minutes=1))
    with pytest.raises(errors.OffersClosed):
        offer(case, case.lawyers[1], [])
    tasks.sweep_rosters()
    for each in (case, empty):
        each.roster.refresh_from_db()
        assert each.roster.state == "closed"
    assert case.roster.deals.get().requested_by is None
    assert not empty.roster.deals.exists()
    # Nobody offered: the officer takes offers for longer.
    services.open_roster(
        actor=case.parties.officer, roster=empty.roster, offers_until=clock.now() + timedelta(days=1), now=clock.now()
    )
    assert Event.objects.filter(action="roster.reopen").count() == 1


def test_lawyers_and_volunteers_are_dealt_together():
    both = Window(time(9), time(12), 1, 1)
    case = open_case(make_roster(lawyers=1, volunteers=1, windows=(both,), days=1))
    [lawyer], [volunteer] = case.lawyers, case.volunteers
    needed, helper = case.shifts
    assert (needed.lawyer_needed, helper.lawyer_needed) == (True, False)
    with pytest.raises(errors.NotForYou):
        offer(case, volunteer, [needed])
    offer(case, lawyer)
    offer(case, volunteer)
    proposed = send_case(case)
    assert {(d.shift_id, d.person_id, d.capacity) for d in proposed} == {
        (needed.pk, lawyer.pk, "contract"),
        (helper.pk, volunteer.pk, "volunteer"),
    }
    # The lawyer serves the contract's post; the volunteer's hours are not the contract's.
    posts = {d.person_id: d.post_id for d in proposed}
    assert posts == {lawyer.pk: case.roster.contract.posts.get().pk, volunteer.pk: None}


def test_a_volunteer_who_lives_far_away_is_not_asked():
    case = make_roster(lawyers=0, volunteers=1, windows=(Window(time(9), time(12), 0, 1),))
    far = make_volunteer()
    region = a_place(110101000000)
    Region.objects.filter(pk=region.pk).update(longitude=116.4, latitude=39.9, location_source="corrected")
    type(far.volunteer).objects.filter(pk=far.volunteer.pk).update(region=region)
    open_case(case)
    offer(case, case.volunteers[0])
    with pytest.raises(errors.NotInvited):
        offer(case, far, case.shifts)
    assert Offer.objects.filter(roster=case.roster).count() == 1


def test_a_repair_moves_nobody_who_confirmed_and_asks_nobody_twice():
    case = open_case(make_roster(lawyers=3, days=1))
    first, second, third = case.lawyers
    morning, afternoon = case.shifts
    now = clock.now()
    offer(case, first, now=now - timedelta(minutes=3))
    offer(case, second, [morning, afternoon], now=now - timedelta(minutes=2))
    offer(case, third, [afternoon], now=now - timedelta(minutes=1))
    proposed = {d.shift_id: d for d in send_case(case)}
    kept, gone = proposed[morning.pk], proposed[afternoon.pk]
    duties.confirm_duty(actor=kept.person, duty=kept, now=now)
    duties.decline_duty(actor=gone.person, duty=gone, reason="当天开庭", now=now)
    [anew] = send_case(case, now=now + timedelta(hours=1))
    assert anew.shift_id == afternoon.pk
    assert anew.person not in (gone.person, kept.person)
    kept.refresh_from_db()
    assert kept.state == "confirmed"
    deal = case.roster.deals.first()
    assert deal.repair
    assert [afternoon.pk, gone.person_id, "declined"] in deal.parameters["left_out"]
    assert deal.parameters["kept"] == [[morning.pk, kept.person_id]]


def test_whoever_is_busy_elsewhere_is_left_out_with_the_reason():
    case = open_case(make_roster(lawyers=1, days=1))
    lawyer = case.lawyers[0]
    offer(case, lawyer)
    confirmed_case(case)
    other = open_case(
        make_roster(lawyers=0, days=1, contract=case.roster.contract, windows=(Window(time(11), time(13), 1),))
    )
    offer(other, lawyer)
    with pytest.raises(errors.NothingOffered):
        deals.request_deal(actor=case.parties.officer, roster=closed(other), now=clock.now())
    assert Duty.objects.filter(shift__roster=other.roster).count() == 0


def closed(case):
    assert deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=clock.now()) is None
    case.roster.refresh_from_db()
    return case.roster


def test_limits_of_the_day_and_of_the_person_hold():
    case = open_case(make_roster(lawyers=1, days=3, day_minutes=180))
    offer(case, case.lawyers[0], most=360)
    rows = list(deal_case(case).duties.select_related("shift"))
    assert len(rows) == 2
    assert len({d.shift.starts_at.date() for d in rows}) == 2


def test_nobody_but_the_officer_deals_or_sends():
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    for nearly in (case.parties.approver, case.parties.bidder, case.lawyers[0]):
        with pytest.raises(PermissionRefused):
            deals.close_and_deal(actor=nearly, roster=case.roster, now=clock.now())
    deal = deal_case(case)
    for nearly in (case.parties.approver, case.parties.bidder, case.lawyers[0]):
        with pytest.raises(PermissionRefused):
            deals.send_deal(actor=nearly, deal=deal, now=clock.now())
    assert set(Duty.objects.values_list("state", flat=True)) == {"computed"}


def test_what_changed_since_the_computation_is_left_out():
    case = open_case(make_roster(lawyers=2, days=1))
    gone, stays = case.lawyers
    offer(case, gone, case.shifts[:1])
    offer(case, stays, case.shifts[1:])
    deal = deal_case(case)
    gone.credentials.update(state="revoked")
    deals.send_deal(actor=case.parties.officer, deal=deal, now=clock.now())
    assert dict(Duty.objects.values_list("person_id", "state")) == {gone.pk: "withdrawn", stays.pk: "proposed"}
    assert Event.objects.get(action="duty.withdraw").reason == "person_unavailable"
