"""The sheet of an instalment: handing over, accepting, sending back, paying."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from marketplace.accounts.models import Role
from marketplace.contracts import services
from marketplace.contracts.models import Instalment
from marketplace.core import clock
from marketplace.core.words import day_words, exact_words
from marketplace.ledger.models import Transfer
from marketplace.statutes.deadlines import Deadline
from tests.contracts.pages import items, text, url
from tests.factories.accounts import make_member, make_membership, make_user
from tests.factories.contracts import (
    make_contract,
    parties_of,
    serve_fully,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_factor(settings):
    settings.MFA_REQUIRED = False


def test_delivery_acceptance_and_payment_through_the_pages(client_for, deal):
    contract, people, instalment = deal
    serve_fully(contract, instalment)
    sheet = url("instalment", instalment.pk)
    [item] = items(people.bidder)
    assert item.url == sheet
    supplier = client_for(people.bidder)
    assert "2 处" in text(supplier.get(sheet))
    supplier.post(sheet, {"act": "deliver", "note": "六月两村道路中断"})

    [item] = items(people.officer)
    assert item.url == sheet
    officer = client_for(people.officer)
    page = text(officer.get(sheet))
    assert "六月两村道路中断" in page
    assert 'href="#accept"' in page
    assert "2250.00" in page  # the vacant post is deducted whole
    too_much = text(
        officer.post(sheet, {"act": "accept", "deduct_0": "2250.01", "deduct_1": "CNY", "note": "电话回访"})
    )
    assert "扣减额应在" in too_much
    unheard = text(officer.post(sheet, {"act": "accept", "deduct_0": "2250.00", "deduct_1": "CNY", "note": ""}))
    assert "本期还没有评价" in unheard
    accept = {"act": "accept", "deduct_0": "2250.00", "deduct_1": "CNY", "note": "电话回访"}
    officer.post(sheet, accept)
    # Pressed twice: back to the page with a word, not a page that is missing.
    again = officer.post(sheet, accept, headers={"Referer": f"http://testserver{sheet}"}, follow=True)
    assert (again.status_code, "已有变动" in text(again)) == (200, True)
    assert supplier.post(sheet, accept).status_code == 404

    # The contract's page says until when it has to be paid; a vacant post is no longer what everything waits for.
    table = text(officer.get(url("detail", contract.pk)))
    assert exact_words(Deadline.from_json(Instalment.objects.get(pk=instalment.pk).pay_by).at) in table
    pay = url("pay", instalment.pk)
    [item] = items(people.finance)
    assert item.url == pay
    assert item.due_at is not None
    finance = client_for(people.finance)
    assert "¥4,500" in text(finance.get(pay))
    finance.post(pay, {"voucher": "演示-0706"})
    instalment.refresh_from_db()
    assert "已支付 ¥4,500" in text(finance.get(url("list")))
    assert Transfer.objects.get(purpose="payment").memo.endswith("#1 · 演示-0706")
    assert (instalment.state, instalment.payable.amount) == ("paid", Decimal("4500.00"))
    assert finance.post(pay).url == sheet
    public = text(client_for().get(sheet))
    assert "¥4,500" in public
    assert "电话回访" not in public
    assert people.officer.display_name not in public


def test_sending_back_and_what_the_sheet_hides(client_for, deal):
    _contract, people, instalment = deal
    sheet = url("instalment", instalment.pk)
    client_for(people.bidder).post(sheet, {"act": "deliver", "note": ""})
    for stranger in (None, make_user(), make_member(Role.OFFICER)):
        assert client_for(stranger).get(sheet).status_code == 404
    for person in (people.finance, people.advisers[0]):
        assert client_for(person).get(sheet).status_code == 200
        assert client_for(person).post(sheet, {"act": "accept"}).status_code == 404
    officer = client_for(people.officer)
    officer.post(sheet, {"act": "refuse", "refuse-note": ""})
    instalment.refresh_from_db()
    assert instalment.state == "delivered"
    officer.post(sheet, {"act": "refuse", "refuse-note": "台账不全"})
    instalment.refresh_from_db()
    assert instalment.state == "refused"
    assert "台账不全" in text(client_for(people.bidder).get(sheet))
    [item] = items(people.bidder)
    assert str(item.title) == "重新提交被退回的服务期"


def test_a_late_payment_says_what_it_costs(client_for, deal, at):
    _contract, people, instalment = deal
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    services.accept_instalment(
        actor=people.officer, instalment=instalment, note="电话回访", deduct=Decimal(0), now=clock.now()
    )
    at(datetime(2026, 5, 16, 9))  # due on 6 May
    page = text(client_for(people.finance).get(url("pay", instalment.pk)))
    assert "付款已逾期 10 天" in page
    assert "¥33.75" in page  # 6,750 × 0.05 % × 10
    assert "本次付款不含利息" in page


def test_who_accepted_is_told_that_another_pays(client_for, deal):
    _contract, people, instalment = deal
    make_membership(people.officer, people.buyer, Role.FINANCE)
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    services.accept_instalment(actor=people.officer, instalment=instalment, note="电话回访", now=clock.now())
    client = client_for(people.officer)
    assert "须由其他财务人员付款" in text(client.get(url("pay", instalment.pk)))
    client.post(url("pay", instalment.pk))
    assert Instalment.objects.get(pk=instalment.pk).state == "accepted"
    assert not [i for i in items(people.officer) if "pay" in i.url]


@pytest.mark.parametrize("count", [1, 3])
def test_a_sheet_asks_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries, at):
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(villages=count, filled=count, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    people = parties_of(contract)
    at(datetime(2026, 4, 2, 9))
    instalment = contract.instalments.get(number=1)
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    services.accept_instalment(actor=people.officer, instalment=instalment, note="回访", now=clock.now())
    client = client_for()
    client.get(url("instalment", instalment.pk))
    with django_assert_max_num_queries(7):
        client.get(url("instalment", instalment.pk))


def test_a_sheet_names_places_in_the_readers_language(client_for, deal):
    contract, people, instalment = deal
    place = contract.posts.first().region
    chinese = text(client_for(people.officer).get(url("instalment", instalment.pk)))
    assert f'<a href="/coverage/{place.pk}/">{place.name}</a>' in chinese
    english = client_for(people.officer, language="en")
    sheet = text(english.get(url("instalment", instalment.pk)))
    assert f'<a href="/coverage/{place.pk}/">{place.name_en}</a>' in sheet
    assert place.name not in sheet
    csv = text(english.get(url("instalment", instalment.pk), {"format": "csv"}))
    assert place.name_en in csv
    assert place.name not in csv


def test_an_adviser_on_the_sheet_leads_to_the_public_card(client_for, deal):
    contract, people, instalment = deal
    adviser = contract.posts.filter(state="filled").first().adviser
    page = text(client_for(people.officer).get(url("instalment", instalment.pk)))
    assert f'href="/account/people/{adviser.pk}/"' in page
    adviser.credentials.all().update(state="revoked")
    page = text(client_for(people.officer).get(url("instalment", instalment.pk)))
    assert adviser.display_name in page
    assert f"/account/people/{adviser.pk}/" not in page


def test_while_the_period_runs_nothing_is_missed_yet(client_for, deal, at):
    """What is behind can still be done; who acts next, and when, is said, and the sum at the head has a name."""
    contract, people, instalment = deal
    supplier = client_for(people.bidder)
    sheet = url("instalment", instalment.pk)
    over = text(supplier.get(sheet))
    assert "未达标" in over
    assert "按公式应付" in over
    assert "按公式将扣减" in over
    at(datetime.combine(instalment.period_to, datetime.min.time()).replace(hour=9))
    running = text(supplier.get(sheet))
    assert "未达标" not in running
    assert "尚待完成" in running
    assert "按目前进度扣减" in running
    assert "按公式应付" not in running
    assert f"供应商自 {day_words(instalment.period_to + timedelta(days=1))}起可提交验收" in running
    contract_page = text(supplier.get(url("detail", contract.pk)))
    assert "服务中" in contract_page
