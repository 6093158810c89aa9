"""Handing over and exchanging: both agree, nobody else moves, and no rule is passed by."""

import pytest

from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.core.states import IllegalTransition
from marketplace.staffing.rosters import duties, errors, offers, swaps
from marketplace.staffing.rosters.checks import check_rosters
from marketplace.staffing.rosters.models import Duty, Swap
from tests.factories.rosters import confirmed_case, make_roster, offer, open_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    """Two lawyers who offered both half days of one day, one who offered none; each of the first serves one."""
    case = open_case(make_roster(lawyers=3, days=1))
    for person in case.lawyers[:2]:
        offer(case, person)
    case.duties = confirmed_case(case)
    assert len({duty.person_id for duty in case.duties}) == 2
    return case


def holders(case):
    rows = Duty.objects.filter(shift__roster=case.roster, state="confirmed").order_by("shift__starts_at")
    return [duty.person for duty in rows]


def test_a_shift_is_handed_over(case):
    mine, theirs = case.duties
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    assert holders(case) == [mine.person, theirs.person]
    for nearly in (mine.person, case.lawyers[2], case.parties.officer):
        with pytest.raises(errors.NotYours):
            swaps.agree_swap(actor=nearly, swap=swap, now=clock.now())
    for _ in range(2):
        swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    assert holders(case) == [theirs.person, theirs.person]
    mine.refresh_from_db()
    assert mine.state == "handed_over"
    assert mine.taken_over_by.post_id == mine.post_id
    assert Event.objects.filter(action="duty.take_over").count() == 1
    assert set(case.roster.shifts.values_list("taken", flat=True)) == {1}
    assert [finding.name for finding in check_rosters() if finding.rows] == []


def test_two_shifts_change_hands_in_one_moment(case):
    mine, theirs = case.duties
    swap = swaps.ask_swap(
        actor=mine.person, duty=mine, colleague=theirs.person, in_return=theirs, message="下午要接孩子", now=clock.now()
    )
    swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    assert holders(case) == [theirs.person, mine.person]


def test_only_who_offered_and_is_free_can_be_asked(case):
    mine, theirs = case.duties
    with pytest.raises(errors.NoColleague):
        swaps.ask_swap(actor=mine.person, duty=mine, colleague=case.lawyers[2], now=clock.now())
    with pytest.raises(errors.NotYours):
        swaps.ask_swap(actor=theirs.person, duty=mine, colleague=theirs.person, now=clock.now())
    with pytest.raises(errors.BadReturn):
        swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, in_return=mine, now=clock.now())
    assert not Swap.objects.exists()


def test_a_swap_does_not_pass_the_limit_of_hours(case):
    mine, theirs = case.duties
    own = theirs.person.roster_offers.get(roster=case.roster)
    own.most_minutes = 180
    own.save()
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    with pytest.raises(errors.TooMuch):
        swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    assert holders(case) == [mine.person, theirs.person]
    swap.refresh_from_db()
    assert swap.state == "asked"
    # One for the other keeps the limit.
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, in_return=theirs, now=clock.now())
    swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    assert holders(case) == [theirs.person, mine.person]


def test_refusing_withdrawing_and_what_falls_away(case):
    mine, theirs = case.duties
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    swaps.refuse_swap(actor=theirs.person, swap=swap, now=clock.now())
    with pytest.raises(errors.SwapOver):
        swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    again = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    with pytest.raises(errors.NotYours):
        swaps.withdraw_swap(actor=theirs.person, swap=again, now=clock.now())
    duties.give_back(actor=mine.person, duty=mine, reason="病了", now=clock.now())
    again.refresh_from_db()
    assert again.state == "withdrawn"
    with pytest.raises(IllegalTransition):
        swaps.refuse_swap(actor=theirs.person, swap=again, now=clock.now())


def test_offers_withdrawn_meanwhile_count(case):
    mine, theirs = case.duties
    swap = swaps.ask_swap(actor=mine.person, duty=mine, colleague=theirs.person, now=clock.now())
    theirs.person.roster_offers.get(roster=case.roster).offered.filter(shift=mine.shift).delete()
    with pytest.raises(errors.NoColleague):
        swaps.agree_swap(actor=theirs.person, swap=swap, now=clock.now())
    assert holders(case) == [mine.person, theirs.person]
    assert not offers.shifts_for(mine.person, case.roster, clock.now()).exists()
