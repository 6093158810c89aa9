"""What one sees of a published roster as somebody who offered: what waits for me, what is free for me, whom I can ask."""

from typing import Any

import pytest
from django.urls import reverse

from marketplace.core import clock
from marketplace.staffing.rosters import duties, selectors
from marketplace.staffing.rosters.forms import SwapForm
from marketplace.staffing.rosters.models import Duty, Roster
from tests.factories.rosters import confirmed_case, make_roster, offer, open_case, send_case

from .test_pages import sent, text

pytestmark = pytest.mark.django_db


def cells(case, person):
    return {cell.shift.pk: cell for day in selectors.grid(case.roster, user=person) for cell in day.cells}


def test_my_shift_that_waits_for_me_does_not_look_confirmed():
    case, proposed = sent()
    first = proposed[0]
    assert cells(case, first.person)[first.shift_id].look == "mine asked"
    duties.confirm_duty(actor=first.person, duty=first, now=clock.now())
    assert cells(case, first.person)[first.shift_id].look == "mine"
    other = next(person for person in case.lawyers if person != first.person)
    assert cells(case, other)[first.shift_id].look == ""


def test_a_free_shift_beside_mine_says_that_the_day_would_be_too_long(client_for):
    case = open_case(make_roster(days=1))
    person = case.lawyers[0]
    offer(case, person, case.shifts[:1])
    confirmed_case(case)
    offer(case, person, case.shifts[1:])
    page = reverse("staffing:roster_offer", args=[case.roster.pk])
    client = client_for(person, language="en")
    assert "over the daily limit" not in text(client.get(page))
    # Three hours each: five hours a day allow for one of them.
    Roster.objects.filter(pk=case.roster.pk).update(day_minutes=300)
    case.roster.refresh_from_db()
    assert [cells(case, person)[shift.pk].too_long for shift in case.shifts] == [False, True]
    assert "over the daily limit" in text(client.get(page))
    other = cells(case, case.lawyers[1])
    assert not any(cell.too_long for cell in other.values())


def test_whoever_offered_for_all_that_is_free_is_not_asked_to_offer_again(client_for):
    case, _proposed = sent()
    person = case.lawyers[0]
    address = reverse("staffing:roster", args=[case.roster.pk])
    client = client_for(person, language="en")
    page = text(client.get(address))
    assert "You can still offer to take them." in page
    offer(case, person, case.shifts[3:])
    page = text(client.get(address))
    assert "You can still offer to take them." not in page
    assert "You have offered to take them" in page


def test_nobody_is_chosen_before_one_chooses(client_for):
    case = open_case(make_roster(days=1, lawyers=3))
    for person in case.lawyers:
        offer(case, person)
    mine = confirmed_case(case)[0]
    free = [person for person in case.lawyers if not Duty.objects.filter(person=person).exists()]
    several: Any = SwapForm(people=case.lawyers, returns=[]).fields["colleague"]
    one: Any = SwapForm(people=free, returns=[]).fields["colleague"]
    assert several.choices[0][0] == ""
    assert one.choices == [(free[0].pk, free[0].display_name)]
    client = client_for(mine.person)
    address = reverse("staffing:duty_swap", args=[mine.pk])
    assert client.post(address, {"colleague": ""}).status_code == 422
    assert not mine.swaps.exists()


def test_a_shift_with_a_free_place_leads_its_keeper_to_the_roster(client_for):
    case, proposed = sent()
    free, held = case.shifts[3], proposed[0].shift
    officer = client_for(case.parties.officer, language="en")
    to_fill = "Fill from the roster"
    assert to_fill in text(officer.get(reverse("staffing:roster_shift", args=[free.pk])))
    page = text(officer.get(reverse("staffing:roster_shift", args=[held.pk])))
    assert to_fill not in page
    assert "1 has yet to answer." in page
    lawyer = client_for(case.lawyers[0], language="en")
    assert to_fill not in text(lawyer.get(reverse("staffing:roster_shift", args=[free.pk])))


def test_the_list_counts_free_places_to_come(client_for):
    case = open_case(make_roster())
    offer(case, case.lawyers[0], case.shifts[:3])
    officer = client_for(case.parties.officer, language="en")
    address = reverse("staffing:rosters")
    assert "place free" not in text(officer.get(address))
    send_case(case)
    assert "3 of 4 places held, 1 place free" in text(officer.get(address))
