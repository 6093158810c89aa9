"""Every page of the front half, as those who may see it and as somebody nearly allowed."""

import pytest
from django.urls import reverse

from marketplace.procurement import services_bidding
from marketplace.procurement.models import BidDraft, Notice
from tests.factories.procurement import (
    PDF,
    bureau_of,
    make_bid,
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
