"""Statements and the trial balance as people see them."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import Role
from marketplace.core.pdf import render_pdf
from marketplace.core.units import minutes
from marketplace.ledger import codes, documents, services
from tests.factories.accounts import make_member, make_organisation, make_user
from tests.factories.ledger import transfer
from tests.factories.procurement import make_budget_line, make_bureau

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    user = make_user()
    services.open_person_accounts(user_id=user.pk, name=str(user))
    for n in range(3):
        when = timezone.make_aware(datetime(2026, n + 1, 5, 9))
        transfer(
            codes.system_minutes(),
            codes.person_minutes(user.pk),
            minutes(90),
            f"{user.pk}.{n}",
            occurred_at=when,
            purpose="minutes",
            memo=f"第{n + 1}次到村",
        )
    return user


def _text(response):
    return b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()


def test_my_statement_shows_mine_with_the_running_balance(client_for, person):
    page = _text(client_for(person).get(reverse("ledger:statement")))
    assert page.index("第3次到村") < page.index("第1次到村")
    assert "4 小时 30 分" in page
    assert "+1 小时 30 分" in page
    # On paper the empty dates of the form say nothing.
    assert '<form class="filters no-print"' in page
    stranger = make_user()
    other = _text(client_for(stranger).get(reverse("ledger:statement")))
    assert "到村" not in other
    assert "还没有您的记录" in other


def test_a_period_and_the_files_of_it(client_for, person, monkeypatch):
    client = client_for(person, language="en")
    query = {"since": "2026-02-01", "until": "2026-02-28"}
    page = _text(client.get(reverse("ledger:statement"), query))
    assert "第2次到村" in page
    assert "第1次到村" not in page
    assert "3 h" in page  # after February
    csv = _text(client.get(reverse("ledger:statement"), {**query, "format": "csv"}))
    rows = csv.splitlines()
    assert len(rows) == 2
    assert "第2次到村" in rows[1]
    assert ",90,180,minutes," in rows[1]
    papers = []

    def typeset(template, data):
        papers.append(data)
        return render_pdf(template, data)

    monkeypatch.setattr(documents, "render_pdf", typeset)
    pdf = client.get(reverse("ledger:statement"), {**query, "format": "pdf"})
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    [[day, what, _amount, _balance]] = papers[0]["rows"]
    assert day.startswith("2026-02-")
    assert "第2次到村" in what
    assert what.startswith("Volunteer time · ")
    assert papers[0]["name"] == person.display_name_en
    assert papers[0]["facts"][0] == ("Period", "2026-02-01 – 2026-02-28")
    wrong = _text(client.get(reverse("ledger:statement"), {"since": "2026-03-01", "until": "2026-02-01"}))
    assert "The last day lies before the first." in wrong


def test_each_account_has_its_own_tab(client_for, person):
    page = _text(client_for(person).get(reverse("ledger:statement"), {"account": codes.person_subsidy(person.pk)}))
    assert "该账户还没有记录" in page
    long_ago = {"account": codes.person_minutes(person.pk), "until": "2025-12-31"}
    assert "这段时间没有变动" in _text(client_for(person).get(reverse("ledger:statement"), long_ago))
    foreign = _text(client_for(person).get(reverse("ledger:statement"), {"account": codes.system_minutes()}))
    assert "第1次到村" in foreign  # an account of somebody else is not one of mine: the first of mine is shown


def test_the_own_account_of_time_says_that_it_is_volunteer_time_only(client_for, person):
    client = client_for(person, language="en")
    page = _text(client.get(reverse("ledger:statement"), {"account": codes.person_minutes(person.pk)}))
    elsewhere = reverse("timesheets:mine")
    assert f'Subsidised service and service under contract are shown under <a href="{elsewhere}">' in page
    # Time is earned and never spent: what stands there is a total.
    assert '<th class="n">Total</th>' in page
    subsidy = _text(client.get(reverse("ledger:statement"), {"account": codes.person_subsidy(person.pk)}))
    assert "Volunteer time only" not in subsidy
    read_by_another = _text(
        client_for(make_user(is_superuser=True), language="en").get(
            reverse("ledger:holder", args=[codes.holder_user(person.pk)]), {"account": codes.person_minutes(person.pk)}
        )
    )
    assert "Volunteer time only" not in read_by_another


def test_an_empty_account_of_what_is_spent_waits_for_a_payment_only(client_for):
    bureau = make_bureau(holders=0)
    line = make_budget_line(bureau, appropriated=50_000)
    client = client_for(bureau.finance, language="en")
    address = reverse("ledger:holder", args=[codes.holder_budget(line.pk)])
    spent = _text(client.get(address, {"account": codes.budget_spent(line.pk)}))
    assert "once their payment is recorded" in spent
    assert "a tender is published" not in spent
    assert "a tender is published" in _text(client.get(address, {"account": codes.budget_reserved(line.pk)}))


def test_who_reads_the_books_of_others(client_for, person):
    address = reverse("ledger:holder", args=[codes.holder_user(person.pk)])
    supervisor = make_member(Role.SUPERVISOR)
    for reader in (make_user(), supervisor):
        assert client_for(reader).get(address).status_code == 404
    assert client_for(person).get(address).status_code == 200
    assert client_for(make_user(is_superuser=True)).get(address).status_code == 200
    assert client_for().get(address).status_code == 302


def test_a_budget_line_is_read_by_its_bureau(client_for):
    bureau = make_bureau(holders=0)
    line = make_budget_line(bureau, appropriated=50_000)
    address = reverse("ledger:holder", args=[codes.holder_budget(line.pk)])
    page = _text(client_for(bureau.finance).get(address))
    assert "¥50,000" in page
    assert "预算下达" in page
    for stranger in (make_member(Role.FINANCE), make_member(Role.OFFICER), make_user()):
        assert client_for(stranger).get(address).status_code == 404
    assert client_for(bureau.finance).get(reverse("ledger:holder", args=["budget:x"])).status_code == 404
    assert client_for(bureau.finance).get(reverse("ledger:holder", args=["system"])).status_code == 404


def test_what_a_firm_received_is_read_by_those_who_run_it(client_for):
    firm = make_organisation()
    services.open_supplier_account(organisation_id=firm.pk, name=firm.name)
    transfer(codes.system_treasury(), codes.supplier_received(firm.pk), 6_750, "pay", purpose="payment")
    address = reverse("ledger:holder", args=[codes.holder_organisation(firm.pk)])
    assert "¥6,750" in _text(client_for(make_member(Role.BIDDER, firm)).get(address))
    assert client_for(make_member(Role.LAWYER, firm)).get(address).status_code == 404
    assert client_for(make_member(Role.BIDDER)).get(address).status_code == 404


def test_the_trial_balance_is_for_supervisors_and_finance(client_for, person):
    address = reverse("ledger:trial_balance")
    for reader in (make_member(Role.SUPERVISOR), make_member(Role.FINANCE)):
        page = _text(client_for(reader).get(address))
        assert '<small class="muted">个人</small>' in page
        assert "不平衡" not in page
    csv = _text(client_for(make_member(Role.FINANCE)).get(address, {"format": "csv"}))
    assert "person:*:minutes,1,0,270,270" in csv
    for stranger in (person, make_member(Role.OFFICER), make_member(Role.LAWYER)):
        assert client_for(stranger).get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_statement_page_asks_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries):
    user = make_user()
    services.open_person_accounts(user_id=user.pk, name=str(user))
    for n in range(count):
        transfer(codes.system_minutes(), codes.person_minutes(user.pk), minutes(9), f"q{n}", purpose="minutes")
    client = client_for(user)
    with django_assert_max_num_queries(6):
        client.get(reverse("ledger:statement"))


def test_a_budget_lines_statement_names_the_line_and_speaks_of_its_money(client_for):
    bureau = make_bureau()
    line = make_budget_line(bureau, name_en="Public legal services")
    address = reverse("ledger:holder", args=[codes.holder_budget(line.pk)])
    reserved = {"account": codes.budget_reserved(line.pk)}
    page = _text(client_for(bureau.officer, language="en").get(address, reserved))
    assert f"<h1>{line.fiscal_year} · Public legal services</h1>" in page
    assert 'href="/procurement/budget/"' in page
    assert "Money of this line moves when" in page
    assert "olunteer time" not in page
    # The table of the lines leads here.
    assert f'href="{address}"' in _text(client_for(bureau.officer).get(reverse("procurement:budget_lines")))


def test_each_statement_says_where_it_stands(client_for, person):
    page = _text(client_for(person).get(reverse("ledger:statement")))
    assert '<nav class="crumbs"' in page
    assert 'href="/workspace/"' in page


def test_a_memo_is_said_in_the_language_of_who_reads(client_for, person):
    said = {"memo": "示例激励办法", "memo_en": "Sample incentive policy"}
    transfer(codes.system_minutes(), codes.person_minutes(person.pk), minutes(5), "twin", purpose="minutes", **said)
    address = reverse("ledger:statement")
    for query in ({}, {"format": "csv"}):
        english = _text(client_for(person, language="en").get(address, query))
        assert "Sample incentive policy" in english
        assert "示例激励办法" not in english
        assert "第1次到村" in english, "the Chinese words where there are no others"
        assert "示例激励办法" in _text(client_for(person).get(address, query))
