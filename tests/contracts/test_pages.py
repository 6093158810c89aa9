"""The pages of contracts: who sees what, and what each act leaves."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts.models import Role
from marketplace.contracts import documents, services
from marketplace.contracts.models import Contract, Instalment
from marketplace.contracts.selectors import life_of, post_rows
from marketplace.contracts.services_contract import signing_deadline, signing_terms
from marketplace.contracts.templatetags.contracts import term
from marketplace.core import clock
from marketplace.core.words import day_words
from marketplace.statutes.deadlines import Deadline
from tests.contracts.pages import items, text, url
from tests.factories.accounts import make_member, make_membership, make_user
from tests.factories.contracts import (
    make_award,
    make_contract,
    make_parties,
    make_visit,
    parties_of,
    sign,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_factor(settings):
    settings.MFA_REQUIRED = False


def test_a_signed_contract_is_public_without_personal_data_but_the_advisers_name(client_for, deal):
    contract, people, _instalment = deal
    page = text(client_for().get(url("detail", contract.pk)))
    for shown in (contract.title, contract.number, people.supplier.name, people.buyer.name, "¥27,000"):
        assert shown in page
    assert people.advisers[0].display_name in page
    assert "1 个空缺" in page
    for hidden in (people.officer.display_name, people.approver.display_name, people.bidder.display_name):
        assert hidden not in page
    assert people.advisers[0].email not in page or not people.advisers[0].email
    english = text(client_for(language="en").get(url("detail", contract.pk)))
    assert "Village legal advisers" in english
    assert "Every date" not in english


def test_a_draft_is_seen_by_its_parties_and_supervisor_only(client_for):
    contract = make_contract(active=False)
    people = parties_of(contract)
    supervisor = make_member(Role.SUPERVISOR, people.buyer)
    for person in (people.officer, people.bidder, supervisor):
        assert client_for(person).get(url("detail", contract.pk)).status_code == 200
    for stranger in (None, make_user(), make_member(Role.BIDDER), make_member(Role.OFFICER)):
        for name in ("detail", "posts_csv", "paper"):
            assert client_for(stranger).get(url(name, contract.pk)).status_code == 404
    assert contract.number not in text(client_for().get(url("list")))
    assert contract.number in text(client_for(people.bidder).get(url("list")))


def test_the_list_shows_ours_first_and_finds(client_for, deal):
    contract, people, _instalment = deal
    other = make_contract()
    ours = text(client_for(people.officer).get(url("list")))
    assert contract.number in ours
    assert other.number not in ours
    both = text(client_for(people.officer).get(url("list"), {"show": "all"}))
    assert other.number in both
    found = text(client_for().get(url("list"), {"q": other.supplier.name}))
    assert other.number in found
    assert contract.number not in found
    assert "没有符合的合同" in text(client_for().get(url("list"), {"q": "不存在的合同"}))
    csv = text(client_for().get(url("list"), {"format": "csv"}))
    assert f"{contract.number},{contract.title}," in csv
    assert ",27000.00,2026-01-01,2026-12-31,履行中,3,2" in csv


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries):
    for _n in range(count):
        make_contract()
    client = client_for()
    client.get(url("list"))
    with django_assert_max_num_queries(4):
        client.get(url("list"))


@pytest.mark.parametrize("count", [1, 3])
def test_a_contract_page_asks_a_fixed_number_of_questions(client_for, count, django_assert_max_num_queries):
    contract = make_contract(villages=count, filled=count)
    client = client_for()
    client.get(url("detail", contract.pk))
    with django_assert_max_num_queries(12):
        client.get(url("detail", contract.pk))


def test_posts_as_a_table_file(client_for, deal):
    contract, _people, _instalment = deal
    post = contract.posts.filter(state="filled").order_by("pk").first()
    make_visit(post, clock.now().replace(month=4, day=1), 120)
    rows = text(client_for(language="en").get(url("posts_csv", contract.pk))).splitlines()
    assert len(rows) == 4
    assert rows[0].endswith(
        "amount (yuan),Service in the village: due,Service in the village: done,Law lecture: due,Law lecture: done,rating,ratings"
    )
    assert any(row.startswith(str(post.region_id)) and ",9000.00,720,120,1,0,,0" in row for row in rows)


def test_the_paper_of_a_draft_and_of_a_signed_contract(client_for):
    contract = make_contract(active=False)
    bidder = parties_of(contract).bidder
    for language in ("zh-hans", "en"):
        paper = client_for(bidder, language=language).get(url("paper", contract.pk))
        assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    sign(contract)
    assert client_for().get(url("paper", contract.pk)).status_code == 200


def test_what_was_signed_is_served_as_it_was_signed(client_for, monkeypatch):
    contract = make_contract(active=False)
    bidder = parties_of(contract).bidder
    draft = text(client_for(bidder).get(url("detail", contract.pk)))
    assert "SHA-256" not in draft
    sign(contract)
    monkeypatch.setattr(documents, "render_pdf", lambda *_args: b"another template")
    for language in ("zh-hans", "en"):
        kept = contract.papers.get(language=language)
        paper = client_for(language=language).get(url("paper", contract.pk))
        assert (paper.content[:5], hashlib.sha256(paper.content).hexdigest()) == (b"%PDF-", kept.digest)
        page = text(client_for(language=language).get(url("detail", contract.pk)))
        assert f"SHA-256 {kept.digest[:8]}…" in page
        assert kept.digest in page
    with CaptureQueriesContext(connection) as asked:
        client_for().get(url("detail", contract.pk))
    assert not [q for q in asked.captured_queries if '"contracts_signedpaper"."content"' in q["sql"]]


def test_a_contract_signed_before_papers_were_kept_is_written_anew(client_for):
    contract = make_contract()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contracts_signedpaper DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM contracts_signedpaper")
    assert client_for().get(url("paper", contract.pk)).content[:5] == b"%PDF-"
    assert "SHA-256" not in text(client_for().get(url("detail", contract.pk)))


# Drawing up, signing, ending


def test_awards_to_draw_up_are_read_with_a_fixed_number_of_queries():
    """However many wait, the rule and the calendar are read once."""
    people = make_parties()

    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = items(people.officer)
        assert all(item.due_at is not None for item in found)
        return len(found), len(queries)

    make_award(people)
    asked()
    one, queries = asked()
    make_award(people)
    make_award(people)
    assert (one, asked()) == (1, (3, queries))


def test_from_the_award_to_the_signed_contract_through_the_pages(client_for):
    award = make_award()
    people = parties_of(award)
    [item] = items(people.officer)
    assert item.url == url("draft", award.pk)
    assert item.due_at == signing_deadline(signing_terms(award)).at  # the time runs before anything is drawn up
    assert client_for(people.approver).get(item.url).status_code == 404
    drawing_up = text(client_for(people.officer).get(item.url))
    assert f'href="/procurement/{award.lot.tender_id}/">暂不</a>' in drawing_up
    made = client_for(people.officer).post(item.url)
    contract = Contract.objects.get()
    assert made.url == url("detail", contract.pk)
    assert client_for(people.officer).get(item.url).url == made.url
    # Whatever the method: a tender is won, a consultation concluded.
    trail = text(client_for(people.officer).get(reverse("audit:trail", args=["contracts.contract", contract.pk])))
    assert "中标（成交）供应商" in trail

    assert client_for(people.approver).get(url("sign_buyer", contract.pk)).url == made.url  # not yet
    [item] = items(people.bidder)
    assert item.url == url("sign_supplier", contract.pk)
    assert item.due_at is not None
    supplier = client_for(people.bidder)
    assert supplier.get(item.url).status_code == 200
    supplier.post(item.url, {})
    contract.refresh_from_db()
    assert contract.supplier_signed_at is None
    supplier.post(item.url, {"read": "on"})
    contract.refresh_from_db()
    assert contract.supplier_signed_by == people.bidder

    assert client_for(people.officer).get(url("sign_buyer", contract.pk)).status_code == 404
    [item] = items(people.approver)
    buyer = client_for(people.approver)
    page = text(buyer.get(item.url))
    assert "¥27,000" in page
    assert "¥3,000" in page  # what the ceiling held beyond it
    buyer.post(item.url, {"read": "on"})
    contract.refresh_from_db()
    assert (contract.state, contract.posts.count()) == ("active", 3)
    assert "供应商" in text(buyer.get(made.url))


def test_signing_for_the_buyer_wants_a_second_factor(client_for, settings):
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    settings.MFA_REQUIRED = True
    answer = client_for(people.approver).post(url("sign_buyer", contract.pk), {"read": "on"})
    assert answer.status_code == 302
    contract.refresh_from_db()
    assert contract.state == "draft"


def test_a_refused_signature_comes_back_to_the_form(client_for):
    contract = make_contract(active=False)
    people = parties_of(contract)
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=clock.now())
    make_membership(people.officer, people.buyer, Role.APPROVER)
    page = text(client_for(people.officer).post(url("sign_buyer", contract.pk), {"read": "on"}))
    assert "须由本单位其他审批人员签署" in page
    assert not [i for i in items(people.officer) if "sign" in i.url]


def test_ending_early_through_the_page(client_for, deal):
    contract, people, _instalment = deal
    assert client_for(people.officer).get(url("terminate", contract.pk)).status_code == 404
    assert client_for(people.bidder).get(url("terminate", contract.pk)).status_code == 404
    client = client_for(people.approver)
    assert client.get(url("terminate", contract.pk)).status_code == 200
    client.post(url("terminate", contract.pk), {"reason": " "})
    contract.refresh_from_db()
    assert contract.state == "active"
    client.post(url("terminate", contract.pk), {"reason": "供应商转包"})
    contract.refresh_from_db()
    assert contract.state == "terminated"
    assert "供应商转包" in text(client_for().get(url("detail", contract.pk)))
    # Nothing is left to be ended, and nobody to be named.
    assert client.get(url("terminate", contract.pk)).url == url("detail", contract.pk)
    post = contract.posts.first()
    assert client_for(people.bidder).get(url("post", post.pk)).url == url("detail", contract.pk)


def test_completing_says_early_what_is_not_done(client_for, deal, at):
    contract, people, first = deal
    client = client_for(people.officer)
    early = text(client.get(url("complete", contract.pk)))
    assert "合同期限至" in early
    assert all(url("instalment", one.pk) in early for one in contract.instalments.all())
    assert "确认办结合同" not in early
    at(datetime(2027, 1, 8, 9))
    over = text(client.get(url("complete", contract.pk)))
    assert "合同期限至" not in over
    assert url("instalment", first.pk) in over
    assert client_for(people.bidder).get(url("complete", contract.pk)).status_code == 404
    Instalment.objects.filter(contract=contract).update(
        state="paid", accepted_at=clock.now(), accepted_by=people.officer, delivered_at=clock.now(),
        delivered_by=people.bidder, paid_at=clock.now(), paid_by=people.finance,
    )  # fmt: skip
    ready = text(client.get(url("complete", contract.pk)))
    assert "确认办结合同" in ready
    client.post(url("complete", contract.pk))
    contract.refresh_from_db()
    assert contract.state == "completed"
    assert client.get(url("complete", contract.pk)).url == url("detail", contract.pk)


def test_the_life_line_names_what_is_done_and_what_is_not(client_for, deal, in_english):
    contract, _people, _first = deal
    instalments = list(contract.instalments.order_by("number"))
    steps = life_of(contract, instalments, 3, 2, decided_at=clock.now())
    assert [(s.label, s.state) for s in steps] == [
        ("Awarded", "did"), ("Supplier signed", "did"), ("Buyer signed", "did"), ("Staffing", "now"),
        ("Payment", ""), ("Completion", ""),
    ]  # fmt: skip
    instalments[0].state = "paid"
    steps = life_of(contract, instalments, 3, 2, decided_at=clock.now())
    assert [(s.label, s.state) for s in steps[3:]] == [("Staffing", "did"), ("Payment", "now"), ("Completion", "")]
    for instalment in instalments:
        instalment.state = "paid"
    contract.state = "completed"
    labels = [s.label for s in life_of(contract, instalments, 3, 3, decided_at=clock.now())]
    assert labels[3:] == ["Staffed", "Paid", "Completed"]


def test_a_signature_that_is_missing_says_by_when(client_for, in_english):
    contract = make_contract(active=False)
    by = "by " + day_words(Deadline.from_json(contract.sign_by).date)
    steps = {s.label: s.detail for s in life_of(contract, [], 0, 0, decided_at=clock.now())}
    assert (steps["Supplier's signature"], steps["Buyer's signature"]) == (by, by)


def test_a_closed_post_is_not_behind(client_for, deal):
    contract, people, _first = deal
    services.terminate_contract(actor=people.approver, contract=contract, reason="协商一致", now=clock.now())
    posts = list(contract.posts.select_related("region", "adviser"))
    rows = post_rows(posts, date(2026, 6, 30), list(contract.obligations.all()))
    assert [short for row in rows for _item, short in row.counted] == [False] * sum(len(r.counted) for r in rows)
    assert "进度落后" not in text(client_for().get(url("detail", contract.pk)))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2027, 1, 1), date(2027, 12, 31), "1\xa0Jan\xa0– 31\xa0Dec\xa02027"),
        (date(2026, 9, 30), date(2026, 9, 30), "30\xa0Sep\xa02026"),
    ],
)
def test_the_days_of_a_term_keep_together_and_one_day_is_said_once(at, in_english, first, last, said):
    at(datetime(2026, 4, 2, 9))
    assert term(Contract(starts_on=first, ends_on=last)) == said


def test_what_a_short_quarter_does_not_ask_for_is_said(client_for, at):
    at(datetime(2026, 1, 30, 9))
    contract = make_contract(amount=27_000, starts_on=date(2026, 2, 20), ends_on=date(2026, 12, 31), filled=3)
    lecture = contract.obligations.filter(period="quarter").first()
    page = text(client_for(language="en").get(url("detail", contract.pk)))
    assert lecture is not None
    assert page.count("none due") == 3
    sheet = url("instalment", contract.instalments.get(number=1).pk)
    assert "none due" in text(client_for(parties_of(contract).officer, language="en").get(sheet))


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


def test_the_record_of_a_contract_leads_back_to_it(client_for, deal):
    contract, people, first = deal
    services.deliver_instalment(actor=people.bidder, instalment=first, now=clock.now())
    for kind, key, address in (
        ("contracts.contract", contract.pk, url("detail", contract.pk)),
        ("contracts.instalment", first.pk, url("instalment", first.pk)),
        ("procurement.tender", contract.award.lot.tender_id, f"/procurement/{contract.award.lot.tender_id}/"),
    ):
        page = text(client_for(people.officer).get(f"/audit/trail/{kind}/{key}/"))
        assert f'<a href="{address}">' in page[page.index('<nav class="crumbs"') : page.index("<h1")]
    assert client_for(people.officer).get("/audit/trail/contracts.contract/x/").status_code == 404


def test_instalments_as_a_table_file(client_for, deal):
    contract, _people, first = deal
    lines = text(client_for(language="en").get(url("instalments_csv", contract.pk))).splitlines()
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
    assert sum("% tolerance)" in line[1] for line in written["obligations"]) == len(tolerated)
    assert "within 30 days of acceptance; a later payment bears interest of 0.05% a day" in written["payment"][1]
    assert "article 9 and article 17" in written["payment"][1]


def test_names_lead_to_their_pages(client_for, deal):
    contract, people, _instalment = deal
    post = contract.posts.filter(state="filled").first()
    page = text(client_for().get(url("detail", contract.pk)))
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
    page = text(client_for().get(url("detail", contract.pk)))
    assert post.adviser.display_name in page
    assert f"/account/people/{post.adviser_id}/" not in page
