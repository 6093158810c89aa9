"""Who is served: counted now near by, computed ahead above, and the same both ways."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from marketplace.core import clock, workspace
from marketplace.core.workspace import WorkItem
from marketplace.dashboards.coverage import Status, refresh, village_status
from marketplace.dashboards.models import CoverageFigure
from marketplace.staffing.measuring import middle
from marketplace.staffing.models import Assignment
from marketplace.staffing.services_proposals import accept_assignment
from tests.factories.accounts import LEISHAN, a_place
from tests.factories.contracts import make_contract
from tests.factories.staffing import make_case, publish_case
from tests.factories.timesheets import make_committee, make_session
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import services, sign_ups

pytestmark = pytest.mark.django_db


def test_each_status_for_its_reason() -> None:
    contract = make_contract(villages=3, filled=1, ends_on=clock.today() + timedelta(days=200))
    filled, vacant, other = contract.posts.order_by("pk")
    served = next(p for p in (filled, vacant, other) if p.adviser_id)
    empty = [p for p in (filled, vacant, other) if not p.adviser_id]
    committee, voice = make_committee(empty[0].region_id)
    make_session(host=committee, confirmed_by=voice)
    found = village_status(LEISHAN, clock.now())
    assert found[served.region_id] == Status.CONTRACT
    assert found[empty[0].region_id] == Status.VOLUNTEER
    assert found[empty[1].region_id] == Status.VACANT
    # What was confirmed long ago serves nobody now.
    assert village_status(LEISHAN, clock.now() + timedelta(days=92))[empty[0].region_id] == Status.VACANT


def test_a_volunteer_with_a_coming_place_serves() -> None:
    place = a_place(522634100201)
    _call, shift = make_call(region=place)
    assert place.code not in village_status(LEISHAN, clock.now())
    sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=clock.now())
    assert village_status(LEISHAN, clock.now())[place.code] == Status.VOLUNTEER


def test_a_closed_call_still_serves_through_those_who_have_a_place() -> None:
    place = a_place(522634100201)
    coordinator = make_coordinator()
    call, shift = make_call(by=coordinator, region=place)
    sign_ups.sign_up(actor=make_volunteer(), shift=shift, now=clock.now())
    services.close_opportunity(actor=coordinator, opportunity=call, now=clock.now())
    assert village_status(LEISHAN, clock.now())[place.code] == Status.VOLUNTEER
    services.cancel_opportunity(actor=coordinator, opportunity=call, reason="山路塌方。", now=clock.now())
    assert place.code not in village_status(LEISHAN, clock.now())


def test_stored_figures_agree_with_counting_at_every_level() -> None:
    make_contract(villages=4, filled=3)
    committee, voice = make_committee(522634100298)
    make_session(host=committee, minutes=90, confirmed_by=voice)
    now = clock.now()
    refresh(now=now)
    for code in (0, 520000000000, 522600000000, LEISHAN, 522634100000):
        status = list(village_status(code, now).values())
        figure = CoverageFigure.objects.get(code=code)
        assert (figure.contract, figure.volunteer, figure.vacant) == (
            status.count(Status.CONTRACT),
            status.count(Status.VOLUNTEER),
            status.count(Status.VACANT),
        )
    assert (figure.contract, figure.volunteer, figure.vacant) == (3, 1, 1)
    assert figure.unpaid_minutes == 90
    rows = CoverageFigure.objects.count()
    assert refresh(now=now) == rows


@pytest.mark.parametrize("code", ["", "520000000000/", "522634000000/", "522634100000/"])
def test_pages_cost_the_same_for_one_village_and_three(
    client_for: Any, code: str, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for villages in (1, 3):
        make_contract(villages=villages, filled=1)
        refresh(now=clock.now())
        client = client_for()
        client.get(f"/coverage/{code}")
        with django_assert_max_num_queries(20) as captured:
            assert client.get(f"/coverage/{code}").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_village_page_names_the_adviser_and_no_phone(client_for: Any) -> None:
    contract = make_contract(villages=1, filled=1)
    post = contract.posts.get()
    assert post.adviser is not None
    type(post.adviser).objects.filter(pk=post.adviser_id).update(username="13800000000")
    body = client_for().get(f"/coverage/{post.region_id}/").content.decode()
    assert post.adviser.display_name in body
    assert contract.supplier.name in body
    assert "13800000000" not in body
    assert "每月不少于 4 小时" in body


def test_unknown_divisions_are_not_found(client_for: Any) -> None:
    assert client_for().get("/coverage/999999999999/").status_code == 404
    a_place(LEISHAN)
    assert client_for().get("/coverage/520000000000/villages.csv").status_code == 404


def test_villages_as_csv(client_for: Any) -> None:
    contract = make_contract(villages=2, filled=1)
    body = b"".join(client_for().get(f"/coverage/{LEISHAN}/villages.csv").streaming_content).decode()
    assert body.count(contract.number) == 2
    assert "合同顾问" in body


def test_areas_as_csv(client_for: Any) -> None:
    make_contract(villages=4, filled=3)
    refresh(now=clock.now())

    def rows(address: str) -> list[list[str]]:
        body = b"".join(client_for(language="en").get(address).streaming_content).decode()
        return [line.split(",") for line in body.splitlines()[1:]]

    townships = rows(f"/coverage/{LEISHAN}/areas.csv")
    assert sum(int(row[3]) for row in townships) == 3
    assert sum(int(row[5]) for row in townships) == 1
    assert [row[0] for row in rows("/coverage/areas.csv")] == ["520000000000"]
    township = townships[0][0]
    assert client_for().get(f"/coverage/{township}/areas.csv").status_code == 404


def test_the_workspace_is_private_and_orders_by_urgency(client_for: Any) -> None:
    assert client_for().get("/workspace/").status_code == 302
    committee, voice = make_committee()
    make_session(host=committee)
    body = client_for(voice).get("/workspace/").content.decode()
    assert "确认 1 条服务记录" in body


def test_a_shift_that_is_near_is_shown_and_not_ordered(client_for: Any, at: Any) -> None:
    at(datetime(2026, 4, 8, 9))
    person = make_volunteer()
    call, shift = make_call(start=clock.now() + timedelta(hours=5), hours=1, title="敬老院法律体检")
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    body = client_for(person).get("/workspace/").content.decode()
    assert "敬老院法律体检" in body
    assert f'<a class="btn" href="/volunteering/{call.pk}/">查看</a>' in body
    assert "现在办理" not in body


def test_what_is_to_be_done_comes_before_what_is_only_near() -> None:
    now = clock.now()
    items = [
        WorkItem("shift", "/", due_at=now, tone="soon"),
        WorkItem("info", "/", tone="info"),
        WorkItem("duty", "/"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "_providers", [lambda _user, _now: items])
        assert [i.title for i in workspace.work_items(None, now)] == ["duty", "shift", "info"]


def test_who_speaks_for_a_village_finds_its_page_on_the_desk(client_for: Any) -> None:
    committee, voice = make_committee()
    body = client_for(voice).get("/workspace/").content.decode()
    assert f'href="/coverage/{committee.region_id}/"' in body
    _other, stranger = make_committee(522634100202)
    assert f'href="/coverage/{committee.region_id}/"' not in client_for(stranger).get("/workspace/").content.decode()


def test_a_village_calls_with_one_touch_and_who_speaks_for_it_rates_from_there(client_for: Any) -> None:
    contract = make_contract(villages=2, filled=1)
    served, vacant = contract.posts.order_by("adviser_id")
    rate = f'href="{reverse("contracts:rate", args=[served.pk])}"'
    for post in (served, vacant):
        page = client_for().get(f"/coverage/{post.region_id}/").text.partition("</main>")[0]
        assert 'class="btn" href="tel:12348"' in page
        assert rate not in page
    _committee, voice = make_committee(served.region_id)
    assert rate in client_for(voice).get(f"/coverage/{served.region_id}/").text
    assert rate not in client_for(voice).get(f"/coverage/{vacant.region_id}/").text


def test_half_a_minute_of_travel_is_rounded_as_the_plan_rounds_it() -> None:
    """18.5 is 19 in both: the same villages have one median wherever it is read."""
    case = make_case((0.01, 0.02), (0.0,))
    for assignment, minutes in zip(publish_case(case), (15, 22), strict=True):
        accept_assignment(actor=assignment.person, assignment=assignment, now=clock.now())
        Assignment.objects.filter(pk=assignment.pk).update(travel_minutes=minutes)
    refresh(now=clock.now())
    assert CoverageFigure.objects.get(code=LEISHAN).travel_minutes == middle([15, 22]) == 19
