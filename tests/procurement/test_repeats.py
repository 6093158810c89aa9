"""A form that is sent twice makes one thing; taken back and written otherwise, it makes another."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection
from django.urls import reverse

from marketplace.audit.models import Event
from marketplace.core.units import yuan
from marketplace.procurement import services_plan
from marketplace.procurement.errors import RequestKeyTaken
from marketplace.procurement.models import BudgetLine, Plan
from tests.factories.catalog import make_product
from tests.factories.procurement import (
    make_budget_line,
    make_bureau,
    make_plan,
    make_supplier,
    make_tender,
)

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"procurement:{name}", args=args)


def key_on(client, address):
    """The key that the page of the form carries."""
    page = client.get(address).content.decode()
    return page.split('name="request_key" value="')[1].split('"')[0]


def plan_form(bureau, **other):
    line = make_budget_line(bureau)
    return {
        "title": "法治讲座", "product": make_product("PLS-01").pk, "budget_line": line.pk, "amount_0": "90000", "amount_1": "CNY",
        "method": "consultation", "method_reason": "财库〔2014〕214号第三条", "need": "各村需要讲座。",
        "service_from": "2027-01-01", "service_to": "2027-12-31", **other,
    }  # fmt: skip


def test_a_plan_that_is_sent_twice_is_one_plan(now, client_for):
    bureau = make_bureau()
    client = client_for(bureau.officer)
    typed = plan_form(bureau, request_key=key_on(client, url("plan_new")))
    first, second = (client.post(url("plan_new"), typed) for _ in range(2))
    plan = Plan.objects.get()
    assert first["Location"] == second["Location"] == url("plan", plan.pk)
    assert Event.objects.filter(action="plan.draft").count() == 1


def test_a_page_that_is_taken_back_and_written_otherwise_makes_another_plan(now, client_for):
    bureau = make_bureau()
    client = client_for(bureau.officer)
    typed = plan_form(bureau, request_key=key_on(client, url("plan_new")))
    client.post(url("plan_new"), typed)
    client.post(url("plan_new"), typed | {"title": "驻点值班"})
    assert set(Plan.objects.values_list("title", flat=True)) == {"法治讲座", "驻点值班"}
    # The same words on a page that was opened anew are meant.
    client.post(url("plan_new"), typed | {"request_key": key_on(client, url("plan_new"))})
    assert Plan.objects.count() == 3


def test_a_refused_form_keeps_its_key(now, client_for):
    bureau = make_bureau()
    client = client_for(bureau.officer)
    key = key_on(client, url("plan_new"))
    refused = client.post(url("plan_new"), plan_form(bureau, request_key=key, title=""))
    assert f'name="request_key" value="{key}"' in refused.content.decode()
    assert client.post(url("plan_new"), plan_form(bureau, request_key="1")).status_code == 404
    assert not Plan.objects.exists()


def test_the_key_of_another_is_no_way_to_his_plan(now):
    plan = make_plan(now=now)
    key = uuid.uuid4()
    Plan.objects.filter(pk=plan.pk).update(request_key=key)
    bureau = make_bureau()
    with pytest.raises(RequestKeyTaken):
        draft(bureau, make_budget_line(bureau), plan.product, key, now)
    assert Plan.objects.count() == 1


def draft(bureau, line, product, key, now):
    return services_plan.draft_plan(
        actor=bureau.officer, organisation=bureau.organisation, budget_line=line, product=product, title="讲座",
        amount=yuan(90_000), method="consultation", method_reason="第三条", need="需要。", service_from=date(2027, 1, 1),
        service_to=date(2027, 12, 31), request_key=key, now=now,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.database
def test_the_same_request_at_once_makes_one_plan(now):
    bureau = make_bureau()
    line, product, key = make_budget_line(bureau), make_product("PLS-01"), uuid.uuid4()

    def send(_number):
        try:
            return draft(bureau, line, product, key, now).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(send, range(4)))
    assert made == {Plan.objects.get().pk}


def test_appropriated_money_that_is_sent_twice_is_there_once(now, client_for):
    bureau = make_bureau()
    client = client_for(bureau.finance)
    typed = {
        "organisation": bureau.organisation.pk, "fiscal_year": "2026", "code": "2040605", "name": "普法宣传",
        "appropriated_0": "500000", "appropriated_1": "CNY", "request_key": key_on(client, url("budget_new")),
    }  # fmt: skip
    for _ in range(2):
        assert client.post(url("budget_new"), typed)["Location"] == url("budget_lines")
    assert BudgetLine.objects.get().appropriated == yuan(500_000)


def test_a_lot_that_is_sent_twice_is_one_lot(now, client_for):
    tender = make_tender(state="draft", lots=0, plan=make_plan(product=make_product("PLS-03"), now=now), now=now)
    client = client_for(tender.drafted_by)
    typed = {
        "title": "全县", "quantity": "40", "seats": "1", "ceiling_0": "90000", "ceiling_1": "CNY",
        "request_key": key_on(client, url("lot_new", tender.pk)),
    }  # fmt: skip
    for _ in range(2):
        assert client.post(url("lot_new", tender.pk), typed).status_code == 302
    assert tender.lots.count() == 1
    # A change of the lot is a change each time: it carries no key.
    assert "request_key" not in client.get(url("lot", tender.pk, 1)).content.decode()


def test_a_question_that_is_sent_twice_is_asked_once(now, client_for):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    client = client_for(bidder)
    typed = {
        "supplier": supplier.pk,
        "text": "讲座可以合并吗？",
        "request_key": key_on(client, url("tender", tender.pk)),
    }
    for _ in range(2):
        assert client.post(url("ask", tender.pk), typed)["Location"] == url("tender", tender.pk)
    assert tender.questions.count() == 1
