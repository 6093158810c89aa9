"""What a village may count on, and what a lawyer still owes: the same count, seen from both sides."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts.models import Organisation
from marketplace.contracts.models import Post
from marketplace.core import clock
from marketplace.dashboards import views, visits
from tests.factories.accounts import LEISHAN, a_place, make_organisation
from tests.factories.contracts import make_contract
from tests.factories.timesheets import make_committee, make_session

pytestmark = pytest.mark.django_db

BEIJING = ZoneInfo("Asia/Shanghai")
TODAY = datetime(2026, 7, 20, 10, tzinfo=BEIJING)


def a_served_post(villages: int = 1) -> Post:
    contract = make_contract(villages=villages, filled=villages, ends_on=date(2026, 12, 31))
    post = contract.posts.order_by("pk").first()
    assert post is not None
    assert post.adviser is not None
    return post


def visit(post: Post, *, minutes: int, confirmed: bool = True) -> None:
    committee, voice = make_committee(post.region_id)
    assert post.adviser is not None
    make_session(
        post.adviser, host=committee, start=clock.now() - timedelta(days=2), minutes=minutes, capacity="contract",
        subject_kind="contracts.post", subject_id=post.pk, confirmed_by=voice if confirmed else None,
    )  # fmt: skip


def due(post: Post) -> date | None:
    return visits.next_visit_by(post, list(post.contract.obligations.all()), clock.today())


def test_the_next_visit_is_due_in_this_month_until_it_is_served_then_in_the_next() -> None:
    with clock.rehearse(TODAY):
        post = a_served_post()
        assert due(post) == date(2026, 7, 31)
        visit(post, minutes=120)
        assert due(post) == date(2026, 7, 31)
        visit_again = clock.rehearse(TODAY + timedelta(days=1))
        with visit_again:
            visit(post, minutes=120)
            assert due(post) == date(2026, 8, 31)


def test_nothing_is_promised_past_the_end_of_the_contract() -> None:
    with clock.rehearse(TODAY):
        post = a_served_post()
        visit(post, minutes=240)
        Post.objects.filter(pk=post.pk).update(ends_on=date(2026, 8, 10))
        post.refresh_from_db()
        assert due(post) == date(2026, 8, 10)
        Post.objects.filter(pk=post.pk).update(ends_on=date(2026, 7, 31))
        post.refresh_from_db()
        assert due(post) is None


def test_a_lawyer_sees_which_villages_wait_and_until_when() -> None:
    with clock.rehearse(TODAY):
        post = a_served_post()
        [item] = list(visits.work_items(post.adviser, clock.now()))
        assert item.title == "还有 1 个村等您到村服务"
        assert str(post.region.name) in item.detail
        assert item.due_at == datetime(2026, 7, 31, 23, 59, tzinfo=BEIJING)
        # The village has not confirmed it yet; the lawyer was there.
        visit(post, minutes=240, confirmed=False)
        assert list(visits.work_items(post.adviser, clock.now())) == []


def test_who_serves_no_village_owes_no_visit() -> None:
    with clock.rehearse(TODAY):
        post = a_served_post()
        _committee, voice = make_committee(post.region_id)
        assert list(visits.work_items(voice, clock.now())) == []


def test_the_village_page_says_when_and_where_to_complain(client_for: Any) -> None:
    with clock.rehearse(TODAY):
        post = a_served_post()
        visit(post, minutes=240)
        page = client_for().get(f"/coverage/{post.region_id}/").text
    facts = page.partition("</dl>")[0]
    assert facts.index("到村安排") < facts.index("每月不少于 4 小时") < facts.index("最近到村")
    assert "7 月 18 日" in facts
    assert facts.index("下次到村不晚于") < facts.index("8 月 31 日")
    assert 'href="/guide/contact/"' in page.partition("</main>")[0]


def test_every_visit_of_a_village_is_read_page_by_page_and_as_a_table(client_for: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "VISITS_A_PAGE", 2)
    committee, voice = make_committee()
    for days in (1, 2, 3):
        make_session(host=committee, confirmed_by=voice, start=clock.now() - timedelta(days=days), minutes=60 + days)
    make_session(host=committee, start=clock.now() - timedelta(days=9), minutes=640)
    page = reverse("dashboards:visits", args=[committee.region_id])
    village = client_for().get(reverse("dashboards:coverage", args=[committee.region_id])).content.decode()
    assert page in village
    with CaptureQueriesContext(connection) as first:
        seen = client_for(language="en").get(page).content.decode()
    assert "3 visits" in seen
    assert (seen.count("1 h 1 min"), seen.count("1 h 3 min")) == (1, 0)
    with CaptureQueriesContext(connection) as second:
        last = client_for(language="en").get(page, {"page": 2}).content.decode()
    assert last.count("1 h 3 min") == 1
    assert len(first) == len(second)
    rows = b"".join(client_for().get(page, {"format": "csv"}).streaming_content).decode().splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["61", "62", "63"]
    assert client_for().get(reverse("dashboards:visits", args=[LEISHAN])).status_code == 404


def test_a_village_knows_whom_to_ring_up(client_for: Any) -> None:
    bureau = make_organisation("bureau", address="示例路1号", phone="0855-0000000")
    make_organisation("bureau", region=a_place(522631000000), phone="0855-1111111")
    village = a_place(522634100201)
    seen = client_for().get(reverse("dashboards:coverage", args=[village.pk])).content.decode()
    assert bureau.name in seen
    assert 'href="tel:0855-0000000"' in seen
    assert "0855-1111111" not in seen
    post = a_served_post()
    Organisation.objects.filter(pk=post.contract.buyer_id).update(phone="0855-2222222")
    assert "0855-2222222" in client_for().get(reverse("dashboards:coverage", args=[post.region_id])).content.decode()
