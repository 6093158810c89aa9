"""What waits for whom before the bids are opened."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from marketplace.core import clock
from marketplace.procurement import services_plan, services_tender
from marketplace.procurement.workspace import work_items
from tests.factories.procurement import bureau_of, make_bid, make_plan, make_supplier, make_tender

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def test_an_approver_reads_since_when_a_paper_waits_and_the_drafter_is_not_asked():
    now = clock.now()
    tender = make_tender(state="submitted", lots=1, now=now)
    plan = make_plan(bureau_of(tender), approved=False, now=now - timedelta(days=9))
    bureau = bureau_of(tender)
    services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now - timedelta(days=8))
    services_plan.return_plan(actor=bureau.approver, plan=plan, note="需求不够具体。", now=now - timedelta(days=7))
    services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now - timedelta(days=6))
    waiting = {(item.title, item.since) for item in work_items(bureau.approver, now)}
    assert waiting == {
        ("Approve the plan, or return it", now - timedelta(days=6)),
        ("Approve the documents, or return them", now - timedelta(days=3)),
    }
    assert not [item for item in work_items(bureau.officer, now) if "Approve" in str(item.title)]


def test_a_firm_sees_until_when_its_sealed_bid_may_be_replaced():
    tender = make_tender(lots=1)
    lot = tender.lots.get()
    supplier, bidder = make_supplier()
    bid = make_bid(lot, supplier, bidder)
    (item,) = work_items(bidder, clock.now())
    assert (item.due_at, item.tone) == (tender.bid_deadline, "info")
    assert item.url.endswith(f"/{bid.receipt_id}/")
    assert "replace or withdraw" in item.detail
    assert list(work_items(make_supplier()[1], clock.now())) == []
    assert list(work_items(bidder, tender.bid_deadline + timedelta(seconds=1))) == []


def test_a_plan_whose_procurement_ended_is_not_forgotten(client_for):
    """Its money stays planned: who can tender again and who can give it up are both told, until one has."""
    now = clock.now()
    tender = make_tender(lots=1, now=now, ceiling=90_000)
    bureau, plan = bureau_of(tender), tender.plan
    people = (bureau.officer, bureau.approver)
    address = reverse("procurement:plan", args=[plan.pk])

    def told() -> list[bool]:
        return [any("The procurement ended" in item.detail for item in work_items(who, now)) for who in people]

    assert told() == [False, False]
    services_tender.cancel_tender(actor=bureau.approver, tender=tender, reason="任务调整。", now=now)
    assert told() == [True, True]
    client = client_for(bureau.officer, language="en")
    assert "¥90,000 stays set aside" in client.get(reverse("procurement:plans")).text
    assert "¥90,000 stays set aside" in client.get(address).text
    services_tender.draft_tender(actor=bureau.officer, plan=plan, now=now)
    assert told() == [False, False]
    assert "stays set aside" not in client.get(address).text
    services_tender.cancel_tender(actor=bureau.approver, tender=plan.tenders.get(state="draft"), reason="否。", now=now)
    assert told() == [True, True]
    services_plan.cancel_plan(actor=bureau.approver, plan=plan, reason="另行安排。", now=now)
    assert told() == [False, False]
    assert "stays set aside" not in client.get(reverse("procurement:plans")).text
