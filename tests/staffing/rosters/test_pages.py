"""Every page for everybody: who may see it, what it says, what a wrong form gets, and how many queries it takes."""

import re
from datetime import time, timedelta
from itertools import count

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.staffing.rosters import deals, duties, services
from marketplace.staffing.rosters.models import Deal, Duty, Offer, Roster
from marketplace.staffing.rosters.services import Window
from tests.factories.accounts import make_member, make_organisation
from tests.factories.contracts import make_contract, parties_of
from tests.factories.rosters import (
    MORNING,
    confirmed_case,
    deal_case,
    make_duty_contract,
    make_roster,
    offer,
    open_case,
    placed,
    send_case,
)
from tests.factories.staffing import a_lawyer
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer

pytestmark = pytest.mark.django_db


def text(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def sent(**kw):
    """Two lawyers, four shifts; the second lawyer offers only two, nobody the last."""
    case = open_case(make_roster(**kw))
    offer(case, case.lawyers[0], case.shifts[:3])
    offer(case, case.lawyers[1], case.shifts[:2])
    return case, send_case(case)


def test_a_contract_with_a_roster_waits_for_no_adviser(client_for):
    """Its post stays without one: the roster says who serves when. A cancelled roster does not."""
    contract = make_duty_contract()
    people = parties_of(contract)
    officer = client_for(people.officer)
    pages = [reverse("contracts:detail", args=[contract.pk]), reverse("staffing:contract", args=[contract.pk])]
    new = reverse("staffing:roster_new", args=[contract.pk])
    before = [text(officer.get(page)) for page in pages]
    assert "1 个岗位空缺" in before[0]
    assert "由多人轮流值班" in before[1]
    assert new in before[1]
    case = make_roster(contract=contract)
    after = [text(officer.get(page)) for page in pages]
    assert "按值班表轮值" in after[0]
    assert "按值班表轮值" in text(officer.get(reverse("contracts:list")))
    assert "个岗位空缺" not in after[0]
    assert reverse("staffing:roster", args=[case.roster.pk]) in after[1]
    assert "测算方案" not in after[1]
    assert new not in text(client_for(people.bidder).get(pages[1]))
    services.cancel_roster(actor=people.officer, roster=case.roster, reason="改期", now=clock.now())
    assert "1 个岗位空缺" in text(officer.get(pages[0]))


def test_a_deal_is_looked_at_before_it_is_sent_and_not_sent_again(client_for):
    case = open_case(make_roster())
    offer(case, case.lawyers[0])
    deal = deal_case(case)
    officer = client_for(case.parties.officer)
    address = reverse("staffing:deal_send", args=[deal.pk])
    assert officer.get(address).status_code == 200
    assert officer.post(address).url == reverse("staffing:roster", args=[case.roster.pk])
    assert officer.get(address).url == reverse("staffing:deal", args=[deal.pk])


def test_a_roster_lists_every_deal(client_for):
    case, proposed = sent()
    duties.decline_duty(actor=proposed[0].person, duty=proposed[0], reason="出庭", now=clock.now())
    first = Deal.objects.get()
    second = deal_case(case)
    page = text(client_for(case.parties.officer).get(reverse("staffing:roster", args=[case.roster.pk])))
    assert all(reverse("staffing:deal", args=[deal.pk]) in page for deal in (first, second))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_for_those_it_is_for(client_for, language):
    draft = make_roster()
    officer = client_for(draft.parties.officer, language=language)
    roster = draft.roster
    shift = draft.shifts[0]
    for name, key in (
        ("rosters", None), ("roster_new", roster.contract_id), ("roster", roster.pk), ("roster_shift_add", roster.pk),
        ("roster_shift_change", shift.pk), ("roster_shift", shift.pk), ("roster_cancel", roster.pk), ("roster_csv", roster.pk),
    ):  # fmt: skip
        response = officer.get(reverse(f"staffing:{name}", args=[key] if key else []))
        assert response.status_code == 200, name
        assert text(response)
    case, proposed = sent(parties=draft.parties, contract=roster.contract)
    deal = case.roster.deals.get()
    for name, key in (
        ("roster", case.roster.pk), ("deal", deal.pk), ("deal_progress", deal.pk), ("deal_csv", deal.pk),
        ("deal_problem", deal.pk), ("roster_shift", case.shifts[0].pk),
        ("roster_shift", case.shifts[3].pk),
        ("duty_withdraw", proposed[0].pk), ("roster_csv", case.roster.pk),
    ):  # fmt: skip
        response = officer.get(reverse(f"staffing:{name}", args=[key]))
        assert response.status_code == 200, name
        assert text(response)
    person = proposed[0].person
    lawyer = client_for(person, language=language)
    duties.confirm_duty(actor=person, duty=proposed[0], now=clock.now())
    for name, key in (
        ("rosters", None), ("roster", case.roster.pk), ("roster_offer", case.roster.pk), ("duties", None), ("duties_ics", None),
        ("duty_give_back", proposed[0].pk), ("duty_swap", proposed[0].pk), ("roster_shift", case.shifts[0].pk),
    ):  # fmt: skip
        response = lawyer.get(reverse(f"staffing:{name}", args=[key] if key else []))
        assert response.status_code == 200, name
        assert text(response)


def test_the_way_from_the_form_to_the_published_roster(client_for):
    contract = make_duty_contract()
    people = parties_of(contract)
    lawyers = [a_lawyer(people.supplier), a_lawyer(people.supplier)]
    officer = client_for(people.officer, language="en")
    address = reverse("staffing:roster_new", args=[contract.pk])
    first = clock.today() + timedelta(days=8)
    given = {
        "starts_on": first, "ends_on": first + timedelta(days=6), "first_from": "09:00", "first_to": "12:00", "first_places": "1",
        "first_helpers": "0", "second_from": "", "second_to": "", "second_places": "0", "second_helpers": "0", "day_hours": "8",
        "radius_minutes": "90", "rest_minutes": "30",
    }  # fmt: skip
    for wrong, said in (
        ({"first_to": "08:00"}, "A shift ends after it begins."),
        ({"first_places": "0"}, "A shift has at least one place."),
        ({"second_from": "14:00"}, "Give both times of the second shift"),
        ({"ends_on": first - timedelta(days=1)}, "The last day is not before the first."),
        ({"ends_on": first + timedelta(days=200)}, "A roster runs over at most 92 days"),
        ({"starts_on": "2001-01-01", "ends_on": "2001-01-05"}, "A roster runs over at most 92 days"),
        ({"day_hours": "x"}, ""),
    ):
        response = officer.post(address, given | wrong)
        assert response.status_code == 422, wrong
        assert said in text(response)
    assert not Roster.objects.exists()
    response = officer.post(address, given)
    roster = Roster.objects.get()
    assert response.url == reverse("staffing:roster", args=[roster.pk])
    # A week has five working days at most, and never a Sunday unless it is worked.
    count = roster.shifts.count()
    assert 3 <= count <= 6
    assert "Open for offers" in text(officer.get(response.url))

    add = reverse("staffing:roster_shift_add", args=[roster.pk])
    single = {"day": first, "starts": "18:00", "ends": "20:00", "places": "1", "lawyer_needed": "on"}
    assert officer.post(add, single | {"day": first + timedelta(days=40)}).status_code == 422
    assert officer.post(add, single).status_code == 302
    assert officer.post(add, single).status_code == 422
    evening = roster.shifts.get(starts_at__hour=18)
    change = reverse("staffing:roster_shift_change", args=[evening.pk])
    assert officer.post(change, {"places": "0"}).status_code == 422
    assert officer.post(change, {"places": "2"}).status_code == 302
    evening.refresh_from_db()
    assert (evening.places, evening.lawyer_needed) == (2, False)
    officer.post(change, {"remove": "yes"})
    assert roster.shifts.count() == count

    # A draft is nobody else's.
    lawyer = client_for(lawyers[0], language="en")
    offer_page = reverse("staffing:roster_offer", args=[roster.pk])
    assert lawyer.get(offer_page).status_code == 404
    opening = reverse("staffing:roster_open", args=[roster.pk])
    late = {"day": first + timedelta(days=3), "hour": "17:00"}
    officer.post(opening, late, headers={"referer": f"http://testserver{response.url}"})
    roster.refresh_from_db()
    assert roster.state == "draft"
    officer.post(opening, {"day": clock.today() + timedelta(days=2), "hour": "17:00"})
    roster.refresh_from_db()
    assert roster.state == "open"

    assert "Say which shifts you can take" in text(lawyer.get("/workspace/"))
    keys = list(roster.shifts.order_by("starts_at").values_list("pk", flat=True))
    assert lawyer.post(offer_page, {"shifts": ["x"]}).status_code == 422
    assert lawyer.post(offer_page, {"shifts": keys, "most_hours": "0"}).status_code == 422
    assert not Offer.objects.exists()
    weekday = timezone.localtime(roster.shifts.get(pk=keys[0]).starts_at).weekday()
    assert lawyer.post(offer_page, {"every": [weekday]}).status_code == 302
    assert list(Offer.objects.get().offered.values_list("shift", flat=True)) == [keys[0]]
    lawyer.post(offer_page, {"shifts": keys[:2], "most_hours": "30"})
    assert Offer.objects.get().offered.count() == 2
    assert "Say which shifts you can take" not in text(lawyer.get("/workspace/"))

    officer.post(reverse("staffing:roster_close", args=[roster.pk]))
    deal = Deal.objects.get()
    assert 'hx-trigger="every 1s"' in text(officer.get(reverse("staffing:deal", args=[deal.pk])))
    deals.execute_deal(deal_id=deal.pk, now=clock.now())
    assert officer.get(reverse("staffing:deal_progress", args=[deal.pk]))["HX-Refresh"] == "true"
    assert "Look at the allocated shifts" in text(officer.get("/workspace/"))
    page = text(officer.get(reverse("staffing:deal", args=[deal.pk])))
    assert "nobody offered" in page
    assert "No better plan exists within these limits" in page
    officer.post(reverse("staffing:deal_send", args=[deal.pk]))

    assert "shifts are proposed to you" in text(lawyer.get("/workspace/"))
    mine = reverse("staffing:duties")
    assert "2 shifts are proposed to you" in text(lawyer.get(mine))
    one, other = Duty.objects.order_by("shift__starts_at")
    assert lawyer.post(reverse("staffing:duty_decline", args=[one.pk]), {"reason": " "}).status_code == 422
    lawyer.post(reverse("staffing:duty_decline", args=[one.pk]), {"reason": "In court"})
    lawyer.post(reverse("staffing:duties_confirm"))
    assert [d.state for d in Duty.objects.order_by("shift__starts_at")] == ["declined", "confirmed"]
    assert client_for(lawyers[1]).post(reverse("staffing:duty_confirm", args=[other.pk])).status_code == 404
    file = lawyer.get(reverse("staffing:duties_ics"))
    assert file["Content-Type"] == "text/calendar; charset=utf-8"
    assert text(file).count("BEGIN:VEVENT") == 1
    published = text(officer.get(reverse("staffing:roster", args=[roster.pk])))
    assert lawyers[0].display_name_en in published
    # Nobody else offered: there is nothing to repair until somebody does.
    assert "Fill the gaps now" not in published
    client_for(lawyers[1]).post(offer_page, {"shifts": [one.shift_id]})
    assert "Fill the gaps now" in text(officer.get(reverse("staffing:roster", args=[roster.pk])))
    assert "can be allocated again" in text(officer.get("/workspace/"))


def test_swapping_from_the_pages(client_for):
    case = open_case(make_roster(days=1))
    for person in case.lawyers:
        offer(case, person)
    mine, theirs = confirmed_case(case)
    me, colleague = client_for(mine.person, language="en"), client_for(theirs.person, language="en")
    address = reverse("staffing:duty_swap", args=[mine.pk])
    assert me.post(address, {"colleague": case.parties.officer.pk}).status_code == 422
    assert colleague.get(address).status_code == 404
    me.post(address, {"colleague": theirs.person_id, "in_return": theirs.pk, "message": "Please"})
    assert "A colleague asks you to take a shift" in text(colleague.get("/workspace/"))
    page = text(colleague.get(reverse("staffing:duties")))
    assert "Please" in page
    swap = mine.swaps.get()
    assert me.post(reverse("staffing:swap_agree", args=[swap.pk])).status_code == 404
    colleague.post(reverse("staffing:swap_agree", args=[swap.pk]))
    assert {d.shift_id: d.person_id for d in Duty.objects.filter(state="confirmed")} == {
        mine.shift_id: theirs.person_id,
        theirs.shift_id: mine.person_id,
    }


def test_who_may_see_and_who_may_act(client_for):
    case, proposed = sent()
    deal, roster = case.roster.deals.get(), case.roster
    elsewhere = make_member(Role.OFFICER, make_organisation(OrganisationKind.BUREAU))
    volunteer = make_volunteer()
    rival = a_lawyer(make_organisation())
    seen = [reverse("staffing:roster", args=[roster.pk]), reverse("staffing:roster_shift", args=[case.shifts[0].pk])]
    overseen = [
        reverse(f"staffing:{name}", args=[deal.pk]) for name in ("deal", "deal_csv", "deal_problem", "deal_send")
    ]
    for user in (elsewhere, volunteer, rival):
        for address in (*seen, *overseen):
            assert client_for(user).get(address).status_code == 404, address
    for address in (*seen, *overseen):
        assert client_for().get(address).status_code == 302
    for user in (case.parties.approver, case.parties.bidder):
        for address in (*seen, *overseen[:3]):
            assert client_for(user).get(address).status_code == 200, address
    lawyer = case.lawyers[0]
    for address in overseen:
        assert client_for(lawyer).get(address).status_code == 404
    # Colleagues' reasons are for who oversees.
    absent = next(s for s in case.shifts[:2] if proposed[0].shift_id == s.pk)
    loser = next(p for p in case.lawyers if p.pk != proposed[0].person_id)
    why = reverse("staffing:roster_shift", args=[absent.pk])
    assert "Offered but not placed" in text(client_for(case.parties.officer, language="en").get(why))
    page = text(client_for(loser, language="en").get(why))
    assert "Why not me" in page
    assert "Offered but not placed" not in page
    for name, key in (
        ("roster_close", roster.pk), ("roster_open", roster.pk), ("roster_deal", roster.pk), ("roster_cancel", roster.pk),
        ("deal_send", deal.pk), ("deal_cancel", deal.pk),
    ):  # fmt: skip
        for user in (case.parties.approver, case.parties.bidder):
            assert client_for(user).post(reverse(f"staffing:{name}", args=[key]), {"reason": "x"}).status_code == 403, (
                name
            )
    assert (
        client_for(case.parties.bidder).get(reverse("staffing:roster_new", args=[roster.contract_id])).status_code
        == 403
    )
    roster.refresh_from_db()
    assert roster.state == "published"
    assert {d.state for d in Duty.objects.all()} == {"proposed"}
    assert not Event.objects.filter(action="roster.cancel").exists()


def test_volunteers_see_what_is_free_and_no_names(client_for):
    case = open_case(make_roster(volunteers=1, windows=(Window(time(9), time(12), 1, 1),)))
    offer(case, case.lawyers[0])
    send_case(case)
    page = client_for(case.volunteers[0], language="en").get(reverse("staffing:roster", args=[case.roster.pk]))
    assert page.status_code == 200
    assert case.lawyers[0].display_name_en not in text(page)
    assert "1 place free" in text(page)
    table = text(client_for(case.volunteers[0]).get(reverse("staffing:roster_csv", args=[case.roster.pk])))
    assert case.lawyers[0].display_name not in table


def test_a_villages_contract_has_no_roster(client_for):
    contract = make_contract()
    officer = client_for(parties_of(contract).officer)
    address = reverse("staffing:roster_new", args=[contract.pk])
    answer = officer.get(address, headers={"referer": "http://testserver/workspace/"})
    assert answer.status_code in (302, 409)
    assert not Roster.objects.exists()


def test_pages_take_a_fixed_number_of_queries(client_for, django_assert_max_num_queries):
    def counts(days):
        case = open_case(make_roster(days=days, windows=(MORNING,)))
        for person in case.lawyers:
            offer(case, person)
        deal = deal_case(case)
        officer, lawyer = client_for(case.parties.officer), client_for(case.lawyers[0])
        found = {}

        def count(name, client, address):
            with django_assert_max_num_queries(60) as captured:
                assert client.get(address).status_code == 200
            found[name] = len(captured)

        count("deal", officer, reverse("staffing:deal", args=[deal.pk]))
        deals.send_deal(actor=case.parties.officer, deal=deal, now=clock.now())
        for name, key in (("roster", case.roster.pk), ("roster_shift", case.shifts[0].pk), ("rosters", None)):
            count(name, officer, reverse(f"staffing:{name}", args=[key] if key else []))
        holder = client_for(deal.duties.first().person)
        count("offer", lawyer, reverse("staffing:roster_offer", args=[case.roster.pk]))
        count("duties", holder, reverse("staffing:duties"))
        count("ics", holder, reverse("staffing:duties_ics"))
        for duty in Duty.objects.filter(deal=deal, state="proposed"):
            duties.confirm_duty(actor=duty.person, duty=duty, now=clock.now())
        count("duties confirmed", holder, reverse("staffing:duties"))
        return found

    one, three = counts(1), counts(3)
    assert one == three
    assert max(one.values()) <= 40


def test_the_call_leads_to_its_roster(client_for):
    placed()
    coordinator = make_coordinator()
    call, _shift = make_call(by=coordinator)
    client = client_for(coordinator, language="en")
    address = reverse("staffing:roster_new_call", args=[call.pk])
    assert address in text(client.get(reverse("volunteers:manage", args=[call.pk])))
    assert client_for(make_coordinator()).get(address).status_code == 403
    given = {"day_hours": "8", "radius_minutes": "90", "rest_minutes": "0"}
    assert client.post(address, {}).status_code == 422
    assert client.post(address, given).status_code == 302
    roster = Roster.objects.get()
    assert roster.shifts.get().volunteer_shift.opportunity == call
    assert text(client.get(reverse("staffing:roster", args=[roster.pk])))
    assert client.get(address).status_code == 302


def test_lists_take_a_fixed_number_of_queries_however_many_rosters(client_for, django_assert_max_num_queries):
    case = make_roster(volunteers=1, windows=(Window(time(9), time(12), 1, 1),))
    contract = case.roster.contract
    lawyer, volunteer = case.lawyers[0], case.volunteers[0]

    hours = count(6, 2)

    def counts():
        found = []
        for user in (case.parties.officer, lawyer, volunteer):
            client = client_for(user)
            for address in (reverse("staffing:rosters"), reverse("staffing:duties"), "/workspace/"):
                with django_assert_max_num_queries(90) as captured:
                    assert client.get(address).status_code == 200
                found.append(len(captured))
        return found

    def another(published):
        # Each at hours of its own, so that one person can serve in all.
        hour = next(hours)
        window = Window(time(hour), time(hour + 1), 1, 1)
        more = make_roster(lawyers=0, contract=contract, windows=(window,), volunteers_welcome=True)
        open_case(more)
        if published:
            offer(more, case.lawyers[1])
            send_case(more)

    another(published=False)
    another(published=True)
    counts()
    one = counts()
    for published in (False, False, True, True):
        another(published=published)
    assert counts() == one


def test_a_contract_with_a_roster_is_not_reported_vacant(client_for):
    contract = make_duty_contract()
    officer = client_for(parties_of(contract).officer, language="en")
    vacant = reverse("staffing:vacant_csv")
    assert len(text(officer.get(vacant)).splitlines()) == 2
    make_roster(lawyers=0, contract=contract)
    assert len(text(officer.get(vacant)).splitlines()) == 1
    assert "has no adviser" not in text(officer.get("/workspace/"))
    assert "Served by duty rosters" in text(officer.get(reverse("staffing:contract", args=[contract.pk])))


def test_declining_a_shift_says_until_when_to_answer(client_for):
    _case, proposed = sent()
    page = text(
        client_for(proposed[0].person, language="en").get(reverse("staffing:duty_decline", args=[proposed[0].pk]))
    )
    assert 'answer due <time class="deadline' in page


def test_chinese_sentences_stand_beside_each_other_without_a_space(client_for):
    case, proposed = sent()
    for person in (case.parties.officer, proposed[0].person):
        for name, key in (("roster", case.roster.pk), ("roster_shift", proposed[0].shift_id)):
            page = text(client_for(person).get(reverse(f"staffing:{name}", args=[key])))
            assert not re.search("[。！？：] +[^ <]", page.split("<main")[1]), name


def test_whoever_is_asked_answers_on_the_roster_and_on_the_shift(client_for):
    case, proposed = sent()
    duty = proposed[0]
    other = next(each for each in case.lawyers if each != duty.person)
    for person, may in ((duty.person, True), (other, False), (case.parties.officer, False)):
        page = text(client_for(person, language="en").get(reverse("staffing:roster_shift", args=[duty.shift_id])))
        assert (reverse("staffing:duty_confirm", args=[duty.pk]) in page) == may
        assert "answer due <time" in page
    page = text(client_for(duty.person, language="en").get(reverse("staffing:roster", args=[case.roster.pk])))
    box = page.split('<section class="next">')[1].split("</section>")[0]
    assert "answer due <time" in box
    assert reverse("staffing:duties") in box
    page = text(client_for(case.parties.officer).get(reverse("staffing:roster", args=[case.roster.pk])))
    assert "确认或谢绝" not in page
