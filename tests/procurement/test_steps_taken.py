"""A button that is pressed twice takes its step once, and the second press is answered like the first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.audit.models import Event
from marketplace.core.states import IllegalTransition
from marketplace.procurement import services_evaluation, services_plan, services_tender
from marketplace.procurement.models import Award, Bid, Evaluator, LotFailure, Notice, Plan, Tender
from tests.factories.accounts import make_membership
from tests.factories.evaluation import (
    after_deadline,
    declared_tender,
    evaluated_tender,
    fill_sheet,
    judged_tender,
    ready_tender,
    release,
    sealed_tender,
)
from tests.factories.procurement import bureau_of, make_bid, make_plan, make_supplier, make_tender

pytestmark = pytest.mark.django_db

AGAIN = "Nothing was done twice."


@pytest.fixture(autouse=True)
def _no_second_factor(settings) -> None:
    settings.MFA_REQUIRED = False


def to(name: str, *args: object) -> str:
    return reverse(f"procurement:{name}", args=args)


def press_twice(client: Any, url: str, data: dict[str, Any] | None = None) -> str:
    """What the page says after the second press; both lead to the same page."""
    first = client.post(url, data or {})
    assert first.status_code == 302, first.content.decode()
    # What the first press said is read.
    client.get(first["Location"])
    events = Event.objects.count()
    second = client.post(url, data or {})
    assert second.status_code == 302
    assert second["Location"] == first["Location"]
    assert Event.objects.count() == events
    return str(client.get(second["Location"]).content.decode())


def test_a_plan_is_handed_in_decided_and_given_up_once(now, client_for) -> None:
    plan = make_plan(approved=False)
    bureau = bureau_of(plan)
    officer, approver = client_for(bureau.officer, language="en"), client_for(bureau.approver, language="en")
    said = press_twice(officer, to("plan_submit", plan.pk))
    assert AGAIN in said
    assert "submitted the plan" in said
    assert AGAIN in press_twice(approver, to("plan_decide", plan.pk), {"decision": "return", "note": "金额依据不足。"})
    press_twice(officer, to("plan_submit", plan.pk))
    assert AGAIN in press_twice(approver, to("plan_decide", plan.pk), {"decision": "approve", "note": ""})
    assert AGAIN in press_twice(approver, to("plan_cancel", plan.pk), {"reason": "任务取消"})
    assert Plan.objects.get().state == "cancelled"


def test_who_did_not_take_the_step_is_told_that_somebody_was_faster(now, client_for) -> None:
    plan = make_plan(approved=False)
    bureau = bureau_of(plan)
    services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now)
    services_plan.approve_plan(actor=bureau.approver, plan=plan, now=now)
    other = make_supplier()[1]
    make_membership(other, plan.organisation, "approver")
    client = client_for(other, language="en")
    back = to("plan", plan.pk)
    answer = client.post(
        to("plan_decide", plan.pk),
        {"decision": "approve"},
        headers={"referer": f"http://testserver{back}"},
        follow=True,
    )
    said = answer.content.decode()
    assert AGAIN not in said
    assert "This has changed since you opened the page." in said
    # Another decision than the one that was taken is no repetition either.
    answer = client_for(bureau.approver, language="en").post(
        to("plan_decide", plan.pk),
        {"decision": "return", "note": "不同意"},
        headers={"referer": f"http://testserver{back}"},
        follow=True,
    )
    assert AGAIN not in answer.content.decode()
    assert Plan.objects.get().state == "approved"


def test_a_tender_is_handed_in_approved_and_cancelled_once(now, client_for) -> None:
    tender = make_tender(state="draft", now=now)
    bureau = bureau_of(tender)
    officer, approver = client_for(bureau.officer, language="en"), client_for(bureau.approver, language="en")
    assert AGAIN in press_twice(officer, to("submit", tender.pk))
    assert AGAIN in press_twice(approver, to("decide", tender.pk), {"decision": "approve", "note": ""})
    assert AGAIN in press_twice(approver, to("cancel", tender.pk), {"reason": "任务取消"})
    # The pages that are gone with the state lead on too, instead of being missing.
    assert approver.get(to("cancel", tender.pk))["Location"] == to("tender", tender.pk)
    for address in (to("edit", tender.pk), to("lot_new", tender.pk), to("criteria", tender.pk, 1)):
        moved = officer.get(address, follow=True)
        assert moved.redirect_chain == [(to("tender", tender.pk), 302)]
        assert "This has changed since you opened the page." in moved.content.decode()
    assert Tender.objects.get().state == "cancelled"


def test_a_tender_is_published_once(now, client_for) -> None:
    tender = make_tender(state="approved", now=now)
    bureau = bureau_of(tender)
    typed = {
        "official_published_at": timezone.localtime(now).strftime("%Y-%m-%dT%H:%M"),
        "official_url": "https://www.ccgp.gov.cn/notice/1",
        "bid_deadline": (now + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M"),
        "question_deadline": (now + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M"),
        "holders": [str(h.pk) for h in bureau.holders],
        "provisional_acknowledged": "on",
    }
    assert AGAIN in press_twice(client_for(bureau.approver, language="en"), to("publish", tender.pk), typed)
    assert Notice.objects.count() == 1
    # A colleague whose page is out of date is told so.
    moved = client_for(bureau.officer, language="en").get(to("publish", tender.pk), follow=True)
    assert "This has changed since you opened the page." in moved.content.decode()
    assert client_for(make_supplier()[1]).get(to("publish", tender.pk)).status_code == 404


def test_a_deadline_is_moved_once_and_a_question_answered_once(now, client_for) -> None:
    tender = make_tender(now=now)
    bureau = bureau_of(tender)
    assert tender.bid_deadline is not None
    later = timezone.localtime(tender.bid_deadline + timedelta(days=20))
    typed = {"bid_deadline": later.strftime("%Y-%m-%dT%H:%M"), "question_deadline": "", "reason": "答疑较多"}
    approver = client_for(bureau.approver, language="en")
    assert AGAIN in press_twice(approver, to("amend", tender.pk), typed)
    assert Notice.objects.filter(kind="amendment").count() == 1
    supplier, bidder = make_supplier()
    question = services_tender.ask_question(
        actor=bidder, organisation=supplier, tender=tender, text="讲座可以合并吗？", now=now
    )
    answer = {f"q{question.pk}-answer": "可以。"}
    said = press_twice(client_for(bureau.officer, language="en"), to("answer", tender.pk, question.pk), answer)
    assert "You have given this answer already" in said


def test_a_bid_is_withdrawn_once(now, client_for) -> None:
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    bid = make_bid(tender.lots.first(), supplier, bidder, now=now)
    assert AGAIN in press_twice(client_for(bidder, language="en"), to("withdraw", bid.receipt_id))
    assert Bid.objects.get().state == "withdrawn"


def test_a_lot_is_taken_out_once(now, client_for) -> None:
    tender = make_tender(state="draft", now=now)
    said = press_twice(client_for(tender.drafted_by, language="en"), to("lot_remove", tender.pk, 1))
    assert "This lot has already been removed." in said


def test_a_panel_is_drawn_declared_and_left_once(client_for, at) -> None:
    tender, _suppliers, _people = ready_tender(experts=6)
    at(after_deadline(tender, hours=3))
    officer = client_for(bureau_of(tender).officer, language="en")
    assert "The panel is complete." in press_twice(officer, to("panel", tender.pk), {"experts_needed": 3})
    assert Evaluator.objects.count() == 3
    one, two, three = Evaluator.objects.order_by("pk")
    member = client_for(one.user, language="en")
    assert AGAIN in press_twice(member, to("declare", tender.pk), {"free": "on", "alone": "on"})
    assert AGAIN in press_twice(member, to("recuse", tender.pk), {"reason": "亲属在投标人处任职"})
    assert AGAIN in press_twice(officer, to("recuse_member", tender.pk, two.pk), {"reason": "未到场"})
    assert Evaluator.objects.filter(state="recused").count() == 2
    assert Evaluator.objects.count() == 5
    assert Evaluator.objects.get(pk=three.pk).state == "drawn"


def test_points_are_handed_in_and_sent_back_once(client_for, at) -> None:
    tender = declared_tender(objective=True)
    at(after_deadline(tender, hours=5))
    seats = list(Evaluator.objects.order_by("pk"))
    for number, seat in enumerate(seats):
        fill_sheet(seat, number, lambda member, bid, c: c.points - 1 - (member == 2))
        said = press_twice(client_for(seat.user, language="en"), to("submit_scores", tender.pk), {"stand_by": "1"})
        assert AGAIN in said
    officer = client_for(bureau_of(tender).officer, language="en")
    assert "back with the members already" in press_twice(officer, to("reopen", tender.pk))
    assert client_for(bureau_of(tender).approver).post(to("reopen", tender.pk)).status_code == 404


def test_a_ranking_is_computed_and_decided_once(client_for, at) -> None:
    tender = judged_tender()
    at(after_deadline(tender, hours=6))
    bureau = bureau_of(tender)
    assert AGAIN in press_twice(client_for(bureau.officer, language="en"), to("compute", tender.pk))
    approver = client_for(bureau.approver, language="en")
    assert AGAIN in press_twice(approver, to("award", tender.pk), {"confirm": "on"})
    assert Award.objects.count() == 1
    assert Notice.objects.filter(kind="result").count() == 1


def test_bids_are_opened_and_a_failure_stated_once(client_for, at) -> None:
    tender, _ = sealed_tender()
    at(after_deadline(tender))
    release(tender)
    officer = client_for(bureau_of(tender).officer, language="en")
    # Opening what is open is answered as the opening itself.
    assert "The bids are open." in press_twice(officer, to("open_bids", tender.pk))
    short, _ = sealed_tender([(270_000,)])
    at(after_deadline(short))
    release(short)
    officer = client_for(bureau_of(short).officer, language="en")
    assert AGAIN in press_twice(officer, to("fail", short.pk), {"ground": "too_few"})
    assert LotFailure.objects.count() == 1


def test_what_comes_after_the_ranking_of_somebody_else_is_no_repetition(client_for, at) -> None:
    tender = evaluated_tender()
    now = at(after_deadline(tender, hours=7))
    colleague = make_supplier()[1]
    make_membership(colleague, tender.organisation, "officer")
    answer = client_for(colleague, language="en").post(to("compute", tender.pk))
    assert AGAIN not in answer.content.decode()
    assert answer.status_code == 409
    with pytest.raises(IllegalTransition):
        services_evaluation.compute_results(actor=bureau_of(tender).officer, tender=tender, now=now)
