"""Who is served: counted now near by, computed ahead above, and the same both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.core import clock
from marketplace.dashboards.coverage import Status, refresh, village_status
from marketplace.dashboards.models import CoverageFigure
from tests.factories.accounts import LEISHAN, a_place
from tests.factories.contracts import make_contract
from tests.factories.timesheets import make_committee, make_session
from tests.factories.volunteers import make_call, make_volunteer
from volunteers import sign_ups

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


def test_the_workspace_is_private_and_orders_by_urgency(client_for: Any) -> None:
    assert client_for().get("/workspace/").status_code == 302
    committee, voice = make_committee()
    make_session(host=committee)
    body = client_for(voice).get("/workspace/").content.decode()
    assert "确认 1 条服务记录" in body
