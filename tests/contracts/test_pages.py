"""The pages of contracts: who sees what, and what each act leaves."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.contracts import documents, services
from marketplace.contracts.models import Contract, Instalment, VillageRating
from marketplace.contracts.selectors import life_of, post_rows
from marketplace.core import clock, workspace
from tests.factories.accounts import make_member, make_membership, make_practitioner, make_user
from tests.factories.contracts import (
    make_award,
    make_contract,
    make_village_voice,
    make_visit,
    parties_of,
    serve_fully,
    sign,
)

pytestmark = pytest.mark.django_db


def _url(name, *args):
    return reverse(f"contracts:{name}", args=args)


def _text(response):
    return b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()


def _items(user):
    """What contracts ask of the person (other rooms may ask for more)."""
    return [item for item in workspace.work_items(user, clock.now()) if item.url.startswith("/contracts/")]


@pytest.fixture(autouse=True)
def _one_factor(settings):
    settings.MFA_REQUIRED = False


@pytest.fixture
def deal(at):
    """A contract of 2026, its first quarter just over; one post of three is vacant."""
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(amount=27_000, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=2)
    at(datetime(2026, 4, 2, 9))
    return contract, parties_of(contract), contract.instalments.get(number=1)


# Seeing


def test_a_signed_contract_is_public_without_personal_data_but_the_advisers_name(client_for, deal):
    contract, people, _instalment = deal
    page = _text(client_for().get(_url("detail", contract.pk)))
    for shown in (contract.title, contract.number, people.supplier.name, people.buyer.name, "¥27,000"):
        assert shown in page
    assert people.advisers[0].display_name in page
    assert "1 个空缺" in page
    for hidden in (people.officer.display_name, people.approver.display_name, people.bidder.display_name):
        assert hidden not in page
    assert people.advisers[0].email not in page or not people.advisers[0].email
    english = _text(client_for(language="en").get(_url("detail", contract.pk)))
    assert "Village legal advisers" in english
    assert "Every date" not in english


def test_a_draft_is_seen_by_its_parties_and_supervisor_only(client_for):
    contract = make_contract(active=False)
    people = parties_of(contract)
    supervisor = make_member(Role.SUPERVISOR, people.buyer)
    for person in (people.officer, people.bidder, supervisor):
        assert client_for(person).get(_url("detail", contract.pk)).status_code == 200
    for stranger in (None, make_user(), make_member(Role.BIDDER), make_member(Role.OFFICER)):
        for name in ("detail", "posts_csv", "paper"):
            assert client_for(stranger).get(_url(name, contract.pk)).status_code == 404
    assert contract.number not in _text(client_for().get(_url("list")))
    assert contract.number in _text(client_for(people.bidder).get(_url("list")))


def test_the_list_shows_ours_first_and_finds(client_for, deal):
    contract, people, _instalment = deal
    other = make_contract()
    ours = _text(client_for(people.officer).get(_url("list")))
    assert contract.number in ours
    assert other.number not in ours
    both = _text(client_for(people.officer).get(_url("list"), {"show": "all"}))
    assert other.number in both
    found = _text(client_for().get(_url("list"), {"q": other.supplier.name}))
    assert other.number in found
    assert contract.number not in found
    assert "没有符合的合同" in _text(client_for().get(_url("list"), {"q": "不存在的合同"}))
    csv = _text(client_for().get(_url("list"), {"format": "csv"}))
    assert f"{contract.number},{contract.title}," in csv
    assert ",27000.00,2026-01-01,2026-12-31,履行中,3,2" in csv


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries):
    for _n in range(count):
        make_contract()
    client = client_for()
    client.get(_url("list"))
    with django_assert_max_num_queries(4):
        client.get(_url("list"))


@pytest.mark.parametrize("count", [1, 3])
def test_a_contract_page_asks_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries):
    contract = make_contract(villages=count, filled=count)
    client = client_for()
    client.get(_url("detail", contract.pk))
    with django_assert_max_num_queries(12):
        client.get(_url("detail", contract.pk))


def test_posts_as_a_table_file(client_for, deal):
    contract, _people, _instalment = deal
    post = contract.posts.filter(state="filled").order_by("pk").first()
    make_visit(post, clock.now().replace(month=4, day=1), 120)
    rows = _text(client_for(language="en").get(_url("posts_csv", contract.pk))).splitlines()
    assert len(rows) == 4
    assert rows[0].endswith(
        "amount (yuan),Service in the village: due,Service in the village: done,Law lecture: due,Law lecture: done,rating,ratings"
    )
    assert any(row.startswith(str(post.region_id)) and ",9000.00,720,120,1,0,,0" in row for row in rows)


def test_the_paper_of_a_draft_and_of_a_signed_contract(client_for):
    contract = make_contract(active=False)
    bidder = parties_of(contract).bidder
    for language in ("zh-hans", "en"):
        paper = client_for(bidder, language=language).get(_url("paper", contract.pk))
        assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    sign(contract)
    assert client_for().get(_url("paper", contract.pk)).status_code == 200


def test_what_was_signed_is_served_as_it_was_signed(client_for, monkeypatch):
    contract = make_contract(active=False)
    bidder = parties_of(contract).bidder
    draft = _text(client_for(bidder).get(_url("detail", contract.pk)))
    assert "SHA-256" not in draft
    sign(contract)
    monkeypatch.setattr(documents, "render_pdf", lambda *_args: b"another template")
    for language in ("zh-hans", "en"):
        kept = contract.papers.get(language=language)
        paper = client_for(language=language).get(_url("paper", contract.pk))
        assert (paper.content[:5], hashlib.sha256(paper.content).hexdigest()) == (b"%PDF-", kept.digest)
        page = _text(client_for(language=language).get(_url("detail", contract.pk)))
        assert f"SHA-256 {kept.digest[:8]}…" in page
        assert kept.digest in page
    with CaptureQueriesContext(connection) as asked:
        client_for().get(_url("detail", contract.pk))
    assert not [q for q in asked.captured_queries if '"contracts_signedpaper"."content"' in q["sql"]]


def test_a_contract_signed_before_papers_were_kept_is_written_anew(client_for):
    contract = make_contract()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contracts_signedpaper DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM contracts_signedpaper")
    assert client_for().get(_url("paper", contract.pk)).content[:5] == b"%PDF-"
    assert "SHA-256" not in _text(client_for().get(_url("detail", contract.pk)))


# Drawing up, signing, ending


def test_from_the_award_to_the_signed_contract_through_the_pages(client_for):
    award = make_award()
    people = parties_of(award)
    [item] = _items(people.officer)
    assert item.url == _url("draft", award.pk)
    assert client_for(people.approver).get(item.url).status_code == 404
    assert client_for(people.officer).get(item.url).status_code == 200
    made = client_for(people.officer).post(item.url)
    contract = Contract.objects.get()
    assert made.url == _url("detail", contract.pk)
    assert client_for(people.officer).get(item.url).url == made.url

    assert client_for(people.approver).get(_url("sign_buyer", contract.pk)).url == made.url  # not yet
    [item] = _items(people.bidder)
    assert item.url == _url("sign_supplier", contract.pk)
    assert item.due_at is not None
    supplier = client_for(people.bidder)
    assert supplier.get(item.url).status_code == 200
    supplier.post(item.url, {})
    contract.refresh_from_db()
    assert contract.supplier_signed_at is None
    supplier.post(item.url, {"read": "on"})
    contract.refresh_from_db()
    assert contract.supplier_signed_by == people.bidder

    assert client_for(people.officer).get(_url("sign_buyer", contract.pk)).status_code == 404
    [item] = _items(people.approver)
    buyer = client_for(people.approver)
    page = _text(buyer.get(item.url))
    assert "¥27,000" in page
    assert "¥3,000" in page  # what the ceiling held beyond it
    buyer.post(item.url, {"read": "on"})
    contract.refresh_from_db()
    assert (contract.state, contract.posts.count()) == ("active", 3)
    assert "供应商" in _text(buyer.get(made.url))


def test_signing_for_the_buyer_wants_a_second_factor(client_for, settings):
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    settings.MFA_REQUIRED = True
    answer = client_for(people.approver).post(_url("sign_buyer", contract.pk), {"read": "on"})
    assert answer.status_code == 302
    contract.refresh_from_db()
    assert contract.state == "draft"


def test_a_refused_signature_comes_back_to_the_form(client_for):
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    make_membership(people.officer, people.buyer, Role.APPROVER)
    page = _text(client_for(people.officer).post(_url("sign_buyer", contract.pk), {"read": "on"}))
    assert "须由本单位其他审批人员签署" in page
    assert not [i for i in _items(people.officer) if "sign" in i.url]


def test_ending_early_through_the_page(client_for, deal):
    contract, people, _instalment = deal
    assert client_for(people.officer).get(_url("terminate", contract.pk)).status_code == 404
    assert client_for(people.bidder).get(_url("terminate", contract.pk)).status_code == 404
    client = client_for(people.approver)
    assert client.get(_url("terminate", contract.pk)).status_code == 200
    client.post(_url("terminate", contract.pk), {"reason": " "})
    contract.refresh_from_db()
    assert contract.state == "active"
    client.post(_url("terminate", contract.pk), {"reason": "供应商转包"})
    contract.refresh_from_db()
    assert contract.state == "terminated"
    assert "供应商转包" in _text(client_for().get(_url("detail", contract.pk)))
    # Nothing is left to be ended, and nobody to be named.
    assert client.get(_url("terminate", contract.pk)).url == _url("detail", contract.pk)
    post = contract.posts.first()
    assert client_for(people.bidder).get(_url("post", post.pk)).url == _url("detail", contract.pk)


def test_completing_says_early_what_is_not_done(client_for, deal, at):
    contract, people, first = deal
    client = client_for(people.officer)
    early = _text(client.get(_url("complete", contract.pk)))
    assert "合同期限至" in early
    assert all(_url("instalment", one.pk) in early for one in contract.instalments.all())
    assert "确认办结合同" not in early
    at(datetime(2027, 1, 8, 9))
    over = _text(client.get(_url("complete", contract.pk)))
    assert "合同期限至" not in over
    assert _url("instalment", first.pk) in over
    assert client_for(people.bidder).get(_url("complete", contract.pk)).status_code == 404
    Instalment.objects.filter(contract=contract).update(
        state="paid", accepted_at=clock.now(), accepted_by=people.officer, delivered_at=clock.now(),
        delivered_by=people.bidder, paid_at=clock.now(), paid_by=people.finance,
    )  # fmt: skip
    ready = _text(client.get(_url("complete", contract.pk)))
    assert "确认办结合同" in ready
    client.post(_url("complete", contract.pk))
    contract.refresh_from_db()
    assert contract.state == "completed"
    assert client.get(_url("complete", contract.pk)).url == _url("detail", contract.pk)


def test_the_life_line_names_what_is_done_and_what_is_not(client_for, deal, in_english):
    contract, _people, _first = deal
    instalments = list(contract.instalments.order_by("number"))
    steps = life_of(contract, instalments, 3, 2, decided_at=clock.now())
    assert [(s.label, s.state) for s in steps] == [
        ("Awarded", "did"), ("Signed by the supplier", "did"), ("Signed by the buyer", "did"), ("Staffing", "now"),
        ("Payment", ""), ("Completion", ""),
    ]  # fmt: skip
    for instalment in instalments:
        instalment.state = "paid"
    contract.state = "completed"
    labels = [s.label for s in life_of(contract, instalments, 3, 3, decided_at=clock.now())]
    assert labels[3:] == ["Staffed", "Paid", "Completed"]


def test_only_the_days_since_a_post_began_put_it_behind(client_for, at):
    at(datetime(2026, 1, 30, 9))
    contract = make_contract(amount=27_000, starts_on=date(2026, 2, 20), ends_on=date(2026, 12, 31), filled=3)
    rows = {}
    for day in (date(2026, 1, 30), date(2026, 2, 20), date(2026, 3, 31)):
        posts = list(contract.posts.select_related("region", "adviser"))
        rows[day] = post_rows(posts, day, list(contract.obligations.all()))
    assert [found[0].elapsed for found in rows.values()] == [0, Fraction(1, 40), 1]
    behind = [any(short for row in found for _item, short in row.counted) for found in rows.values()]
    assert (behind[0], behind[-1]) == (False, True)


def test_instalments_as_a_table_file(client_for, deal):
    contract, _people, first = deal
    lines = _text(client_for(language="en").get(_url("instalments_csv", contract.pk))).splitlines()
    assert len(lines) == 1 + contract.instalments.count()
    assert lines[1].split(",")[:4] == ["1", "2026-01-01", "2026-03-31", f"{first.amount.amount}"]


def test_the_paper_says_when_is_paid_and_how_exactly_a_duty_is_met(monkeypatch, deal, in_english):
    contract, _people, _first = deal
    written = {}

    def keep(_paper, data):
        written.update(data)
        return b""

    monkeypatch.setattr(documents, "render_pdf", keep)
    documents.contract_paper(contract)
    tolerated = [o for o in contract.obligations.all() if o.tolerance]
    assert tolerated
    assert sum("(met within" in line[1] for line in written["obligations"]) == len(tolerated)
    assert "within 30 days of acceptance; a later payment bears interest of 0.05% a day" in written["payment"][1]
    assert "article 9 and article 17" in written["payment"][1]


# Posts


def test_an_adviser_is_named_and_taken_away(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.get(state="vacant")
    licensed, unlicensed = make_practitioner(people.supplier), make_practitioner(people.supplier, licensed=False)
    client = client_for(people.bidder)
    page = _text(client.get(_url("post", post.pk)))
    assert licensed.display_name in page
    assert f"{unlicensed.display_name}（" not in page
    client.post(_url("post", post.pk), {"adviser": licensed.pk})
    post.refresh_from_db()
    assert post.adviser == licensed
    client.post(_url("post", post.pk), {"reason": ""})
    post.refresh_from_db()
    assert post.adviser == licensed
    client.post(_url("post", post.pk), {"reason": "调离"})
    post.refresh_from_db()
    assert post.adviser is None
    for stranger in (people.approver, licensed, make_member(Role.BIDDER), make_user()):
        assert client_for(stranger).get(_url("post", post.pk)).status_code == 404


def test_a_village_rates_in_one_press(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").first()
    voice = make_village_voice(post)
    [item] = _items(voice)
    assert item.url == _url("rate", post.pk)
    client = client_for(voice)
    page = _text(client.get(item.url))
    assert "我们村的法律顾问怎么样？" in page
    assert "2026 年 4 月至 6 月" in page
    sent = client.post(item.url, {"quarter": "2026-Q1", "stars": "4", "comment": "讲得明白"})
    # Back to the village's own page, with a word of thanks.
    assert (sent.status_code, sent["Location"]) == (302, f"/coverage/{post.region_id}/")
    assert "谢谢" in _text(client.get(sent["Location"]))
    assert VillageRating.objects.get().stars == 4
    assert not _items(voice)
    client.post(item.url, {"quarter": "2026-Q2", "stars": "5"})
    assert "您已经评价过" in _text(client.get(item.url))
    assert client.post(item.url, {"quarter": "2025-Q1", "stars": "5"}).status_code == 200
    assert VillageRating.objects.count() == 2
    neighbour = make_village_voice(contract.posts.exclude(pk=post.pk).first())
    for stranger in (neighbour, people.officer, people.bidder):
        assert client_for(stranger).get(item.url).status_code == 404


def test_a_village_is_asked_for_the_quarter_that_is_accepted(client_for, deal, at):
    contract, people, instalment = deal
    post = contract.posts.filter(state="filled").order_by("pk").first()
    voice = make_village_voice(post)
    visit = datetime.combine(date(2026, 2, 3), clock.now().timetz())
    make_visit(post, visit, 240)
    [item] = _items(voice)
    assert "2026 年 1 月至 3 月" in item.detail
    client = client_for(voice)
    page = _text(client.get(item.url))
    [chosen] = re.findall(r'<input[^>]*name="quarter"[^>]*checked[^>]*>', page)
    assert 'value="2026-Q1"' in chosen
    assert "<h2>2026 年 1 月至 3 月</h2>" in page
    client.post(item.url, {"quarter": "2026-Q1", "stars": "4"})
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    accepted = services.accept_instalment(actor=people.officer, instalment=instalment, note="", now=clock.now())
    assert accepted.acceptance["ratings"] == {"count": 1, "mean": "4.00"}
    assert not _items(voice)
    at(datetime(2026, 7, 1, 9))
    [item] = _items(voice)
    assert "2026 年 4 月至 6 月" in item.detail
    # The last quarter is asked for too, when the post is over.
    at(datetime(2027, 1, 4, 9))
    [item] = _items(voice)
    assert "2026 年 10 月至 12 月" in item.detail
    at(datetime(2027, 4, 1, 9))
    assert not _items(voice)


def test_an_adviser_is_not_asked_about_before_he_came(deal):
    contract, people, _instalment = deal
    post = contract.posts.get(state="vacant")
    services.fill_post(post=post, adviser=make_practitioner(people.supplier), actor=people.officer, now=clock.now())
    assert not _items(make_village_voice(post))


# Delivery and payment


def test_delivery_acceptance_and_payment_through_the_pages(client_for, deal):
    contract, people, instalment = deal
    serve_fully(contract, instalment)
    sheet = _url("instalment", instalment.pk)
    [item] = _items(people.bidder)
    assert item.url == sheet
    supplier = client_for(people.bidder)
    assert "2 处" in _text(supplier.get(sheet))
    supplier.post(sheet, {"act": "deliver", "note": "六月两村道路中断"})

    [item] = _items(people.officer)
    assert item.url == sheet
    officer = client_for(people.officer)
    page = _text(officer.get(sheet))
    assert "六月两村道路中断" in page
    assert 'href="#accept"' in page
    assert "2250.00" in page  # the vacant post is deducted whole
    too_much = _text(
        officer.post(sheet, {"act": "accept", "deduct_0": "2250.01", "deduct_1": "CNY", "note": "电话回访"})
    )
    assert "扣减额应在" in too_much
    unheard = _text(officer.post(sheet, {"act": "accept", "deduct_0": "2250.00", "deduct_1": "CNY", "note": ""}))
    assert "本期还没有村里评价" in unheard
    accept = {"act": "accept", "deduct_0": "2250.00", "deduct_1": "CNY", "note": "电话回访"}
    officer.post(sheet, accept)
    # Pressed twice: back to the page with a word, not a page that is missing.
    again = officer.post(sheet, accept, headers={"Referer": f"http://testserver{sheet}"}, follow=True)
    assert (again.status_code, "已有变动" in _text(again)) == (200, True)
    assert supplier.post(sheet, accept).status_code == 404

    pay = _url("pay", instalment.pk)
    [item] = _items(people.finance)
    assert item.url == pay
    assert item.due_at is not None
    finance = client_for(people.finance)
    assert "¥4,500" in _text(finance.get(pay))
    finance.post(pay)
    instalment.refresh_from_db()
    assert (instalment.state, instalment.payable.amount) == ("paid", Decimal("4500.00"))
    assert finance.post(pay).url == sheet
    public = _text(client_for().get(sheet))
    assert "¥4,500" in public
    assert "电话回访" not in public
    assert people.officer.display_name not in public


def test_sending_back_and_what_the_sheet_hides(client_for, deal):
    _contract, people, instalment = deal
    sheet = _url("instalment", instalment.pk)
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
    assert "台账不全" in _text(client_for(people.bidder).get(sheet))
    [item] = _items(people.bidder)
    assert str(item.title) == "重新提交被退回的服务期"


def test_a_late_payment_says_what_it_costs(client_for, deal, at):
    _contract, people, instalment = deal
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    services.accept_instalment(
        actor=people.officer, instalment=instalment, note="电话回访", deduct=Decimal(0), now=clock.now()
    )
    at(datetime(2026, 5, 16, 9))  # due on 6 May
    page = _text(client_for(people.finance).get(_url("pay", instalment.pk)))
    assert "付款已逾期 10 天" in page
    assert "¥33.75" in page  # 6,750 × 0.05 % × 10


def test_who_accepted_is_told_that_another_pays(client_for, deal):
    _contract, people, instalment = deal
    make_membership(people.officer, people.buyer, Role.FINANCE)
    services.deliver_instalment(actor=people.bidder, instalment=instalment, now=clock.now())
    services.accept_instalment(actor=people.officer, instalment=instalment, note="电话回访", now=clock.now())
    client = client_for(people.officer)
    assert "须由其他财务人员付款" in _text(client.get(_url("pay", instalment.pk)))
    client.post(_url("pay", instalment.pk))
    assert Instalment.objects.get(pk=instalment.pk).state == "accepted"
    assert not [i for i in _items(people.officer) if "pay" in i.url]


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
    client.get(_url("instalment", instalment.pk))
    with django_assert_max_num_queries(6):
        client.get(_url("instalment", instalment.pk))


def test_a_sheet_names_places_in_the_readers_language(client_for, deal):
    contract, people, instalment = deal
    place = contract.posts.first().region
    chinese = _text(client_for(people.officer).get(_url("instalment", instalment.pk)))
    assert f'<a href="/coverage/{place.pk}/">{place.name}</a>' in chinese
    english = client_for(people.officer, language="en")
    sheet = _text(english.get(_url("instalment", instalment.pk)))
    assert f'<a href="/coverage/{place.pk}/">{place.name_en}</a>' in sheet
    assert place.name not in sheet
    csv = _text(english.get(_url("instalment", instalment.pk), {"format": "csv"}))
    assert place.name_en in csv
    assert place.name not in csv


def test_names_lead_to_their_pages(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").first()
    page = _text(client_for().get(_url("detail", contract.pk)))
    for address in (
        f"/coverage/{post.region_id}/",
        f"/account/people/{post.adviser_id}/",
        f"/account/organisations/{people.buyer.pk}/",
        f"/account/organisations/{people.supplier.pk}/",
    ):
        assert f'href="{address}"' in page
        assert client_for().get(address).status_code == 200
    # Who has no public card is named without a link: it would lead nowhere.
    post.adviser.credentials.all().update(state="revoked")
    page = _text(client_for().get(_url("detail", contract.pk)))
    assert post.adviser.display_name in page
    assert f"/account/people/{post.adviser_id}/" not in page
