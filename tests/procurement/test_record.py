"""The record of a procurement in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.audit import labels
from marketplace.audit.models import Event
from marketplace.audit.templatetags.audit import act_data, because
from marketplace.procurement import services_tender
from marketplace.procurement.models import Tender
from tests.factories.evaluation import bids_of, open_tender, sealed_tender
from tests.factories.procurement import bureau_of, make_tender

pytestmark = pytest.mark.django_db


def named(*events: Event) -> list[str]:
    names = labels.subject_names(events)
    return [names[each.subject_type, each.subject_id] for each in events]


def test_a_lot_that_failed_says_why_in_the_language_of_the_page(in_english) -> None:
    tender, _ = sealed_tender([(270_000, 280_000), (250_000,)])
    open_tender(tender)
    event = Event.objects.get(action="lot.fail")
    assert because(event).startswith("Fewer than 2 suppliers")
    assert act_data(event) == [("ground", "too few bidders, or too few that meet the conditions")]
    assert named(event) == [f"{tender.reference}, lot 2"]


def test_a_bid_has_the_name_of_its_supplier_only_once_it_was_opened(in_english) -> None:
    tender, _suppliers = sealed_tender([(270_000, 280_000), (250_000,)])
    lot = tender.lots.get(number=1)
    handed_in = Event.objects.filter(action="bid.submit").order_by("pk")
    assert set(named(*handed_in)) == {f"{tender.reference}, lot 1", f"{tender.reference}, lot 2"}
    open_tender(tender)
    bid = bids_of(lot)[0].bid
    assert f"{bid.supplier.name_en} · {tender.reference}, lot 1" in named(*handed_in)
    assert f"{tender.reference}, lot 2" in named(*handed_in)


def test_a_check_says_the_ground_and_the_budget_its_code() -> None:
    assert labels.data_label("opened_bid.check", "code") != labels.data_label("budget.open", "code")
    assert labels.value_words("opened_bid.check", "code", "over_ceiling")
    assert labels.value_words("budget.open", "appropriated", "3000000.00") == "¥3,000,000"
    assert labels.value_words("tender.award", "amount", "162000.00") == "¥162,000"


def test_the_time_of_a_bid_is_no_payment() -> None:
    """「已收款」 is said of money."""
    assert labels.data_label("tender.open", "received_at") == "收到时间"


def test_a_moved_deadline_and_a_cancellation_say_why_in_the_language_of_the_page(now, in_english) -> None:
    tender = make_tender(now=now)
    who = {"actor": bureau_of(tender).approver, "tender": tender, "now": now}
    later = tender.bid_deadline + timedelta(days=30)
    services_tender.amend_deadline(bid_deadline=later, reason="答疑较多。", reason_en=" Many questions. ", **who)
    services_tender.cancel_tender(reason="任务取消。", reason_en="The task is cancelled.", **who)
    moved, ended = (Event.objects.get(action=f"tender.{act}") for act in ("amend_deadline", "cancel"))
    assert [because(event) for event in (moved, ended)] == ["Many questions.", "The task is cancelled."]
    assert [moved.reason, ended.reason] == ["答疑较多。", "任务取消。"]
    assert [label for label, _value in act_data(moved)] == ["before", "after"]


@pytest.mark.parametrize(
    ("method", "awarded", "failed"), [("open", "已中标", "已废标"), ("consultation", "已成交", "已终止")]
)
def test_the_record_names_no_method_where_it_does_not_know_it(method, awarded, failed) -> None:
    """中标 and 废标 are said of open tenders only: a tender has the word of its method, an event one for all."""
    assert Tender(method=method, state="awarded").get_state_display() == awarded
    assert Tender(method=method, state="failed").get_state_display() == failed
    for state, word in (("awarded", "已确定结果"), ("failed", "已终止，未产生结果")):
        event = Event(action="tender.x", subject_type="procurement.tender", data={"from": "evaluated", "to": state})
        [(_label, said)] = act_data(event)
        assert said.endswith(f" → {word}")
