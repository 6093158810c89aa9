"""The first page after signing in: what waits for me, what I could do near home, and the ways from here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import CredentialKind
from marketplace.core import clock
from tests.factories.accounts import make_user
from tests.factories.volunteers import make_call, make_coordinator, make_volunteer
from volunteers import services, sign_ups

pytestmark = pytest.mark.django_db


def test_a_volunteer_sees_who_needs_somebody_near_and_nobody_else_does(client_for: Any) -> None:
    person = make_volunteer()
    start = clock.now() + timedelta(days=4)
    make_call(title="缺人的咨询", start=start)
    _mine, shift = make_call(title="我报了名的", start=start + timedelta(days=1))
    sign_ups.sign_up(actor=person, shift=shift, now=clock.now())
    _full, full = make_call(title="满了的", places=1, start=start)
    sign_ups.sign_up(actor=make_volunteer(), shift=full, now=clock.now())
    make_call(title="要执业证的", required_credential=CredentialKind.LAWYER, start=start)

    body = client_for(person).get("/workspace/").text
    near = body.partition("您附近需要人")[2].partition("</section>")[0]
    assert "缺人的咨询" in near
    assert "余 2 位" in near
    assert not [title for title in ("我报了名的", "满了的", "要执业证的") if title in near]
    assert 'class="dock"' in body

    for other in (make_coordinator(), make_user()):
        page = client_for(other).get("/workspace/").text
        assert "您附近需要人" not in page
        assert 'class="dock"' not in page


def test_who_left_is_not_asked_any_more(client_for: Any) -> None:
    person = make_volunteer()
    make_call(title="缺人的咨询")
    services.leave(actor=person, now=clock.now())
    assert "缺人的咨询" not in client_for(person).get("/workspace/").text


def test_a_place_in_the_queue_is_on_the_desk_and_presses_nobody(client_for: Any) -> None:
    coordinator, person = make_coordinator(), make_volunteer()
    _call, shift = make_call(by=coordinator, places=1, title="婚姻家事调解")
    for volunteer in (make_volunteer(), make_volunteer(), person):
        sign_ups.sign_up(actor=volunteer, shift=shift, now=clock.now())
    body = client_for(person).get("/workspace/").text
    assert "候补第 2 位：婚姻家事调解" in body
    assert "目前没有待办" in body
    assert "等待他人" in body


def test_the_ways_have_a_plain_name(client_for: Any) -> None:
    assert "<h2>Shortcuts</h2>" in client_for(make_user(), language="en").get("/workspace/").text


def test_a_coordinator_finds_the_calls_before_everything_else(client_for: Any) -> None:
    body = client_for(make_coordinator()).get("/workspace/").text
    ways = body.partition('class="cards ways"')[2]
    assert ways.index("志愿者招募") < ways.index("就近参加志愿服务")
    assert ways.count('href="/volunteering/organised/"') == 1


def test_only_the_staff_of_the_site_are_led_to_what_holds_in_the_whole_country(client_for: Any) -> None:
    staff = make_user()
    staff.is_staff = True
    staff.save()
    for person, led in ((staff, True), (make_user(), False)):
        ways = client_for(person).get("/workspace/").text.partition('class="cards ways"')[2].partition("</section>")[0]
        assert [f'href="/{address}/"' in ways for address in ("calendar", "calendar/rules", "places")] == [led] * 3
