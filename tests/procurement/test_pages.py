"""Every page of the front half, as those who may see it and as somebody nearly allowed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from marketplace.accounts.models import Organisation, OrganisationKind, Role
from marketplace.core import clock, workspace
from marketplace.core.units import yuan
from marketplace.core.words import exact_words
from marketplace.procurement import documents, selectors, services_bidding, services_plan, services_tender
from marketplace.procurement.areas import Area
from marketplace.procurement.models import BidDraft, Notice, Plan, Tender
from marketplace.procurement.selectors import life_line
from tests.factories.accounts import make_membership, make_organisation, make_user
from tests.factories.procurement import (
    PDF,
    bureau_of,
    make_bid,
    make_budget_line,
    make_bureau,
    make_plan,
    make_supplier,
    make_tender,
)

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"procurement:{name}", args=args)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_public_pages(now, client_for, language):
    tender = make_tender(now=now)
    client = client_for(language=language)
    notice = Notice.objects.get(tender=tender)
    for address in [
        url("index"),
        url("index") + "?stage=open&q=雷司",
        url("index_csv"),
        url("tender", tender.pk),
        url("notice", tender.pk, notice.pk),
        url("notice", tender.pk, notice.pk) + "?format=json",
        url("verify"),
        url("receipt_key"),
    ]:
        response = client.get(address)
        assert response.status_code == 200, address
    response = client.get(url("document", tender.pk))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")


def test_a_notice_keeps_the_name_under_which_the_buyer_bought(now, client_for):
    tender = make_tender(now=now)
    buyer, notice = tender.organisation, Notice.objects.get(tender=tender)
    then = buyer.name
    buyer.name = "改名后的示例司法局"
    buyer.save()
    page = client_for().get(url("notice", tender.pk, notice.pk)).content.decode()
    assert f'<dd><a href="{reverse("accounts:organisation", args=[buyer.pk])}">{then}</a>' in page
    assert buyer.name not in page


def test_a_notice_says_whom_to_ring_up_and_where_the_documents_are(now, client_for):
    """The law asks for it; what was published stays when the office moves (令87 art. 13, 财库〔2014〕214号 art. 7)."""
    bureau, phone = make_bureau(), "0855-3331234"
    bureau.organisation.phone = phone
    bureau.organisation.save()
    tender = make_tender(bureau, now=now)
    notice = Notice.objects.get(tender=tender)
    assert notice.content["contact"] == {
        "name": tender.drafted_by.display_name,
        "name_en": tender.drafted_by.display_name_en,
        "phone": phone,
    }
    Organisation.objects.filter(pk=tender.organisation_id).update(phone="0855-7654321")
    page = client_for(language="en").get(url("notice", tender.pk, notice.pk)).text
    assert page.count(phone) == 2
    assert "7654321" not in page
    assert f'href="{url("document", tender.pk)}"' in page


def test_the_list_is_filtered_in_words_that_hold_for_every_method(now, client_for):
    page = client_for().get(url("index")).content.decode()
    assert "已确定结果" in page
    assert not any(word in page for word in (">成交<", ">中标<"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_the_bureau(now, client_for, language, settings):
    settings.MFA_REQUIRED = False
    draft = make_tender(state="draft", now=now)
    bureau = bureau_of(draft)
    officer, approver = (client_for(p, language=language) for p in (bureau.officer, bureau.approver))
    for address in [
        url("budget_lines"), url("budget_lines") + "?format=csv", url("plans"), url("plans") + "?format=csv",
        url("plan", draft.plan_id), url("plan_new"), url("tenders"), url("tender", draft.pk), url("edit", draft.pk),
        url("lot_new", draft.pk), url("lot", draft.pk, 1), url("criteria", draft.pk, 1),
    ]:  # fmt: skip
        assert officer.get(address).status_code == 200, address
    assert client_for(bureau.finance, language=language).get(url("budget_new")).status_code == 200
    submitted = make_tender(bureau, state="submitted", now=now)
    assert approver.get(url("decide", submitted.pk)).status_code == 200
    approved = make_tender(bureau, state="approved", now=now)
    assert officer.get(url("publish", approved.pk)).status_code == 200
    published = make_tender(bureau, now=now)
    for address in [url("amend", published.pk), url("cancel", published.pk)]:
        assert approver.get(address).status_code == 200, address


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_supplier(now, client_for, language):
    tender = make_tender(now=now)
    lot = tender.lots.get(number=1)
    supplier, bidder = make_supplier()
    client = client_for(bidder, language=language)
    form = f"{url('bid', tender.pk, 1)}?supplier={supplier.pk}"
    assert client.get(url("bid_start", tender.pk)).status_code == 200
    assert client.get(form).status_code == 200
    services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={"price": "1"}, now=now)
    draft = BidDraft.objects.get()
    services_bidding.attach_files(actor=bidder, draft=draft, files=[("方案.pdf", PDF)], now=now)
    assert client.get(form).status_code == 200
    assert client.get(f"{url('bid_review', tender.pk, 1)}?supplier={supplier.pk}").status_code == 200
    assert client.get(f"{url('bid_copy', tender.pk, 1)}?supplier={supplier.pk}").status_code == 200
    bid = make_bid(tender.lots.get(number=2), supplier, bidder)
    for address in [
        url("bids"),
        url("own_bid", bid.receipt_id),
        url("receipt_file", bid.receipt_id, "json"),
        url("receipt_file", bid.receipt_id, "pdf"),
        url("bid_start", tender.pk),
        url("tender", tender.pk),
    ]:
        assert client.get(address).status_code == 200, address


def test_after_the_deadline_the_bid_pages_say_so_and_offer_nothing_to_fill_in(now, client_for, at):
    tender = make_tender(now=now)
    lot = tender.lots.get(number=1)
    supplier, bidder = make_supplier()
    services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={"price": "1"}, now=now)
    client = client_for(bidder, language="en")
    form, review = (f"{url(name, tender.pk, 1)}?supplier={supplier.pk}" for name in ("bid", "bid_review"))
    assert 'name="price_0"' in client.get(form).text
    at(tender.bid_deadline + timedelta(seconds=1))
    late = client.get(form).text
    assert "No bids are taken for this procurement now." in late
    assert 'name="price_0"' not in late
    assert "No bids are taken for this procurement now." in client.get(review).text


# Nearly allowed


def test_an_officer_of_another_bureau_meets_a_404(now, client_for):
    draft = make_tender(state="draft", now=now)
    own, other = bureau_of(draft), make_bureau()
    client = client_for(other.officer)
    for address in [
        url("plan", draft.plan_id), url("plan_edit", draft.plan_id), url("tender", draft.pk), url("edit", draft.pk),
        url("lot", draft.pk, 1), url("criteria", draft.pk, 1), url("document", draft.pk),
    ]:  # fmt: skip
        assert client.get(address).status_code == 404, address
    for address in [url("submit", draft.pk), url("plan_submit", draft.plan_id), url("lot_remove", draft.pk, 1)]:
        assert client.post(address).status_code == 404, address
    assert draft.lots.count() == 2
    # Nor does a colleague without the role change anything.
    assert client_for(own.finance).get(url("tender", draft.pk)).status_code == 200
    assert client_for(own.finance).get(url("edit", draft.pk)).status_code == 404


def test_a_stranger_and_a_supplier_see_no_desk(now, client_for):
    published = make_tender(now=now)
    _supplier, bidder = make_supplier()
    desks = [
        url("budget_lines"), url("plans"), url("plan_new"), url("tenders"), url("plan", published.plan_id),
        url("amend", published.pk), url("edit", published.pk),
    ]  # fmt: skip
    for address in desks:
        assert client_for().get(address).status_code == 302, address
    for address in set(desks) - {url("amend", published.pk)}:
        assert client_for(bidder).get(address).status_code == 404, address


def test_a_village_committee_is_led_to_no_plan_and_no_budget(now, client_for):
    """It has an administrator, as bureaus have; yet nobody of it could ever enter a budget or draw up a plan."""
    own = make_bureau().organisation
    make_tender(now=now)
    committee = make_organisation(OrganisationKind.VILLAGE, region=own.region)
    voice = make_user()
    for role in (Role.ADMIN, Role.VILLAGE):
        make_membership(voice, committee, role)
    client = client_for(voice)
    for name in ("plans", "budget_lines", "tenders", "plan_new", "budget_new"):
        assert client.get(url(name)).status_code == 404, name
        assert url(name) not in client.get(url("index")).text, name
    # The administrator of a bureau, who buys as little himself, reads them.
    head = make_user()
    make_membership(head, own, Role.ADMIN)
    for name in ("plans", "budget_lines", "tenders"):
        assert client_for(head).get(url(name)).status_code == 200, name
        assert url(name) in client_for(head).get(url("index")).text, name


def test_the_drafter_is_told_and_nothing_is_approved(now, client_for, settings):
    from marketplace.accounts.models import Role
    from tests.factories.accounts import make_membership

    settings.MFA_REQUIRED = False
    tender = make_tender(state="submitted", now=now)
    bureau = bureau_of(tender)
    make_membership(bureau.officer, bureau.organisation, Role.APPROVER)
    client = client_for(bureau.officer)
    assert 'value="approve"' not in client.get(url("decide", tender.pk)).content.decode()
    response = client.post(url("decide", tender.pk), {"decision": "approve", "note": ""})
    assert response.status_code == 200
    assert "另一名审批人" in response.content.decode()
    tender.refresh_from_db()
    assert tender.state == "submitted"


def test_approving_needs_a_second_factor(now, client_for, settings):
    settings.MFA_REQUIRED = True
    tender = make_tender(state="submitted", now=now)
    response = client_for(bureau_of(tender).approver).post(url("decide", tender.pk), {"decision": "approve"})
    assert response.status_code == 302
    assert "2fa" in response["Location"]
    tender.refresh_from_db()
    assert tender.state == "submitted"


def test_publishing_from_the_page(now, client_for, settings):
    settings.MFA_REQUIRED = False
    tender = make_tender(state="approved", now=now)
    bureau = bureau_of(tender)
    client = client_for(bureau.officer)
    typed = {
        "official_published_at": "2026-09-07T09:00", "official_url": "https://ccgp.example/n/1",
        "bid_deadline": "2026-09-16T17:00", "question_deadline": "2026-09-12T17:00",
        "holders": [h.pk for h in bureau.holders],
    }  # fmt: skip
    early = client.post(url("publish", tender.pk), typed)
    assert "2026年9月17日" in early.content.decode()
    assert "https://ccgp.example/n/1" in early.content.decode(), "what was typed stays"
    done = client.post(url("publish", tender.pk), {**typed, "bid_deadline": "2026-09-17T17:00"})
    assert done["Location"] == url("tender", tender.pk)
    tender.refresh_from_db()
    assert tender.state == "published"


# Fixed numbers of queries


def test_lists_cost_the_same_with_one_row_and_with_three(now, client_for, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    first = make_tender(now=now)
    bureau = bureau_of(first)
    supplier, bidder = make_supplier()
    make_bid(first.lots.get(number=1), supplier, bidder)
    lists = [
        (None, url("index")), (None, url("index_csv")), (bureau.officer, url("plans")), (bureau.officer, url("tenders")),
        (bureau.officer, url("budget_lines")), (bidder, url("bids")),
    ]  # fmt: skip

    def costs():
        found = []
        for person, address in lists:
            client = client_for(person)
            client.get(address)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                b"".join(client.get(address))
            found.append(len(queries))
        return found

    before = costs()
    for _ in range(2):
        tender = make_tender(bureau, now=now)
        make_bid(tender.lots.get(number=1), supplier, bidder)
    assert costs() == before


def test_the_bureau_takes_its_list_along_as_a_file(now, client_for):
    bureau = make_bureau()
    draft, published = make_tender(bureau, state="draft", now=now), make_tender(bureau, now=now)
    elsewhere = make_tender(now=now)

    def lines(query=""):
        answer = client_for(bureau.officer).get(f"{url('tenders')}?format=csv{query}")
        return b"".join(answer.streaming_content).decode().splitlines()[1:]

    assert {line.split(",")[0] for line in lines()} == {draft.reference, published.reference}
    assert [line.split(",")[0] for line in lines("&state=draft")] == [draft.reference]
    assert elsewhere.reference not in "".join(lines())


def test_a_withdrawn_bid_leads_to_another_one_while_bids_are_taken(now, client_for, at):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    lot = tender.lots.get(number=1)
    bid = make_bid(lot, supplier, bidder)
    client = client_for(bidder, language="en")
    page = url("own_bid", bid.receipt_id)
    assert "Bid again" not in client.get(page).content.decode()
    client.post(url("withdraw", bid.receipt_id))
    assert f"{url('bid', tender.pk, 1)}?supplier={supplier.pk}" in client.get(page).content.decode()
    make_bid(lot, supplier, bidder)
    assert "Bid again" not in client.get(page).content.decode()


def test_after_the_deadline_a_withdrawn_bid_leads_nowhere(now, client_for, at):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    bid = make_bid(tender.lots.get(number=1), supplier, bidder)
    services_bidding.withdraw_bid(actor=bidder, bid=bid, now=now)
    at(tender.bid_deadline + timedelta(minutes=1))
    page = client_for(bidder, language="en").get(url("own_bid", bid.receipt_id)).content.decode()
    assert "Bid again" not in page


def test_a_key_holder_is_told_of_the_coming_opening(now, client_for, at, in_english):
    bureau = make_bureau()
    tender = make_tender(bureau, now=now)
    holder = tender.key_shares.order_by("pk").first().holder

    def items():
        return [item for item in workspace.work_items(holder, clock.now()) if item.url == url("opening", tender.pk)]

    at(tender.bid_deadline - timedelta(days=1))
    (coming,) = items()
    assert (coming.tone, coming.due_at) == ("soon", tender.bid_deadline)
    at(tender.bid_deadline + timedelta(minutes=1))
    (now_due,) = items()
    assert (str(now_due.title), now_due.tone) == ("Release your key share", "now")


def test_what_was_cancelled_before_publication_promises_no_notice(now, in_english):
    bureau = make_bureau()
    tender = make_tender(bureau, state="approved", now=now)
    tender = services_tender.cancel_tender(
        actor=bureau.approver, tender=tender, reason="任务取消。", reason_en="", now=now
    )
    steps = life_line(tender, now, [])
    assert [(s.label, s.state) for s in steps] == [("Approval", "did"), ("Cancelled", "off")]
    assert "on record" in steps[-1].detail


def test_the_approver_hears_what_was_decided_and_keeps_the_note(now, client_for, settings):
    settings.MFA_REQUIRED = False
    line = make_budget_line(now=now)
    plan = make_plan(budget_line=line, approved=False, now=now, amount=1_200_000, method="open")
    services_plan.submit_plan(actor=bureau_of(plan).officer, plan=plan, now=now)
    make_plan(budget_line=line, now=now, amount=1_200_000, method="open")
    client = client_for(bureau_of(plan).approver, language="en")
    answer = client.post(url("plan_decide", plan.pk), {"decision": "approve", "note": "Read it twice."})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "is missing" in text
    assert "Read it twice." in text
    plan.refresh_from_db()
    assert plan.state == "submitted"
    answer = client.post(url("plan_decide", plan.pk), {"decision": "return", "note": "Ask for less."}, follow=True)
    assert "Returned to the drafter with your note." in answer.content.decode()

    tender = make_tender(state="submitted", now=now)
    client = client_for(bureau_of(tender).approver, language="en")
    answer = client.post(url("decide", tender.pk), {"decision": "approve", "note": ""}, follow=True)
    assert "Approved. It can be published now." in answer.content.decode()


def test_a_double_click_begins_one_tender(now, client_for):
    plan = make_plan(now=now)
    client = client_for(bureau_of(plan).officer)
    first, second = (client.post(url("plan_tender", plan.pk)) for _ in range(2))
    assert first["Location"] == second["Location"]
    tender = plan.tenders.get()
    services_tender.add_lot(
        actor=bureau_of(plan).officer, tender=tender, title="包", ceiling=yuan(1000), regions=[], now=now
    )
    client.post(url("plan_tender", plan.pk))
    assert plan.tenders.count() == 2


def test_the_list_counts_villages_as_the_tender_itself_does(now):
    tender = make_tender(state="draft", now=now, lots=2)
    size = selectors.sizes_of([tender])[tender.pk]
    assert size.lots == 2
    assert size.area.villages > 0
    assert size.area == Area.of(region for lot in tender.lots.all() for region in lot.regions.all())
    county = tender.organisation.region
    tender.lots.first().regions.set([county])
    one = selectors.sizes_of([tender])[tender.pk].area
    assert one.places == (county,)
    assert one == Area.of(region for lot in tender.lots.all() for region in lot.regions.all())


def test_the_document_writes_numbers_and_days_for_people(now, monkeypatch, in_english):
    tender = make_tender(now=now, small_firm_cut=Decimal(20))
    services_tender.amend_deadline(
        actor=bureau_of(tender).approver,
        tender=tender,
        bid_deadline=tender.bid_deadline + timedelta(days=7),
        reason="补充要求",
        now=now,
    )
    papers = []
    monkeypatch.setattr(documents, "render_pdf", lambda paper, data: papers.append(data))
    documents.tender_document(Tender.objects.get(pk=tender.pk))
    [said] = papers
    assert "reduced by 20%" in " ".join(said["how"])
    [amendment] = said["amendments"]
    assert exact_words(tender.bid_deadline) in amendment
    assert "T17" not in amendment


@pytest.mark.parametrize("name", ["plan_new", "plan_edit"])
def test_the_form_of_a_plan_shows_all_that_is_wrong_at_once(now, client_for, in_english, name):
    plan = make_plan(approved=False)
    address = url("plan_edit", plan.pk) if name == "plan_edit" else url("plan_new")
    typed = {
        "title": "", "product": plan.product_id, "budget_line": plan.budget_line_id, "amount_0": "-5", "amount_1": "CNY",
        "method": "consultation", "method_reason": "财库〔2014〕214号第三条", "need": "各村需要讲座。",
        "service_from": "2027-01-01", "service_to": "2031-12-31",
    }  # fmt: skip
    answer = client_for(plan.drafted_by, language="en").post(address, typed)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"title", "amount", "service_to"}
    text = answer.content.decode()
    assert "Enter an amount above zero, in yuan." in text
    assert "End before 2030-01-01." in text
    assert 'value="-5"' in text
    assert 'value="2031-12-31"' in text
    assert Plan.objects.get().title == plan.title


def test_key_holders_are_offered_by_their_names_in_the_language_of_the_page(now, client_for, settings):
    settings.MFA_REQUIRED = False
    tender = make_tender(state="approved", now=now)
    bureau = bureau_of(tender)
    page = client_for(bureau.officer, language="en").get(url("publish", tender.pk)).content.decode()
    for holder in bureau.holders:
        assert f"{holder.display_name_en} · {bureau.organisation.name_en}" in page
        assert holder.display_name not in page
    # Who has set no passphrase yet is named with the organisation whose administrator can ask for it.
    late = make_user(display_name_en="Late holder")
    make_membership(late, bureau.organisation, "key_holder")
    page = client_for(bureau.officer, language="en").get(url("publish", tender.pk)).content.decode()
    assert f"Late holder · {bureau.organisation.name_en}" not in page
    assert f"<small>{bureau.organisation.name_en}</small>" in page


def test_who_answers_what_a_colleague_has_answered_is_told_so(now, client_for):
    tender = make_tender(now=now)
    supplier, bidder = make_supplier()
    question = services_tender.ask_question(
        actor=bidder, organisation=supplier, tender=tender, text="讲座可以合并吗？", now=now
    )
    services_tender.answer_question(actor=bureau_of(tender).officer, question=question, answer="可以。", now=now)
    colleague = make_user()
    make_membership(colleague, tender.organisation, "officer")
    typed = {f"q{question.pk}-answer": "不可以。"}
    answer = client_for(colleague, language="en").post(url("answer", tender.pk, question.pk), typed, follow=True)
    said = answer.content.decode()
    assert "This question has been answered already" in said
    assert "不可以。" not in said


def test_a_bid_is_read_under_the_factors_of_the_page_and_a_missing_price_is_none(now, client_for):
    tender = make_tender(now=now)
    lot = tender.lots.get(number=1)
    supplier, bidder = make_supplier()
    services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={"price": ""}, now=now)
    factor = lot.criteria.get(position=1)
    review = f"{url('bid_review', tender.pk, 1)}?supplier={supplier.pk}"
    shown = client_for(bidder, language="en").get(review).content.decode()
    assert f"<h3>{factor.title_en}</h3>" in shown
    assert factor.title not in shown
    assert "<dt>Price</dt><dd>–</dd>" in shown
    assert f"<h3>{factor.title}</h3>" in client_for(bidder).get(review).content.decode()
