"""The end without an award: of single lots with too few bidders, and of a whole procurement."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils.translation import override

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.procurement import errors_evaluation as errors
from marketplace.procurement import services_failing, services_opening
from marketplace.procurement.budget import state_of
from marketplace.procurement.models import Bid, LotFailure, Notice, OpenedBid, Tender
from tests.factories.accounts import make_member
from tests.factories.evaluation import (
    after_deadline,
    bids_of,
    draw,
    open_tender,
    release,
    sealed_tender,
)
from tests.factories.procurement import bureau_of, make_plan

pytestmark = pytest.mark.django_db


def fresh(tender: Tender) -> Tender:
    return Tender.objects.get(pk=tender.pk)


def open_now(tender: Tender, actor=None, **later: float) -> Tender:
    now = after_deadline(tender, **later)
    with clock.rehearse(now):
        return services_opening.open_bids(actor=actor or bureau_of(tender).officer, tender=tender, now=now)


def overwrite(sql: str, *args: object) -> None:
    """What somebody with the database's own powers could do: past every trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, args)
        cursor.execute("SET LOCAL session_replication_role = origin")


# Too few bidders


def test_a_lot_with_too_few_bidders_fails_and_its_bids_stay_sealed() -> None:
    tender, suppliers = sealed_tender([(270_000, 280_000), (250_000,)])
    line = tender.plan.budget_line
    assert state_of(line).reserved.amount == 600_000
    tender = open_tender(tender)
    one, two = tender.lots.order_by("number")
    assert len(bids_of(one)) == 2  # two go on in a consultation for services (财库〔2015〕124号)
    assert not bids_of(two)
    assert Bid.objects.get(lot=two).state == "sealed"
    assert two.failure.ground == "too_few"
    assert "2" in two.failure.reason
    assert "Fewer than 2 suppliers" in two.failure.reason_en
    assert state_of(line).reserved.amount == 300_000
    notice = Notice.objects.get(tender=tender, kind="failure")
    assert notice.content["outcome"] == "lots_failed"
    assert [lot["number"] for lot in notice.content["failed_lots"]] == [2]
    assert suppliers[1][0].name not in str(notice.content)


@pytest.mark.parametrize(
    ("method", "bidders", "enough"),
    [("consultation", 1, False), ("consultation", 2, True), ("open", 2, False), ("open", 3, True)],
)
def test_how_many_bidders_each_method_needs(method: str, bidders: int, enough: bool) -> None:
    tender, _ = sealed_tender([tuple(280_000 + n for n in range(bidders))], plan=make_plan(method=method))
    if enough:
        assert open_tender(tender).state == "opened"
        return
    with pytest.raises(errors.TooFewBidders):
        open_tender(tender)
    assert fresh(tender).state == "published"
    assert not OpenedBid.objects.exists()
    assert {share.released != "" for share in tender.key_shares.exclude(released_at=None)} == {True}


# Failing


def test_an_open_tender_fails_under_the_law_itself() -> None:
    tender, _ = sealed_tender([(270_000, 280_000)], plan=make_plan(method="open"))
    now = after_deadline(tender)
    release(tender)
    with clock.rehearse(now):
        tender = services_failing.fail_tender(actor=bureau_of(tender).officer, tender=tender, ground="too_few", now=now)
    assert "不足 3 家（政府采购法第三十六条第一项）" in tender.failure_reason
    with override("zh-hans"):
        assert (Notice.objects.get(tender=tender, kind="failure").heading, tender.get_state_display()) == (
            "废标公告",
            "已废标",
        )


def test_too_few_bidders_end_the_procurement(mailoutbox, django_capture_on_commit_callbacks) -> None:
    tender, suppliers = sealed_tender([(270_000,)])
    bid = Bid.objects.get()
    bid.submitted_by.email = "bidder@firm.example"
    bid.submitted_by.save()
    officer = bureau_of(tender).officer
    line = tender.plan.budget_line
    with clock.rehearse(tender.bid_deadline), pytest.raises(errors.TooEarly):
        services_failing.fail_tender(actor=officer, tender=tender, ground="too_few", now=tender.bid_deadline)
    now = after_deadline(tender)
    release(tender)
    with clock.rehearse(now):
        with pytest.raises(PermissionRefused):
            services_failing.fail_tender(actor=make_member(Role.OFFICER), tender=tender, ground="too_few", now=now)
        with django_capture_on_commit_callbacks(execute=True):
            tender = services_failing.fail_tender(actor=officer, tender=tender, ground="too_few", now=now)
    assert tender.state == "failed"
    assert "第三十四条第三项、财库〔2015〕124号" in tender.failure_reason
    assert "第三十六条" not in tender.failure_reason  # of open tenders
    assert "Fewer than 2 suppliers" in tender.failure_reason_en
    assert state_of(line).reserved.amount == 0
    assert state_of(line).available == line.appropriated
    notice = Notice.objects.get(tender=tender, kind="failure")
    assert notice.content["outcome"] == "failed"
    with override("zh-hans"):
        assert (notice.heading, tender.get_state_display()) == ("终止公告", "已终止")
        # One that was published before consultations had their own words keeps its heading.
        assert Notice(kind="failure", content={"outcome": "failed", "method": "consultation"}).heading == "废标公告"
    assert Bid.objects.get().state == "sealed"
    [mail] = mailoutbox
    assert mail.to == ["bidder@firm.example"]
    assert tender.reference in mail.subject
    with pytest.raises(IllegalTransition):
        services_failing.fail_tender(actor=officer, tender=tender, ground="too_few", now=now)
    assert LotFailure.objects.count() == 1
    assert suppliers[0][0].name not in mail.body


@pytest.mark.parametrize("prices", [(270_000,), (270_000, 280_000)], ids=["one bid", "enough bids"])
def test_nobody_asks_how_many_bids_there_are_by_way_of_a_failure(prices) -> None:
    tender, _ = sealed_tender([prices])
    officer, now = bureau_of(tender).officer, after_deadline(tender)
    release(tender, holders=tender.key_threshold - 1)
    with clock.rehearse(now), pytest.raises(errors.TooFewShares):
        services_failing.fail_tender(actor=officer, tender=tender, ground="too_few", now=now)
    assert fresh(tender).state == "published"


def test_grounds_have_to_be_true() -> None:
    tender, _ = sealed_tender()
    bureau = bureau_of(tender)
    tender = open_tender(tender)
    now = after_deadline(tender, hours=2)
    for ground in ("too_few", "over_budget"):
        with pytest.raises(errors.GroundNotMet):
            services_failing.fail_tender(actor=bureau.officer, tender=tender, ground=ground, now=now)
    # What is a judgement is an approving officer's, with a reason.
    with pytest.raises(PermissionRefused):
        services_failing.fail_tender(actor=bureau.officer, tender=tender, ground="unlawful", note="串通", now=now)
    with pytest.raises(errors.ReasonMissing):
        services_failing.fail_tender(actor=bureau.approver, tender=tender, ground="unlawful", now=now)
    with pytest.raises(DomainError):
        services_failing.fail_tender(actor=bureau.approver, tender=tender, ground="because", note="x", now=now)
    assert fresh(tender).state == "opened"
    tender = services_failing.fail_tender(
        actor=bureau.approver,
        tender=tender,
        ground="unlawful",
        note="三份响应文件由同一人编制。",
        note_en="One person wrote all three bids.",
        now=now,
    )
    assert tender.failure_reason.endswith("三份响应文件由同一人编制。")
    assert tender.failure_reason_en.endswith("One person wrote all three bids.")


def test_after_a_check_that_leaves_too_few_the_procurement_fails() -> None:
    tender, _ = sealed_tender([(270_000, 280_000)])
    tender = open_tender(tender)
    officer = bureau_of(tender).officer
    now = after_deadline(tender, hours=2)
    one, two = bids_of(tender.lots.get())
    services_opening.check_qualification(actor=officer, opened_bid=one, qualified=True, now=now)
    services_opening.check_qualification(
        actor=officer, opened_bid=two, qualified=False, reason="无执业许可证。", now=now
    )
    with pytest.raises(errors.TooFewBidders):
        draw(tender)
    assert Bid.objects.get(pk=two.bid_id).state == "opened"
    services_failing.fail_tender(actor=officer, tender=tender, ground="too_few", now=now)
    assert fresh(tender).state == "failed"
    assert Bid.objects.get(pk=two.bid_id).state == "invalid"
    assert Bid.objects.get(pk=one.bid_id).state == "opened"
