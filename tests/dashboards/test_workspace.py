"""The first page after signing in: what waits for me, what I could do near home, and the ways from here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.accounts.models import CredentialKind, Role
from marketplace.core import clock, workspace
from marketplace.core.workspace import WorkItem
from marketplace.incentives.accrual import accrue_session
from marketplace.timesheets.models import Capacity
from tests.factories.accounts import a_place, make_member, make_membership, make_user
from tests.factories.incentives import make_policy
from tests.factories.regions import LEISHAN
from tests.factories.timesheets import make_committee, make_session
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


def test_the_oldest_of_one_weight_comes_first_whatever_the_language() -> None:
    now = clock.now()
    items = [
        WorkItem("a new paper", "/1", weight=20, since=now - timedelta(hours=1)),
        WorkItem("z old paper", "/2", weight=20, since=now - timedelta(days=2)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "_providers", [lambda _user, _now: items])
        assert [i.url for i in workspace.work_items(None, now)] == ["/2", "/1"]


def test_what_is_overdue_is_called_so_with_the_days(client_for: Any) -> None:
    now = clock.now()
    items = [
        WorkItem("Pay", "/1", due_at=now - timedelta(days=2, hours=1)),
        WorkItem("Accept", "/2", due_at=now - timedelta(days=1, hours=1)),
        WorkItem("Check", "/3", since=now - timedelta(days=1)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "_providers", [lambda _user, _now: items])
        body = client_for(make_user()).get("/workspace/").text
    assert body.count('<span class="tag stop">已逾期</span>') == 2
    assert all(words in body for words in ("（已逾期 2 天）", "（已逾期 1 天）", "起等待办理"))


def test_the_desk_says_for_which_organisation_one_acts(client_for: Any) -> None:
    officer = make_member(Role.OFFICER)
    bureau = officer.memberships.get().organisation
    make_membership(officer, bureau, Role.APPROVER)
    assert client_for(officer).get("/workspace/").text.count(bureau.name) == 1


def test_a_lawyer_reads_what_the_hours_are_asked_for_and_what_counts_for_a_star(client_for: Any) -> None:
    make_policy()
    lawyer = make_member(user=make_user(home_region=a_place(LEISHAN)))
    committee, voice = make_committee()
    start = clock.now() - timedelta(hours=30)
    for capacity, minutes in ((Capacity.SUBSIDISED, 60), (Capacity.VOLUNTEER, 120)):
        session = make_session(
            lawyer,
            host=committee,
            start=start,
            minutes=minutes,
            capacity=capacity,
            subject_id=minutes,
            confirmed_by=voice,
        )
        accrue_session(session.pk, now=clock.now())
        start += timedelta(hours=3)
    body = client_for(lawyer, language="en").get("/workspace/").text
    assert "Volunteered and subsidised service in" in body
    assert '<b class="num">3 h</b> of the' in body
    assert "expected of a lawyer each year" in body
    assert "2 h volunteered so far, " in body
    assert "(subsidised duty does not count)" in body


def test_who_is_no_lawyer_owes_no_hours(client_for: Any) -> None:
    committee, voice = make_committee()
    person = make_user()
    make_session(person, host=committee, confirmed_by=voice)
    body = client_for(person, language="en").get("/workspace/").text
    assert '<b class="num">2 h</b>' in body
    assert "expected of a lawyer" not in body
    assert "<progress" not in body


def test_claims_are_claimed_by_who_serves_and_checked_by_who_checks(client_for: Any) -> None:
    def ways(person: Any) -> str:
        body: str = client_for(person).get("/workspace/").text
        return body.partition('class="cards ways"')[2]

    serving, checking, holding = make_member(), make_member(Role.OFFICER), make_member(Role.KEY_HOLDER)
    assert "申领、查看进度" in ways(serving)
    assert "/volunteering/mine/" in ways(serving)
    assert "审核、支付" in ways(checking)
    assert "/incentives/claims/" not in ways(holding)
