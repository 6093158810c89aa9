"""What the pages of rosters offer to whom: nothing that the person may not do, and what to do next."""

import re
from datetime import time, timedelta

import pytest
from django.urls import reverse
from django.utils.translation import override

from marketplace.core import clock
from marketplace.staffing import selectors
from marketplace.staffing.rosters import deals, duties, services, swaps
from marketplace.staffing.rosters.services import Pattern, Terms, Window
from marketplace.staffing.workspace import work_items
from tests.factories.accounts import a_place
from tests.factories.contracts import parties_of
from tests.factories.rosters import (
    MORNING,
    confirmed_case,
    make_duty_contract,
    make_roster,
    offer,
    open_case,
    send_case,
)
from tests.factories.teams import make_team, run_team

pytestmark = pytest.mark.django_db


def page(client, name, pk):
    return client.get(reverse(f"staffing:{name}", args=[pk])).content.decode()


def test_only_who_keeps_the_roster_is_offered_to_take_a_shift_back(client_for):
    case = open_case(make_roster(lawyers=1, days=1))
    offer(case, case.lawyers[0])
    duty, _other = confirmed_case(case)
    link = reverse("staffing:duty_withdraw", args=[duty.pk])
    assert link in page(client_for(case.parties.officer), "roster_shift", duty.shift_id)
    for user in (case.parties.bidder, case.parties.approver, case.lawyers[0]):
        assert link not in page(client_for(user), "roster_shift", duty.shift_id)


def test_free_places_are_offered_to_whom_they_are_open(client_for):
    """One place stays free, for a lawyer: a volunteer without a licence is not sent to a page with nothing to tick, and whoever
    keeps the roster reads that nobody is left to be asked."""
    window = Window(time(9), time(12), 1, 1)
    case = open_case(make_roster(lawyers=1, volunteers=1, days=1, windows=(window,)))
    offer(case, case.volunteers[0])
    confirmed_case(case)
    link = reverse("staffing:roster_offer", args=[case.roster.pk])
    assert link in page(client_for(case.lawyers[0]), "roster", case.roster.pk)
    helper = client_for(case.volunteers[0], language="en")
    assert link not in page(helper, "roster", case.roster.pk)
    assert "are still free" not in page(helper, "roster_offer", case.roster.pk)
    words = "everyone who offered has been asked"
    assert words in page(client_for(case.parties.officer, language="en"), "roster", case.roster.pk)
    assert words not in page(client_for(case.lawyers[0], language="en"), "roster", case.roster.pk)
    offer(case, case.lawyers[0])
    assert words not in page(client_for(case.parties.officer, language="en"), "roster", case.roster.pk)


def test_an_exchange_says_what_passes_to_whom(client_for):
    case = open_case(make_roster(days=1))
    for lawyer in case.lawyers:
        offer(case, lawyer)
    first, second = confirmed_case(case)
    assert first.person != second.person
    asker = client_for(first.person)
    form = page(asker, "duty_swap", first.pk)
    assert "不换班，只请接班" in form
    swaps.ask_swap(
        actor=first.person, duty=first, colleague=second.person, in_return=second, message="可以吗", now=clock.now()
    )
    answers = client_for(second.person, language="en")
    asked = answers.get(reverse("staffing:duties")).content.decode()
    assert "passes to your colleague" in asked
    assert "“可以吗”" in asked
    swap = first.swaps.get()
    said = answers.post(reverse("staffing:swap_agree", args=[swap.pk]), follow=True).content.decode()
    assert "The shifts are exchanged" in said


def test_a_deal_is_given_up_while_it_waits(client_for):
    case = open_case(make_roster(days=1))
    offer(case, case.lawyers[0])
    deal = deals.close_and_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())
    link = reverse("staffing:deal_cancel", args=[deal.pk])
    assert link not in page(client_for(case.parties.approver), "deal", deal.pk)
    officer = client_for(case.parties.officer)
    assert link in page(officer, "deal", deal.pk)
    officer.post(link)
    deal.refresh_from_db()
    assert deal.state == "cancelled"
    assert deals.execute_deal(deal_id=deal.pk, now=clock.now()).state == "cancelled"


def test_a_colleague_is_not_promised_reasons_that_he_does_not_see(client_for):
    case = open_case(make_roster(lawyers=2, days=2, windows=(MORNING,)))
    offer(case, case.lawyers[0])
    offer(case, case.lawyers[1], case.shifts[:1])
    first = send_case(case)[0]
    type(first).objects.filter(pk=first.pk).update(reason=first.reason | {"passed": 1, "position": 1})
    words = "see the reason below"
    assert words in page(client_for(case.parties.officer, language="en"), "roster_shift", first.shift_id)
    assert words not in page(client_for(first.person, language="en"), "roster_shift", first.shift_id)


def test_before_its_first_roster_a_duty_contract_does_not_speak_of_villages(client_for):
    contract = make_duty_contract()
    people = parties_of(contract)
    found = page(client_for(people.officer, language="en"), "contract", contract.pk)
    main = re.sub("<[^>]+>", "", found[found.index("<main") : found.index("</main")])
    assert "village" not in main.replace(contract.title_en, "").lower()
    assert "1 post" in main
    with override("zh-hans"):
        items = {item.url: item.title for item in work_items(people.officer, clock.now())}
    assert items[reverse("staffing:contract", args=[contract.pk])] == "还没有人值班"


def test_a_team_with_hours_of_duty_besides_keeps_its_seats(client_for):
    """A roster of a counsel team's contract does not take the team off the list of staffing."""
    team = make_team()
    contract = team.contract
    officer, day = team.parties.officer, clock.today() + timedelta(days=1)
    run_team(team)
    services.draft_roster(
        actor=officer,
        contract=contract,
        pattern=Pattern(day, day, [MORNING], weekdays=range(7)),
        terms=Terms(),
        now=clock.now(),
    )
    assert contract in selectors.contract_list(officer)
    assert contract.number in client_for(officer).get(reverse("staffing:index")).content.decode()


def test_whoever_moved_too_far_away_reads_the_distance(client_for):
    """A volunteer offered near by and moved since: no colleague can hand him a shift, and the repair names the way, not a
    licence."""
    window = Window(time(9), time(12), 0, 1)
    case = open_case(make_roster(lawyers=1, volunteers=2, days=1, windows=(window,)))
    for volunteer in case.volunteers:
        offer(case, volunteer)
    [duty] = confirmed_case(case)
    other = next(each for each in case.volunteers if each != duty.person)
    assert list(swaps.candidates(duty, clock.now())) == [other]
    far = a_place(110101000000)
    type(far).objects.filter(pk=far.pk).update(longitude=116.4, latitude=39.9, location_source="corrected")
    type(other.volunteer).objects.filter(pk=other.volunteer.pk).update(region=far)
    assert list(swaps.candidates(duty, clock.now())) == []
    duties.give_back(actor=duty.person, duty=duty, reason="出差", now=clock.now())
    deal = deals.request_deal(actor=case.parties.officer, roster=case.roster, now=clock.now())
    deals.execute_deal(deal_id=deal.pk, now=clock.now())
    found = page(client_for(case.parties.officer, language="en"), "deal", deal.pk)
    assert "too far away" in found
    assert "licence" not in found
