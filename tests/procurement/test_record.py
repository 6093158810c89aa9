"""The record of a procurement in words."""

from __future__ import annotations

import pytest

from marketplace.audit import labels
from marketplace.audit.models import Event
from marketplace.audit.templatetags.audit import act_data, because
from tests.factories.evaluation import bids_of, open_tender, sealed_tender

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
