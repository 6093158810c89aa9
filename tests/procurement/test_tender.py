"""Drawing up, approving, publishing, questions, the deadline."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core.canonical import digest
from marketplace.core.errors import InvalidInput, PermissionRefused, StaleState
from marketplace.core.units import yuan
from marketplace.procurement import budget, services_plan, services_tender
from marketplace.procurement.budget import BudgetOverrun
from marketplace.procurement.defaults import CriterionData, default_criteria, default_qualification
from marketplace.procurement.errors import (
    AlreadyAnswered,
    BiddingClosed,
    DeadlineNotLawful,
    DocumentsNotReady,
    DrafterDecides,
    LotsExceedPlan,
    NotAcknowledged,
    PlanNotApproved,
    QuestionsClosed,
    TooFewKeyHolders,
)
from marketplace.procurement.models import Criterion, Lot, Method, Notice, Question, Tender
from tests.factories.accounts import make_membership
from tests.factories.catalog import make_product
from tests.factories.procurement import (
    bureau_of,
    make_budget_line,
    make_bureau,
    make_plan,
    make_supplier,
    make_tender,
    publish,
    villages,
)

pytestmark = pytest.mark.django_db


def china(*parts):
    return timezone.make_aware(datetime(*parts))


# Numbers


def test_numbers_run_on_by_bureau_method_and_year(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=9_000_000)
    first, second = (make_tender(plan=make_plan(bureau, budget_line=line), state="draft") for _ in range(2))
    assert [first.reference, second.reference] == ["雷司采磋〔2026〕01号", "雷司采磋〔2026〕02号"]
    plan = make_plan(bureau, budget_line=line, amount=3_000_000, method=Method.OPEN)
    assert make_tender(plan=plan, state="draft", lots=0).reference == "雷司采公〔2026〕01号"
    # Another bureau of the same first character gets a longer mark.
    assert make_tender(make_bureau(), state="draft").reference == "雷山司采磋〔2026〕01号"


# Drawing up


def test_a_tender_needs_an_approved_plan(now):
    plan = make_plan(approved=False)
    with pytest.raises(PlanNotApproved):
        services_tender.draft_tender(actor=plan.drafted_by, plan=plan, now=now)
    assert not Tender.objects.exists()


def test_lots_stay_within_the_plan(now):
    tender = make_tender(state="draft", lots=2, ceiling=300_000)
    with pytest.raises(LotsExceedPlan) as refused:
        services_tender.add_lot(
            actor=tender.drafted_by,
            tender=tender,
            title="多",
            ceiling=yuan("0.01"),
            regions=villages(1, start=50),
            now=now,
        )
    assert "¥0.01" in str(refused.value)
    assert tender.lots.count() == 2


def test_a_village_stands_in_one_lot(now):
    bureau = make_bureau()
    tender = make_tender(state="draft", lots=1, plan=make_plan(bureau, amount=900_000))
    with pytest.raises(InvalidInput) as refused:
        services_tender.add_lot(
            actor=bureau.officer, tender=tender, title="二", ceiling=yuan(1), regions=villages(1, start=2), now=now
        )
    assert refused.value.code == "village_in_two_lots"
    other = services_tender.add_lot(
        actor=bureau.officer, tender=tender, title="二", ceiling=yuan(1), regions=villages(1, start=9), now=now
    )
    with pytest.raises(IntegrityError, match="a village stands in one lot"), transaction.atomic():
        Lot.regions.through.objects.create(lot=other, region=villages(1, start=2)[0])


def test_villages_of_another_county_are_refused(now):
    tender = make_tender(state="draft", lots=0)
    with pytest.raises(InvalidInput) as refused:
        services_tender.add_lot(
            actor=tender.drafted_by,
            tender=tender,
            title="一",
            ceiling=yuan(1),
            regions=villages(1, township=522631100000),
            now=now,
        )
    assert refused.value.field == "regions"
    assert not Lot.objects.exists()


def factors(*changed):
    """The usual factors with the second one replaced."""
    usual = default_criteria(Method.CONSULTATION, by_village=True)
    return [usual[0], *changed, *usual[2:]]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("注册资本 500 万元以上得 5 分", "注册资本"),
        ("上年度营业收入每 100 万元得 1 分", "营业收入"),
        ("执业律师人数满 20 人得 10 分", "执业律师人数"),
        ("本地律师事务所得 5 分", "本地律师事务所"),
        ("国有性质得 3 分", "国有"),
        ("列入省级名录库得 5 分", "名录库"),
        ("持有执业许可证得 5 分", "执业许可证"),
    ],
)
def test_unfair_factors_are_found(now, words, what):
    tender = make_tender(state="draft", lots=1)
    lot = tender.lots.get()
    bad = CriterionData("judged", "综合实力", Decimal(35), words)
    services_tender.set_criteria(actor=tender.drafted_by, lot=lot, criteria=factors(bad), now=now)
    with pytest.raises(DocumentsNotReady) as refused:
        services_tender.submit_tender(actor=tender.drafted_by, tender=tender, now=now)
    assert any(what in finding for finding in refused.value.findings)
    assert Tender.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("code", "fits"), [("PLS-01", True), ("PLS-02", False), ("PLS-03", False), ("PLS-06", False), ("PLS-09", False)]
)
def test_the_usual_factors_ask_about_visits_only_where_villages_are_served(now, code, fits):
    """Nobody can judge the visits and lectures of a counsel team; what any service can be judged by passes the linter."""
    tender = make_tender(state="draft", lots=0, plan=make_plan(product=make_product(code)))
    regions = villages(1) if fits else []
    lot = services_tender.add_lot(
        actor=tender.drafted_by, tender=tender, title="一", ceiling=yuan(1), regions=regions, now=now
    )
    guidance = "".join(lot.criteria.values_list("guidance", flat=True))
    assert ("到村" in guidance, "顾问请假" in guidance) == (fits, fits)
    assert sum(lot.criteria.values_list("points", flat=True)) == 100
    assert services_tender.submit_tender(actor=tender.drafted_by, tender=tender, now=now).state == "submitted"


@pytest.mark.parametrize(("code", "numbered"), [("PLS-03", True), ("PLS-06", True), ("PLS-09", False)])
def test_the_conditions_are_those_of_the_law_and_the_credential_of_the_service(now, code, numbered):
    chinese, english = default_qualification(make_product(code))
    for words in ("民事责任", "财务会计制度", "专业技术能力", "社会保障资金", "重大违法记录", "其他条件"):
        assert words in chinese
    assert ("一、" in chinese, "二、" in chinese, "1. " in english, "2. " in english) == (numbered,) * 4


@pytest.mark.parametrize(("method", "document"), [("open", "招标文件"), ("consultation", "磋商文件")])
def test_the_price_is_judged_by_the_document_of_the_method(now, method, document):
    lot = make_tender(state="draft", lots=1, plan=make_plan(make_bureau(), method=method)).lots.get()
    assert lot.criteria.get(kind="price").guidance.startswith(f"满足{document}要求")


@pytest.mark.parametrize(
    ("method", "price", "lawful"),
    [("consultation", 9, False), ("consultation", 10, True), ("consultation", 30, True), ("consultation", 31, False),
     ("open", 9, False), ("open", 10, True), ("open", 60, True)],
)  # fmt: skip
def test_the_weight_of_the_price(now, method, price, lawful):
    bureau = make_bureau()
    tender = make_tender(state="draft", lots=1, plan=make_plan(bureau, method=method))
    usual = default_criteria(method, by_village=True)
    rest = CriterionData("judged", "服务方案", Decimal(100 - price), "逐条对应标准。")
    services_tender.set_criteria(
        actor=bureau.officer,
        lot=tender.lots.get(),
        criteria=[CriterionData("price", "价格", Decimal(price), usual[0].guidance), rest],
        now=now,
    )
    if lawful:
        assert services_tender.submit_tender(actor=bureau.officer, tender=tender, now=now).state == "submitted"
    else:
        with pytest.raises(DocumentsNotReady):
            services_tender.submit_tender(actor=bureau.officer, tender=tender, now=now)


def test_points_add_up_to_a_hundred(now):
    tender = make_tender(state="draft", lots=1)
    lot = tender.lots.get()
    services_tender.set_criteria(
        actor=tender.drafted_by, lot=lot, criteria=default_criteria("consultation", by_village=True)[:-1], now=now
    )
    with pytest.raises(DocumentsNotReady) as refused:
        services_tender.submit_tender(actor=tender.drafted_by, tender=tender, now=now)
    assert any("90" in finding for finding in refused.value.findings)


def test_hiring_out_people_is_not_bought(now):
    tender = make_tender(state="draft")
    services_tender.update_tender(
        actor=tender.drafted_by,
        tender=tender,
        texts=services_tender.TenderTexts("标题", "以劳务派遣方式提供坐班人员。", "依法成立。"),
        now=now,
    )
    with pytest.raises(DocumentsNotReady, match="劳务派遣"):
        services_tender.submit_tender(actor=tender.drafted_by, tender=tender, now=now)


# Approval


def test_the_drafter_does_not_approve_the_documents(now):
    tender = make_tender(state="submitted")
    bureau = bureau_of(tender)
    make_membership(bureau.officer, bureau.organisation, Role.APPROVER)
    with pytest.raises(DrafterDecides):
        services_tender.approve_tender(actor=bureau.officer, tender=tender, now=now)
    with pytest.raises(PermissionRefused):
        services_tender.approve_tender(actor=make_bureau().approver, tender=tender, now=now)
    assert Tender.objects.get().state == "submitted"
    with pytest.raises(IntegrityError, match="tender_drafter_does_not_approve"), transaction.atomic():
        Tender.objects.filter(pk=tender.pk).update(state="approved", approved_by=tender.drafted_by)


def test_what_was_approved_cannot_change(now):
    tender = make_tender(state="approved")
    lot = tender.lots.first()
    with pytest.raises(PermissionRefused):
        services_tender.set_criteria(
            actor=tender.drafted_by, lot=lot, criteria=default_criteria("consultation", by_village=True), now=now
        )
    for change in (
        lambda: Lot.objects.filter(pk=lot.pk).update(ceiling=1),
        lambda: Criterion.objects.filter(lot=lot).update(points=1),
        lambda: lot.regions.clear(),
        lambda: Lot.objects.create(tender=tender, number=9, product_version=lot.product_version, ceiling=1, title="x"),
    ):
        with pytest.raises(IntegrityError, match="change in a draft only"), transaction.atomic():
            change()


# Publication


def test_publication_reserves_the_budget_and_makes_the_key(now):
    tender = make_tender(now=now, lots=2, ceiling=300_000)
    state = budget.state_of(tender.plan.budget_line)
    assert (state.available, state.reserved) == (yuan(1_400_000), yuan(600_000))
    assert len(tender.public_key) == 32
    assert tender.key_shares.count() == 3
    notice = Notice.objects.get(tender=tender)
    assert notice.digest == digest(notice.content)
    assert notice.content["lots"][0]["ceiling"] == {"amount": "300000.00", "currency": "CNY"}
    rules = {item["rule_key"]: item for item in tender.timetable}
    assert rules["consultation_submission"]["article"] == "第十条"
    assert rules["consultation_submission"]["at"].startswith("2026-09-17")


def test_the_clock_starts_on_the_official_medium(now):
    """214号 art. 10: ten days, the day of the official notice not counted."""
    tender = make_tender(state="approved", now=now)
    early = china(2026, 9, 16, 17, 0)
    with pytest.raises(DeadlineNotLawful):
        publish(tender, now=now, bid_deadline=early)
    tender.refresh_from_db()
    assert tender.state == "approved"
    assert not Notice.objects.exists()
    assert budget.state_of(tender.plan.budget_line).reserved == yuan(0)
    # Published there a day before, the same deadline is lawful.
    published = publish(tender, now=now, bid_deadline=early, official_published_at=china(2026, 9, 6, 9, 0))
    assert published.state == "published"


def test_the_official_notice_comes_first(now):
    tender = make_tender(state="approved", now=now)
    for when in (now + timedelta(minutes=1), now - timedelta(days=3)):
        with pytest.raises(InvalidInput) as refused:
            publish(tender, now=now, official_published_at=when)
        assert refused.value.field == "official_published_at"
    assert Tender.objects.get().state == "approved"


def test_provisional_dates_need_an_acknowledgement(at):
    moment = at(datetime(2026, 12, 28, 10, 0))
    tender = make_tender(state="approved", now=moment)
    values = {
        "actor": tender.drafted_by, "tender": tender, "official_published_at": moment - timedelta(hours=1),
        "official_url": "https://ccgp.example/1", "bid_deadline": china(2027, 1, 20, 17, 0), "now": moment,
    }  # fmt: skip
    with pytest.raises(NotAcknowledged):
        services_tender.publish_tender(**values)
    done = services_tender.publish_tender(**values, provisional_acknowledged=True)
    assert any(item["provisional"] for item in done.timetable)


def test_key_holders_must_have_set_a_passphrase(now):
    bureau = make_bureau(holders=3, ready=False)
    tender = make_tender(bureau, state="approved", now=now)
    with pytest.raises(TooFewKeyHolders) as refused:
        publish(tender, now=now)
    assert str(bureau.holders[0]) in str(refused.value)
    assert Tender.objects.get().state == "approved"


def test_money_that_went_meanwhile_is_missed_at_publication(now):
    bureau = make_bureau()
    line = make_budget_line(bureau, appropriated=600_000)
    tender = make_tender(state="approved", plan=make_plan(bureau, budget_line=line, amount=600_000), now=now)
    # A correction of the line takes a part away behind the plan's back.
    from marketplace.ledger import codes
    from marketplace.ledger.services import post

    post(
        debit=codes.budget_available(line.pk), credit=codes.budget_appropriation(line.pk), amount=yuan(50_000),
        purpose="correction", key="cut", occurred_at=now,
    )  # fmt: skip
    with pytest.raises(BudgetOverrun) as refused:
        publish(tender, now=now)
    assert refused.value.missing == yuan(50_000)
    assert Tender.objects.get().state == "approved"
    assert not tender.key_shares.exists()


def test_what_was_published_stays(now):
    tender = make_tender(now=now)
    changes = (
        ("title", "别的标题", "stays as it was published"),
        ("official_published_at", now, "stays as it was published"),
        ("public_key", b"x" * 32, "stays as it was published"),
        ("bid_deadline", tender.bid_deadline - timedelta(seconds=1), "moves later only"),
    )
    for name, value, words in changes:
        with pytest.raises(IntegrityError, match=words), transaction.atomic():
            Tender.objects.filter(pk=tender.pk).update(**{name: value})
    for statement in ("UPDATE procurement_notice SET digest = ''", "DELETE FROM procurement_notice"):
        with pytest.raises(IntegrityError, match="never change or go"), transaction.atomic(), connection.cursor() as c:
            c.execute(statement)


def test_cancelling_publishes_the_reason_and_frees_the_budget(now):
    tender = make_tender(now=now)
    bureau = bureau_of(tender)
    with pytest.raises(PermissionRefused):
        services_tender.cancel_tender(actor=bureau.officer, tender=tender, reason="任务取消", now=now)
    services_tender.cancel_tender(actor=bureau.approver, tender=tender, reason="任务取消", now=now)
    assert budget.state_of(tender.plan.budget_line).reserved == yuan(0)
    notice = Notice.objects.filter(tender=tender, kind="failure").get()
    assert (notice.content["outcome"], notice.content["reason"]) == ("cancelled", "任务取消")


# Questions


def test_questions_are_published_with_the_answer_and_without_the_asker(now, client_for):
    tender = make_tender(now=now)
    bureau = bureau_of(tender)
    supplier, bidder = make_supplier(name="提问示例律师事务所")
    question = services_tender.ask_question(
        actor=bidder, organisation=supplier, tender=tender, text="讲座可以用苗语吗？", now=now
    )
    page = f"/procurement/{tender.pk}/"
    _other, stranger = make_supplier()
    for client in (client_for(), client_for(stranger)):
        assert "讲座可以用苗语吗" not in client.get(page).content.decode()
    for person in (bidder, bureau.officer):
        text = client_for(person).get(page).content.decode()
        assert "讲座可以用苗语吗" in text
    assert "提问示例律师事务所" not in client_for(bureau.officer).get(page).content.decode()
    event = Event.objects.get(action="question.ask")
    assert event.actor is None
    assert "提问" not in str(event.data)
    services_tender.answer_question(actor=bureau.officer, question=question, answer="可以。", now=now)
    assert "可以。" in client_for().get(page).content.decode()
    with pytest.raises(AlreadyAnswered):
        services_tender.answer_question(actor=bureau.officer, question=question, answer="不行。", now=now)
    with pytest.raises(IntegrityError, match="never change or go"), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(answer="不行。")


def test_questions_end(now, at):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    at(tender.question_deadline + timedelta(microseconds=1))
    with pytest.raises(QuestionsClosed):
        services_tender.ask_question(actor=bidder, organisation=supplier, tender=tender, text="晚了吗？", now=now)
    assert not Question.objects.exists()


def test_an_answer_is_due_after_three_working_days(now):
    from marketplace.procurement.selectors import answer_due

    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    asked = china(2026, 9, 10, 9, 0)
    question = services_tender.ask_question(
        actor=bidder, organisation=supplier, tender=tender, text="何时答复？", now=asked
    )
    assert answer_due(question).date.isoformat() == "2026-09-15"


# The deadline


def test_the_deadline_moves_later_with_a_published_reason(now):
    tender = make_tender(now=now)
    bureau = bureau_of(tender)
    later = tender.bid_deadline + timedelta(days=7)
    with pytest.raises(PermissionRefused):
        services_tender.amend_deadline(
            actor=bureau.officer, tender=tender, bid_deadline=later, reason="补充说明", now=now
        )
    before = tender.bid_deadline
    services_tender.amend_deadline(actor=bureau.approver, tender=tender, bid_deadline=later, reason="补充说明", now=now)
    tender.refresh_from_db()
    assert tender.bid_deadline == later
    notice = Notice.objects.get(tender=tender, kind="amendment")
    assert notice.content["reason"] == "补充说明"
    assert notice.content["before"]["bid_deadline"] == timezone.localtime(before).isoformat(timespec="seconds")


def test_a_deadline_never_moves_earlier_nor_after_it_has_passed(now, at):
    tender = make_tender(now=now)
    approver = bureau_of(tender).approver
    with pytest.raises(InvalidInput):
        services_tender.amend_deadline(
            actor=approver, tender=tender, bid_deadline=tender.bid_deadline - timedelta(days=1), reason="早", now=now
        )
    at(tender.bid_deadline + timedelta(microseconds=1))
    with pytest.raises(BiddingClosed):
        services_tender.amend_deadline(
            actor=approver, tender=tender, bid_deadline=tender.bid_deadline + timedelta(days=30), reason="晚", now=now
        )
    assert Notice.objects.filter(kind="amendment").count() == 0


def test_an_amendment_leaves_the_time_the_law_asks_for(now, at):
    """214号 art. 10: at least five days between the amendment and the deadline."""
    tender = make_tender(now=now)
    approver = bureau_of(tender).approver
    at(tender.bid_deadline - timedelta(hours=1))
    with pytest.raises(DeadlineNotLawful):
        services_tender.amend_deadline(
            actor=approver, tender=tender, bid_deadline=tender.bid_deadline + timedelta(days=4), reason="短", now=now
        )
    services_tender.amend_deadline(
        actor=approver, tender=tender, bid_deadline=tender.bid_deadline + timedelta(days=5), reason="够", now=now
    )
    assert Notice.objects.filter(kind="amendment").count() == 1


def test_a_plan_is_not_given_up_under_a_running_tender(now):
    tender = make_tender(now=now)
    with pytest.raises(StaleState, match=r"Cancel that first|先"):
        services_plan.cancel_plan(actor=bureau_of(tender).approver, plan=tender.plan, reason="x", now=now)
