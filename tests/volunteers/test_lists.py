"""Lists of calls and shifts ask the database a fixed number of questions."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.core import clock
from tests.factories.accounts import make_user
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import services, sign_ups

pytestmark = pytest.mark.django_db


def test_lists_cost_the_same_for_one_row_and_for_three(client_for):
    coordinator, person = make_coordinator(), make_volunteer()
    pages = [
        (client_for(), "/volunteering/"),
        (client_for(), "/volunteering/?q=赶集"),
        (client_for(person), "/volunteering/"),
        (client_for(person), "/volunteering/mine/"),
        (client_for(coordinator), "/volunteering/organised/"),
    ]

    def add(number):
        call, shift = make_call(by=coordinator, start=clock.now() + timedelta(days=3 * number))
        sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
        return call.title

    def costs(title, rows):
        found = []
        for client, address in pages:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                html = client.get(address).content.decode()
            assert html.count(title) >= rows, address
            found.append(len(queries))
        return found

    title = add(1)
    one = costs(title, 1)
    add(2)
    add(3)
    assert costs(title, 3) == one


def test_a_call_of_two_days_counts_the_places_of_both_and_says_so(client_for):
    coordinator = make_coordinator()
    call, first = make_call(by=coordinator, places=1, start=clock.now() + timedelta(days=3))
    client = client_for(language="en")
    alone = client.get("/volunteering/").text
    assert "1 place left" in alone
    assert "in all" not in alone
    call.shifts.create(
        starts_at=first.starts_at + timedelta(days=7), ends_at=first.ends_at + timedelta(days=7), places=2
    )
    for page in (client.get("/volunteering/").text, client.get("/").text):
        assert "3 places left in all" in page
        assert ", and 1 more shift" in page


def test_my_shifts_say_when_nothing_comes_and_lead_on(client_for):
    coordinator, person = make_coordinator(), make_volunteer()
    call, shift = make_call(by=coordinator)
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    client = client_for(person, language="en")
    nothing = "You have no volunteer shifts coming up"
    assert nothing not in client.get("/volunteering/mine/").text
    past = clock.now() - timedelta(days=2)
    call.shifts.update(starts_at=past, ends_at=past + timedelta(hours=3))
    page = client.get("/volunteering/mine/").text
    assert nothing in page
    assert '<a class="btn quiet" href="/volunteering/">' in page


def test_an_open_call_without_sign_ups_leads_to_its_public_page_and_asks_for_the_meeting_point(client_for):
    coordinator = make_coordinator()
    client = client_for(coordinator, language="en")
    draft, _shift = make_call(by=coordinator, opened=False, meeting_point="村委会", contact_phone="0855-0000000")
    missing = "Where to meet and whom to call is not said yet"
    page = client.get(f"/volunteering/organised/{draft.pk}/").text
    assert "once it is open" in page
    assert missing not in page
    services.open_opportunity(actor=coordinator, opportunity=draft, now=clock.now())
    page = client.get(f"/volunteering/organised/{draft.pk}/").text
    assert "once it is open" not in page
    assert f'<a class="btn quiet" href="/volunteering/{draft.pk}/">' in page
    assert missing not in page
    # A call from before it was asked for.
    type(draft).objects.filter(pk=draft.pk).update(meeting_point="", contact_phone="")
    assert missing in client.get(f"/volunteering/organised/{draft.pk}/").text


def test_my_shifts_show_the_next_first_then_the_last_and_the_place_in_line(client_for):
    coordinator, person = make_coordinator(), make_volunteer()
    now = clock.now()
    later, _l = make_call(by=coordinator, title="后来的", start=now + timedelta(days=9))
    full, shift = make_call(by=coordinator, title="满员的", start=now + timedelta(days=2), places=1)
    sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=now)
    for call in (later, full):
        sign_ups.sign_up(actor=person, shift=call.shifts.get(), now=now)
    past, shift = make_call(by=coordinator, title="过去的", start=now + timedelta(days=1))
    sign_ups.sign_up(actor=person, shift=shift, now=now)
    past.shifts.update(starts_at=now - timedelta(days=1), ends_at=now - timedelta(hours=20))
    _given_up, shift = make_call(by=coordinator, title="放弃的", start=now + timedelta(days=1))
    sign_ups.cancel_sign_up(actor=person, sign_up=sign_ups.sign_up(actor=person, shift=shift, now=now), now=now)
    page = client_for(person, language="en").get("/volunteering/mine/").text
    order = [page.index(title) for title in ("满员的", "后来的", "放弃的", "过去的")]
    assert order == sorted(order)
    assert "number 1 on the waiting list" in page
    assert "Leave the waiting list" in page


def test_who_left_is_asked_to_join_again_and_a_stranger_cannot_leave(client_for):
    _call, shift = make_call()
    person = make_volunteer()
    services.leave(actor=person, now=clock.now())
    answer = client_for(person).post(f"/volunteering/shifts/{shift.pk}/sign-up/")
    assert answer.url.startswith("/volunteering/join/?next=")
    answer = client_for(make_user()).post("/volunteering/leave/")
    assert answer.status_code == 409


def test_a_refused_cancellation_keeps_its_words(client_for):
    call, _shift = make_call()
    browser = client_for(call.created_by)
    long = "下" * 600
    for reason in ("", long):
        page = browser.post(f"/volunteering/organised/{call.pk}/cancel/", {"reason": reason})
        assert page.status_code == 422
        assert reason in page.text
    call.refresh_from_db()
    assert call.state == "open"


def test_a_coordinator_sees_what_comes_tomorrow(client_for, at):
    at(datetime(2026, 4, 8, 12))
    call, _shift = make_call(start=clock.now() + timedelta(hours=20), title="明天的咨询")
    page = client_for(call.created_by, language="en").get("/workspace/").text
    assert "Volunteers are coming: 明天的咨询" in page
    assert "0 of 2 places filled" in page


def _posted(form, shifts, **changes):
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data |= {"shifts-TOTAL_FORMS": len(shifts.forms), "shifts-INITIAL_FORMS": shifts.initial_form_count()}
    for row in shifts.forms:
        data |= {
            row.add_prefix(n): row[n].value().strftime("%Y-%m-%dT%H:%M") if n != "places" else row[n].value()
            for n in row.fields
            if row[n].value()
        }
    return data | changes


def test_a_draft_is_written_anew_until_it_is_opened(client_for):
    call, shift = make_call(opened=False)
    browser, address = client_for(call.created_by), f"/volunteering/organised/{call.pk}/edit/"
    page = browser.get(address)
    assert f'value="{timezone.localtime(shift.starts_at):%Y-%m-%dT%H:%M}"' in page.text
    again = _posted(
        page.context["form"],
        page.context["shifts"],
        title="改过的标题",
        meeting_point="县中心一楼",
        contact_phone="0855-0000000",
    )
    begin = timezone.localtime(clock.now() + timedelta(days=5)).replace(hour=9, minute=0)
    again |= {
        f"shifts-1-{n}": f"{begin + timedelta(hours=h):%Y-%m-%dT%H:%M}" for n, h in (("starts_at", 0), ("ends_at", 3))
    }
    again |= {"shifts-1-places": 7, "region": call.region_id, "organiser": call.organiser_id, "host": call.host_id}
    backwards = again | {"shifts-1-ends_at": again["shifts-1-starts_at"]}
    refused = browser.post(address, backwards)
    assert refused.context["shifts"].errors[1].keys() == {"ends_at"}
    assert browser.post(address, again).status_code == 302
    call.refresh_from_db()
    assert (call.meeting_point, call.contact_phone) == ("县中心一楼", "0855-0000000")
    assert (call.title, [s.places for s in call.shifts.order_by("starts_at")]) == ("改过的标题", [2, 7])
    emptied = again | {"shifts-1-starts_at": "", "shifts-1-ends_at": ""}
    assert browser.post(address, emptied).status_code == 302
    assert call.shifts.count() == 1
    # Somebody nearly allowed: a coordinator elsewhere.
    assert client_for(make_coordinator()).get(address).status_code == 404
    services.open_opportunity(actor=call.created_by, opportunity=call, now=clock.now())
    assert browser.get(address).url == f"/volunteering/organised/{call.pk}/"
    browser.post(address, again | {"title": "再改"})
    call.refresh_from_db()
    assert call.title == "改过的标题"
