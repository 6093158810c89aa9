"""The award: once a lot, to the first, by somebody who neither drafted nor judged; published with its reasons."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import override

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core import events
from marketplace.core.errors import PermissionRefused
from marketplace.core.states import IllegalTransition
from marketplace.core.words import day_words, full_day_words
from marketplace.procurement import errors_evaluation as errors
from marketplace.procurement import services_award
from marketplace.procurement.budget import state_of
from marketplace.procurement.events import TenderAwarded
from marketplace.procurement.letters import letter_of
from marketplace.procurement.models import Award, BidResult, LotFailure, Notice
from marketplace.procurement.rules_evaluation import can_see_letter
from marketplace.procurement.selectors import life_line
from marketplace.procurement.selectors_evaluation import contract_deadline, decision_deadline, law_day, redress
from marketplace.statutes.services import deadline
from tests.factories.accounts import make_member, make_membership, make_user
from tests.factories.evaluation import after_deadline, awarded_tender, evaluated_tender, judged_tender
from tests.factories.procurement import bureau_of, make_plan

pytestmark = pytest.mark.django_db


def award(tender, actor=None, **kw):
    return services_award.award_tender(
        actor=actor or bureau_of(tender).approver, tender=tender, now=after_deadline(tender, hours=30), **kw
    )


def test_every_lot_goes_to_its_first_with_reasons_and_a_notice(
    mailoutbox, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    heard: list[TenderAwarded] = []
    monkeypatch.setitem(events._handlers, TenderAwarded, [heard.append])
    tender = evaluated_tender(prices=[(270_000, 288_000, 299_000), (200_000, 210_000)], small={(0, 1)})
    reserved = state_of(tender.plan.budget_line).reserved
    with django_capture_on_commit_callbacks(execute=True):
        awards = award(tender, note="评审报告已核对。", note_en="The report was checked.")
    assert [a.lot.number for a in awards] == [1, 2]
    for each in awards:
        first = BidResult.objects.get(opened_bid__bid__lot=each.lot, rank=1)
        assert each.bid == first.opened_bid.bid
        assert each.amount == first.opened_bid.price
        assert f"{first.total_points:.2f}" in each.reasons
        assert f"Ranked first of {first.explanation['of']}" in each.reasons_en
        assert each.reasons.endswith("评审报告已核对。")
        assert each.reasons_en.endswith("The report was checked.")
    tender.refresh_from_db()
    assert tender.state == "awarded"
    assert heard == [TenderAwarded(tender.pk)]
    # The money stays reserved until the contract is signed.
    assert state_of(tender.plan.budget_line).reserved == reserved
    content = Notice.objects.get(tender=tender, kind="result").content
    one = content["awards"][0]
    assert one["supplier"]["name"] == awards[0].bid.supplier.name
    assert one["amount"] == {"amount": f"{awards[0].amount.amount:.2f}", "currency": "CNY"}
    assert one["unit_price"]["amount"] == f"{awards[0].amount.amount / 2:.2f}"
    assert one["small_or_micro"] is awards[0].bid.opened.small_or_micro
    assert one["standards"]
    assert len(content["panel"]) == 3
    losers = {r.opened_bid.bid.supplier.name for r in BidResult.objects.filter(rank__gt=1)}
    assert not any(name in str(content) for name in losers)


def test_who_decides() -> None:
    tender = evaluated_tender()
    bureau = bureau_of(tender)
    both = make_member(Role.APPROVER, bureau.organisation, user=bureau.officer)
    elsewhere = make_member(Role.APPROVER)
    judge = tender.evaluators.first().user
    make_membership(judge, bureau.organisation, Role.APPROVER)
    for person in (both, elsewhere, judge, bureau.holders[0], bureau.finance, make_user(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            award(tender, actor=person)
    assert not Award.objects.exists()
    first = BidResult.objects.get(rank=1).opened_bid
    for person in (bureau.officer, judge):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            Award.objects.create(
                lot=first.bid.lot,
                bid=first.bid,
                amount=first.price,
                reasons="x",
                decided_by=person,
                decided_at=after_deadline(tender),
            )
        assert refusal.value.__cause__.diag.constraint_name == "award_decided_by_another"
    assert not Event.objects.filter(action="tender.award").exists()


def test_only_the_first_ranked_is_awarded() -> None:
    tender = evaluated_tender()
    lot = tender.lots.get()
    first, second = (BidResult.objects.get(rank=n).opened_bid.bid for n in (1, 2))
    with pytest.raises(errors.NotFirstRanked):
        award(tender, choices={lot.pk: second.pk})
    assert not Award.objects.exists()
    assert award(tender, choices={lot.pk: first.pk})[0].bid == first


def test_a_second_award_is_refused() -> None:
    tender = awarded_tender()
    with pytest.raises(errors.AlreadyDecided) as refusal:
        award(tender)
    assert refusal.value.code == "already_awarded"
    assert Award.objects.count() == 1
    given = Award.objects.get()
    loser = BidResult.objects.get(rank=2).opened_bid
    with pytest.raises(DatabaseError), transaction.atomic():
        Award.objects.create(
            lot=given.lot,
            bid=loser.bid,
            amount=loser.price,
            reasons="x",
            decided_by=given.decided_by,
            decided_at=given.decided_at,
        )
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        Award.objects.filter(pk=given.pk).update(amount=1)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        LotFailure.objects.create(
            lot=given.lot, ground="other", reason="x", decided_by=given.decided_by, decided_at=given.decided_at
        )
    assert refused.value.__cause__.diag.constraint_name == "lot_ends_once"


def test_nothing_is_awarded_before_the_ranking() -> None:
    tender = judged_tender()
    with pytest.raises(IllegalTransition):
        award(tender)
    assert not Award.objects.exists()


def test_the_database_awards_a_valid_bid_of_the_lot_at_its_price() -> None:
    tender = evaluated_tender(prices=[(270_000, 280_000), (270_000, 280_000)])
    one, two = tender.lots.order_by("number")
    bid = BidResult.objects.get(rank=1, opened_bid__bid__lot=one).opened_bid
    for lot, amount in ((two, bid.price), (one, bid.price * 2)):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            Award.objects.create(
                lot=lot,
                bid=bid.bid,
                amount=amount,
                reasons="x",
                decided_by=bureau_of(tender).approver,
                decided_at=after_deadline(tender),
            )
        assert refusal.value.__cause__.diag.constraint_name == "award_to_valid_bid"


def test_the_decision_is_due_in_five_working_days() -> None:
    tender = evaluated_tender()
    due = decision_deadline(tender)
    assert due is not None
    assert (due.rule_key, due.count, due.unit) == ("consultation_decision", 5, "working_day")
    assert due.counted_from == after_deadline(tender, hours=6).astimezone(due.at.tzinfo).date()


def test_a_letter_is_read_by_its_own_supplier_and_the_buyer_only() -> None:
    tender = evaluated_tender()
    first, second = (BidResult.objects.get(rank=n).opened_bid.bid for n in (1, 2))
    own = second.submitted_by
    assert not can_see_letter(own, second)
    award(tender)
    second = type(second).objects.get(pk=second.pk)
    assert can_see_letter(own, second)
    assert can_see_letter(bureau_of(tender).officer, second)
    assert not can_see_letter(first.submitted_by, second)
    assert not can_see_letter(make_member(Role.OFFICER), second)
    assert not can_see_letter(tender.evaluators.first().user, second)


def test_the_life_line_gives_the_days_that_were_and_the_times_that_are_left() -> None:
    tender = evaluated_tender()
    now = after_deadline(tender, hours=30)
    before = {step.label: step for step in life_line(tender, now, tender.notices.all())}
    assert (before["结果公告"].state, before["结果公告"].detail) == ("", "2 个工作日内")
    award(tender)
    tender.refresh_from_db()
    notice = Notice.objects.get(tender=tender, kind="result")
    after = {step.label: step for step in life_line(tender, now, tender.notices.all())}
    assert (after["结果公告"].state, after["结果公告"].detail) == (
        "did",
        day_words(timezone.localdate(notice.published_at)),
    )
    sign_by = deadline(
        "contract_sign", timezone.localdate(notice.published_at), on=law_day(tender),
        region_code=tender.organisation.region_id,
    )  # fmt: skip
    assert (after["签订合同"].state, after["签订合同"].detail) == ("now", f"最迟 {day_words(sign_by.date)}")


def test_the_record_names_the_ranking_row_by_row(client_for, in_english) -> None:
    tender = evaluated_tender()
    first = BidResult.objects.filter(opened_bid__bid__lot__tender=tender, rank=1).order_by("pk").first()
    assert first is not None
    page = client_for(bureau_of(tender).officer, language="en").get(f"/audit/trail/procurement.tender/{tender.pk}/")
    row = f"rank: 1; bid: {first.opened_bid.bid.supplier.name_en}; total points: {first.total_points:.2f}"
    assert f"{row}<br>" in page.content.decode()


# Papers


def test_the_time_to_challenge_starts_where_the_notice_ends() -> None:
    tender = awarded_tender()
    notice = Notice.objects.get(tender=tender, kind="result")
    # A Thursday: public until Friday, then seven working days.
    notice.published_at = timezone.make_aware(datetime(2026, 11, 19, 15))
    found = redress(notice)
    assert found is not None
    assert (found.public.date, found.challenge.date) == (date(2026, 11, 20), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("method", "title", "words"),
    [("consultation", "成交通知书", "成交供应商"), ("open", "中标通知书", "中标人")],
)
def test_a_letter_knows_its_kind_and_the_day_until_which_the_contract_is_signed(method, title, words) -> None:
    tender = awarded_tender(plan=make_plan(method=method), prices=[(270_000, 288_000, 299_000)])
    each = Award.objects.get(lot__tender=tender)
    with override("zh-hans"):
        letter = letter_of(each.bid)
        signed_by = full_day_words(contract_deadline(each).date)
    assert letter.title == title
    assert words in letter.opening
    assert ("合同签订截止日期", signed_by) in letter.rows
    assert letter.decided.startswith(f"{timezone.localtime(each.decided_at).year} 年")
