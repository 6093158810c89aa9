"""The pages of service time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import OrganisationKind, Role
from marketplace.core import clock
from marketplace.timesheets import services
from marketplace.timesheets.models import ServiceSession
from marketplace.timesheets.workspace import work_items
from tests.factories.accounts import LEISHAN, a_place, make_member, make_organisation, make_user
from tests.factories.timesheets import VILLAGE, make_committee, make_session
from tests.factories.volunteers import make_call, make_volunteer
from volunteers import sign_ups

pytestmark = pytest.mark.django_db


def test_a_village_confirms_with_one_press(client_for: Any) -> None:
    committee, voice = make_committee()
    session = make_session(host=committee)
    client = client_for(voice)
    page = client.get("/visits/confirm/").content.decode()
    assert "属实" in page
    assert session.summary in page
    client.post(f"/visits/{session.pk}/confirm/")
    session.refresh_from_db()
    assert session.state == "confirmed"


def test_another_village_sees_nothing_of_it(client_for: Any) -> None:
    session = make_session()
    nearly = make_member(Role.VILLAGE, make_committee(VILLAGE + 7)[0])
    client = client_for(nearly)
    assert client.get(f"/visits/{session.pk}/").status_code == 404
    assert client.post(f"/visits/{session.pk}/confirm/").status_code == 404
    session.refresh_from_db()
    assert session.state == "reported"


def test_nobody_records_for_what_is_not_his(client_for: Any) -> None:
    assert client_for(make_user()).get("/visits/record/volunteers.shift/1/").status_code == 404
    assert client_for(make_user()).get("/visits/record/nothing/1/").status_code == 404
    assert client_for().get("/visits/").status_code == 302


def test_the_dock_of_volunteers_stays_on_their_record_and_shows_where_they_are(client_for: Any) -> None:
    here = '<a href="/visits/" aria-current="page">'
    assert here in client_for(make_volunteer()).get("/visits/").text
    assert 'class="dock"' not in client_for(make_user()).get("/visits/").text


@pytest.mark.parametrize("path", ["/visits/", "/visits/confirm/"])
def test_lists_cost_the_same_for_one_and_three(client_for: Any, path: str, django_assert_max_num_queries: Any) -> None:
    committee, voice = make_committee()
    person = make_user() if path.endswith("confirm/") else voice
    counts = []
    for rows in (1, 3):
        while ServiceSession.objects.count() < rows:
            n = ServiceSession.objects.count()
            make_session(person, host=committee, start=clock.now() - timedelta(hours=5 * n + 4), subject_id=n + 1)
        client = client_for(voice)
        client.get(path)
        with django_assert_max_num_queries(40) as captured:
            client.get(path)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_my_service_as_csv(client_for: Any) -> None:
    person = make_user()
    assert "format=csv" not in client_for(person).get("/visits/").text, "no file of nothing"
    make_session(person, minutes=75)
    lines = b"".join(client_for(person).get("/visits/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert ",75," in lines[1]


def test_a_refused_dispute_or_decision_keeps_what_was_written(client_for: Any) -> None:
    committee, voice = make_committee()
    session = make_session(host=committee, minutes=120)
    address = f"/visits/{session.pk}"
    long = "不" * 600
    for note in ("", long):
        page = client_for(voice).post(f"{address}/dispute/", {"note": note})
        assert page.status_code == 422
        assert note in page.text
    client_for(voice).post(f"{address}/dispute/", {"note": "那天没有来。"})
    bureau = make_organisation(OrganisationKind.BUREAU, region=a_place(LEISHAN))
    judge = client_for(make_member(Role.SUPERVISOR, bureau), language="en")
    page = judge.post(f"{address}/decide/", {"minutes": "2.02", "note": "只到了一小时。"})
    assert page.status_code == 422
    assert "只到了一小时。" in page.text
    assert "At most the 2 h that were reported can count" in page.text
    session.refresh_from_db()
    assert session.state == "disputed"
    judge.post(f"{address}/decide/", {"minutes": "1", "note": "只到了一小时。"})
    session.refresh_from_db()
    assert (session.state, session.decided_minutes) == ("confirmed", 60)


def test_a_shift_that_is_over_and_recorded_asks_for_nothing_more(client_for: Any) -> None:
    person = make_volunteer()
    call, shift = make_call()
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    begin = clock.now() - timedelta(hours=5)
    call.shifts.update(starts_at=begin, ends_at=begin + timedelta(hours=3))
    browser, address = client_for(person), f"/visits/record/volunteers.shift/{shift.pk}/"
    assert address in browser.get("/visits/").text
    session = make_session(person, host=call.host, region=call.region, start=begin, minutes=170, subject_id=shift.pk)
    assert address not in browser.get("/visits/").text
    browser.post(f"/visits/{session.pk}/withdraw/")
    assert address in browser.get("/visits/").text


def test_who_served_answers_an_objection_and_the_supervisor_reads_both(client_for: Any) -> None:
    committee, voice = make_committee()
    session = make_session(host=committee, minutes=120)
    person, address = session.person, f"/visits/{session.pk}/"
    browser = client_for(person)
    assert browser.post(f"{address}answer/", {"note": "来了。"}).status_code == 409
    client_for(voice).post(f"{address}dispute/", {"note": "那天没有来。"})
    [item] = work_items(person, clock.now())
    assert item.url == address
    page = browser.get(address).text
    assert "那天没有来。" in page
    assert "尚未答复" in page
    assert "您的答复" in page
    assert browser.post(f"{address}answer/", {"note": ""}).status_code == 422
    assert browser.post(f"{address}answer/", {"note": "来了，有签到簿。"})["Location"] == address
    assert list(work_items(person, clock.now())) == []
    bureau = make_organisation(OrganisationKind.BUREAU, region=a_place(LEISHAN))
    judge = client_for(make_member(Role.SUPERVISOR, bureau))
    judged = judge.get(address).text
    assert "那天没有来。" in judged
    assert "来了，有签到簿。" in judged
    assert judge.post(f"{address}answer/", {"note": "来了。"}).status_code == 404
    assert client_for(voice).post(f"{address}answer/", {"note": "来了。"}).status_code == 404
    judge.post(f"{address}decide/", {"minutes": "2", "note": "签到簿属实。"})
    decided = browser.get(address).text
    assert all(said in decided for said in ("那天没有来。", "来了，有签到簿。", "签到簿属实。"))
    assert f"{address}answer/" not in decided


def test_a_supervisor_reads_since_when_it_is_disputed_and_that_nobody_answered_yet(client_for: Any) -> None:
    committee, voice = make_committee()
    session = make_session(host=committee, minutes=250)
    services.dispute_session(actor=voice, session=session, note="只来了两个小时。", now=clock.now())
    judge = client_for(
        make_member(Role.SUPERVISOR, make_organisation(OrganisationKind.BUREAU, region=a_place(LEISHAN)))
    )
    listed = judge.get("/visits/disputes/").content.decode()
    for page in (listed, judge.get(f"/visits/{session.pk}/").content.decode()):
        assert "只来了两个小时。" in page
        assert "提出异议" in page
        assert "尚未答复" in page
    page = judge.get(f"/visits/{session.pk}/").content.decode()
    assert "填报 4 小时 10 分" in page
    assert "裁定对双方有约束力" in page
    lines = b"".join(judge.get("/visits/disputes/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 2
    # All that was reported counts, though a third of an hour has no two decimals.
    judge.post(f"/visits/{session.pk}/decide/", {"minutes": "4.17", "note": "签到簿属实。"})
    session.refresh_from_db()
    assert (session.state, session.decided_minutes) == ("confirmed", 250)


def test_who_reports_reads_how_late_and_how_long_may_be_reported(client_for: Any) -> None:
    person = make_volunteer()
    _call, shift = make_call(start=clock.now() + timedelta(minutes=30))
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    page = client_for(person).get(f"/visits/record/volunteers.shift/{shift.pk}/").content.decode()
    assert "结束后 90 天内补填，每次不超过 16 小时" in page
    assert "不记录您的位置" in page
