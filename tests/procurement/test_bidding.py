"""Sealed bids: what is accepted, what is refused, what a receipt proves."""

import copy
import hashlib
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import Sanction
from marketplace.core.errors import PermissionRefused
from marketplace.core.sealing import CannotOpen, new_key_pair, open_sealed
from marketplace.core.units import yuan
from marketplace.procurement import receipts, services_bidding
from marketplace.procurement.bid_content import (
    MAX_FILE_BYTES,
    Attachment,
    BidContent,
    check_content,
    problems_of,
    unpack,
)
from marketplace.procurement.errors import (
    BiddingClosed,
    BiddingNotOpen,
    BidNotFit,
    FileNotAccepted,
    NotASupplier,
    NothingToWithdraw,
    RequestKeyTaken,
    SupplierExcluded,
)
from marketplace.procurement.keys import bid_context
from marketplace.procurement.models import Bid, BidDraft, DraftAttachment
from tests.factories.accounts import make_member, make_user
from tests.factories.procurement import PDF, a_bid, bureau_of, make_bid, make_supplier, make_tender

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(now):
    return make_tender(now=now).lots.get(number=1)


def changed(content: BidContent, **changes) -> BidContent:
    fields = {name: getattr(content, name) for name in BidContent.__dataclass_fields__}
    return BidContent(**{**fields, **changes})


# Receipt


def test_a_receipt_is_signed_and_names_what_was_stored(lot, now):
    bid = make_bid(lot, files=1)
    receipt = bid.receipt
    assert receipt["digest"] == hashlib.sha256(bid.sealed_content).hexdigest()
    assert receipt["supplier"] == bid.supplier.credit_code
    assert receipt["size"] == len(bid.sealed_content)
    assert receipts.verify(receipt).genuine
    for name in receipts.FIELDS:
        forged = copy.deepcopy(receipt)
        forged[name] = f"{forged[name]}0" if isinstance(forged[name], str) else forged[name] + 1
        assert not receipts.verify(forged).genuine, name


def test_a_receipt_tells_when_the_stored_bid_differs(lot):
    bid = make_bid(lot)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE procurement_bid SET sealed_content = sealed_content || '\\x00'::bytea")
    assert receipts.verify(bid.receipt).problem == "stored_differs"


def test_anybody_can_check_a_receipt_on_a_page(lot, client_for):
    import json

    bid = make_bid(lot)
    client, page = client_for(), reverse("procurement:verify")
    good = client.post(page, {"receipt": json.dumps(bid.receipt)}).content.decode()
    bad = client.post(page, {"receipt": json.dumps({**bid.receipt, "lot": 2})}).content.decode()
    junk = client.post(page, {"receipt": "{]"}).content.decode()
    assert 'class="msg success"' in good
    assert 'class="msg error"' in bad
    assert 'class="msg error"' in junk


def test_only_the_tenders_key_opens_a_bid(lot):
    bid = make_bid(lot)
    wrong, _public = new_key_pair()
    with pytest.raises(CannotOpen):
        open_sealed(wrong, bytes(bid.sealed_content), bid_context(lot, bid.supplier_id))


def test_the_content_survives_its_envelope(lot):
    from marketplace.procurement.bid_content import pack

    content = a_bid(lot, files=2, note="备注")
    read, whole = unpack(pack(content, tender="雷司采磋〔2026〕01号", lot=1, supplier="31520000MD"))
    assert read == content
    assert whole["attachments"][0]["sha256"] == content.attachments[0].digest


# What is refused


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": yuan("300000.01")}, "price"),
        ({"price": yuan(0)}, "price"),
        ({"legal_representative": " "}, "legal_representative"),
        ({"contact_phone": ""}, "contact_phone"),
        ({"team": ()}, "team"),
    ],
)
def test_a_bid_that_cannot_be_judged_is_refused(lot, changes, field):
    with pytest.raises(BidNotFit) as refused:
        make_bid(lot, content=changed(a_bid(lot), **changes))
    assert refused.value.field == field
    assert not Bid.objects.exists()


def test_the_ceiling_itself_is_within_it(lot):
    assert make_bid(lot, price=300_000).state == "sealed"


def test_every_judged_factor_needs_an_answer(lot):
    content = a_bid(lot)
    with pytest.raises(BidNotFit) as refused:
        make_bid(lot, content=changed(content, responses=content.responses[1:]))
    assert refused.value.field == f"response_{content.responses[0].criterion}"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("方案.pdf", b"MZ\x90\x00" + b"\x00" * 200, "file_not_pdf"),
        ("方案.docx", PDF, "file_not_pdf"),
        ("方案.pdf", b"", "file_not_accepted"),
        ("方案.pdf", PDF + b"0" * MAX_FILE_BYTES, "file_too_large"),
    ],
)
def test_files_that_are_not_what_they_claim(lot, now, name, data, code):
    supplier, bidder = make_supplier()
    draft = services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={}, now=now)
    with pytest.raises(FileNotAccepted) as refused:
        services_bidding.attach_files(actor=bidder, draft=draft, files=[("好.pdf", PDF), (name, data)], now=now)
    assert refused.value.code == code
    assert not DraftAttachment.objects.exists()
    with pytest.raises(FileNotAccepted):
        make_bid(lot, supplier, bidder, content=changed(a_bid(lot), attachments=(Attachment(name, data),)))
    assert not Bid.objects.exists()


def test_at_most_five_files(lot, now):
    supplier, bidder = make_supplier()
    draft = services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={}, now=now)
    files = [(f"{n}.pdf", PDF + str(n).encode()) for n in range(6)]
    services_bidding.attach_files(actor=bidder, draft=draft, files=files[:5], now=now)
    with pytest.raises(FileNotAccepted) as refused:
        services_bidding.attach_files(actor=bidder, draft=draft, files=files[5:], now=now)
    assert refused.value.code == "too_many_files"
    # The same file twice is one.
    services_bidding.attach_files(actor=bidder, draft=draft, files=files[:1], now=now)
    assert draft.attachments.count() == 5


def test_who_may_bid(lot, now):
    supplier, bidder = make_supplier(state="registered")
    assert make_bid(lot, supplier, bidder).state == "sealed", "verification is no condition of bidding"
    _other, stranger = make_supplier()
    lawyer = make_member("lawyer", supplier)
    for person in (stranger, lawyer, make_user()):
        with pytest.raises(PermissionRefused):
            make_bid(lot, supplier, person)
    bureau = bureau_of(lot.tender)
    with pytest.raises(NotASupplier):
        make_bid(lot, bureau.organisation, bureau.officer)
    assert Bid.objects.count() == 1


def test_an_excluded_supplier_cannot_bid(lot, now):
    supplier, bidder = make_supplier()
    Sanction.objects.create(
        organisation=supplier, reason="串通投标", basis="政府采购法第七十七条", valid_from=now.date(), decided_by=make_user(),
        decided_at=now,
    )  # fmt: skip
    with pytest.raises(SupplierExcluded):
        make_bid(lot, supplier, bidder)
    assert not Bid.objects.exists()


def test_bids_are_taken_for_published_tenders_only(now):
    lot = make_tender(state="approved", now=now).lots.first()
    with pytest.raises(BiddingNotOpen):
        make_bid(lot)


# The deadline


def test_the_deadline_is_in_time_and_a_microsecond_later_is_not(lot):
    closes = lot.tender.bid_deadline
    assert make_bid(lot, now=closes).received_at == closes
    with pytest.raises(BiddingClosed):
        make_bid(lot, now=closes + timedelta(microseconds=1))
    assert Bid.objects.count() == 1


def test_the_database_refuses_a_late_bid(lot):
    bid = make_bid(lot)
    late = lot.tender.bid_deadline + timedelta(microseconds=1)
    copy_of = Bid(
        lot=lot, supplier=make_supplier()[0], submitted_by=bid.submitted_by, sealed_content=bid.sealed_content,
        digest=bid.digest, request_key=uuid.uuid4(), received_at=late, receipt={"x": 1},
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="bidding is not open"), transaction.atomic():
        copy_of.save()
    copy_of.received_at = lot.tender.bid_deadline
    copy_of.digest = "0" * 64
    with pytest.raises(IntegrityError, match="digest is not that"), transaction.atomic():
        copy_of.save()
    for change in (
        {"received_at": lot.tender.bid_deadline},
        {"sealed_content": b"x"},
        {"receipt": {"x": 1}},
    ):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            Bid.objects.filter(pk=bid.pk).update(**change)
    with pytest.raises(IntegrityError, match="before the deadline only"), transaction.atomic():
        Bid.objects.filter(pk=bid.pk).update(state="withdrawn", ended_at=late)
    with pytest.raises(IntegrityError, match="never goes"), transaction.atomic():
        Bid.objects.filter(pk=bid.pk).delete()
    assert Bid.objects.count() == 1


# Repetition, replacement, withdrawal


def test_a_repeated_request_answers_with_the_first_receipt(lot):
    supplier, bidder = make_supplier()
    key = uuid.uuid4()
    first = make_bid(lot, supplier, bidder, request_key=key)
    again = make_bid(lot, supplier, bidder, request_key=key, price=1)
    assert again.receipt == first.receipt
    # Even after the deadline: the answer is what happened then.
    late = make_bid(lot, supplier, bidder, request_key=key, now=lot.tender.bid_deadline + timedelta(days=1))
    assert late.pk == first.pk
    assert Bid.objects.count() == 1
    other, stranger = make_supplier()
    with pytest.raises(RequestKeyTaken):
        make_bid(lot, other, stranger, request_key=key)


def test_a_later_bid_replaces_the_earlier(lot):
    supplier, bidder = make_supplier()
    first = make_bid(lot, supplier, bidder)
    second = make_bid(lot, supplier, bidder, price=Decimal(250_000))
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "sealed")
    assert first.ended_at == second.received_at
    assert receipts.verify(first.receipt).genuine, "what was received then was received"


def test_withdrawal_until_the_deadline(lot, now, at):
    supplier, bidder = make_supplier()
    bid = make_bid(lot, supplier, bidder)
    services_bidding.withdraw_bid(actor=bidder, bid=bid, now=now)
    bid.refresh_from_db()
    assert bid.state == "withdrawn"
    with pytest.raises(NothingToWithdraw):
        services_bidding.withdraw_bid(actor=bidder, bid=bid, now=now)
    again = make_bid(lot, supplier, bidder)
    with pytest.raises(PermissionRefused):
        services_bidding.withdraw_bid(actor=make_supplier()[1], bid=again, now=now)
    at(lot.tender.bid_deadline + timedelta(seconds=1))
    with pytest.raises(BiddingClosed):
        services_bidding.withdraw_bid(actor=bidder, bid=again, now=now)
    again.refresh_from_db()
    assert again.state == "sealed"


def test_the_draft_goes_with_the_sealing(lot, now):
    supplier, bidder = make_supplier()
    draft = services_bidding.save_draft(
        actor=bidder, lot=lot, supplier=supplier, values={"contact_name": "李示例"}, now=now
    )
    services_bidding.attach_files(actor=bidder, draft=draft, files=[("a.pdf", PDF)], now=now)
    assert services_bidding.draft_values(BidDraft.objects.get()) == {"contact_name": "李示例"}
    make_bid(lot, supplier, bidder)
    assert not BidDraft.objects.exists()
    assert not DraftAttachment.objects.exists()


# In the browser


def test_a_bid_from_the_first_page_to_the_receipt(lot, client_for):
    supplier, bidder = make_supplier()
    client = client_for(bidder)
    form = f"/procurement/{lot.tender_id}/lots/1/bid/"
    from django.core.files.uploadedfile import SimpleUploadedFile

    answers = {f"response_{c.pk}": "按月到村。" for c in lot.criteria.exclude(kind="price")}
    typed = {
        "supplier": supplier.pk, "price_0": "２８０，000.00", "price_1": "CNY", "legal_representative": "张示例",
        "contact_name": "李示例", "contact_phone": "0855-1", "team": "王示例，15226201510000001，五年", "note": "", **answers,
        "files": SimpleUploadedFile("方案.pdf", PDF), "check": "1",
    }  # fmt: skip
    response = client.post(form, typed)
    assert response.status_code == 302, response.context["form"].errors
    assert "/review/" in response["Location"]
    review = client.get(response["Location"])
    assert "¥280,000" in review.content.decode()
    key = str(uuid.uuid4())
    sealed = client.post(f"{form}review/", {"supplier": supplier.pk, "request_key": key})
    again = client.post(f"{form}review/", {"supplier": supplier.pk, "request_key": key})
    assert sealed["Location"] == again["Location"]
    bid = Bid.objects.get()
    assert client.get(sealed["Location"]).status_code == 200
    assert client.get(f"/procurement/bids/{bid.receipt_id}/receipt.pdf").content.startswith(b"%PDF")
    replacing = client.get(f"{form}?supplier={supplier.pk}").content.decode()
    assert f'href="/procurement/bids/{bid.receipt_id}/"' in replacing, (
        "the form says which bid stands until the new one is sealed"
    )
    receipt = client.get(f"/procurement/bids/{bid.receipt_id}/receipt.json").content.decode()
    checked = client_for().post("/procurement/receipts/verify/", {"receipt": receipt}).content.decode()
    assert f"{timezone.localtime(bid.received_at):%Y-%m-%d %H:%M:%S}" in checked


def test_a_price_that_can_be_read_in_two_ways_is_no_price(lot, client_for):
    supplier, bidder = make_supplier()
    client, form = client_for(bidder), f"/procurement/{lot.tender_id}/lots/1/bid/"
    typed = {"supplier": supplier.pk, "price_0": "28,00", "price_1": "CNY", "check": "1"}
    response = client.post(form, typed)
    assert response.status_code == 200
    assert "1,234,567.89" in response.context["form"].errors["price"][0]
    assert 'value="28,00"' in response.content.decode()
    # What the draft kept of it is neither 28 nor 2800 when it is checked.
    assert "¥28" not in client.get(f"{form}review/?supplier={supplier.pk}").content.decode()


def test_a_form_with_an_error_keeps_what_was_typed(lot, client_for):
    from django.core.files.uploadedfile import SimpleUploadedFile

    supplier, bidder = make_supplier()
    form = f"/procurement/{lot.tender_id}/lots/1/bid/"
    response = client_for(bidder).post(
        form,
        {
            "supplier": supplier.pk,
            "contact_name": "留下的名字",
            "files": SimpleUploadedFile("病毒.pdf", b"MZ"),
            "save": "1",
        },
    )
    text = response.content.decode()
    assert response.status_code == 200
    assert "留下的名字" in text
    assert "病毒.pdf" in text
    assert services_bidding.draft_values(BidDraft.objects.get())["contact_name"] == "留下的名字"


def test_all_that_is_missing_is_said_at_once(now, client_for):
    tender = make_tender(now=now)
    lot = tender.lots.get(number=1)
    supplier, bidder = make_supplier()
    over = f"{lot.ceiling.amount + 1}"
    services_bidding.save_draft(actor=bidder, lot=lot, supplier=supplier, values={"price": over}, now=now)
    page = f"/procurement/{tender.pk}/lots/1/bid/review/?supplier={supplier.pk}"
    text = client_for(bidder, language="en").get(page).content.decode()
    assert "above the ceiling of this lot" in text
    for field in ("price_0", "legal_representative", "contact_name", "contact_phone", "team"):
        assert f'#id_{field}"' in text
    judged = [c for c in lot.criteria.all() if c.kind == "judged"]
    assert judged
    assert all(f"#id_response_{c.pk}" in text for c in judged)
    with pytest.raises(BidNotFit) as refusal:
        check_content(a_bid(lot, price=lot.ceiling.amount + 1, team=()), ceiling=lot.ceiling, judged={})
    assert refusal.value.code == "over_ceiling"


def test_what_could_not_be_read_at_the_opening_is_not_sealed(now):
    lot = make_tender(now=now).lots.get(number=1)
    found = problems_of(a_bid(lot, note="报价\x00说明"), ceiling=lot.ceiling, judged={})
    assert [problem.code for problem in found] == [BidNotFit.code]
    assert not problems_of(a_bid(lot, note="报价说明"), ceiling=lot.ceiling, judged={})


@pytest.mark.parametrize(
    "pasted", ["[" * 9000, "{}", "null", '{"schema": "receipt/1"}'], ids=["deep", "empty", "null", "part"]
)
def test_whatever_is_pasted_is_answered(client_for, pasted):
    page = client_for().post(reverse("procurement:verify"), {"receipt": pasted})
    assert page.status_code == 200
