"""Every page of the front half, as those who may see it and as somebody nearly allowed."""

import pytest
from django.urls import reverse

from marketplace.procurement import services_bidding
from marketplace.procurement.models import BidDraft, Notice
from tests.factories.procurement import (
    PDF,
    bureau_of,
    make_bid,
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


def test_choosing_whole_townships(now, client_for):
    from marketplace.regions.models import Region
    from tests.factories.procurement import villages

    tender = make_tender(state="draft", lots=1, plan=make_plan(amount=900_000), now=now)
    villages(2, township=522634101000)
    Region.objects.filter(code=522634101000).update(village_count=2)
    client = client_for(tender.drafted_by)
    response = client.post(
        url("lot_new", tender.pk),
        {"title": "西江镇", "ceiling_0": "100000", "ceiling_1": "CNY", "townships": ["522634101000", "522634100000"]},
    )
    assert response.status_code == 302, response.context["form"].errors
    lot = tender.lots.get(number=2)
    # Villages of another lot are left to it.
    assert sorted(lot.regions.values_list("code", flat=True)) == [522634101201, 522634101202]


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
