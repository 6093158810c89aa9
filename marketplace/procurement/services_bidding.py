"""Sealed bids: a draft that only its supplier reads, and an envelope that nobody opens before the key-holders do.

Whether a bid is in time is decided by the database's clock, read while the tender's row is held: bids share it (FOR
SHARE), an amendment of the deadline takes it for itself (FOR UPDATE), so one of the two sees the other. A trigger holds
the same. What the record says about sealed bids is told to nobody but their supplier before the opening; see
``docs/decisions/0003-sealed-bids.md``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.rules import PUBLIC_KINDS
from marketplace.accounts.selectors import is_sanctioned
from marketplace.audit.services import record
from marketplace.core import clock
from marketplace.core.locks import lock_name
from marketplace.core.permissions import require
from marketplace.core.sealing import seal_to
from marketplace.core.states import apply_transition

from . import receipts, rules
from .bid_content import (
    MAX_FILES,
    Attachment,
    BidContent,
    check_content,
    check_file,
    pack,
)
from .errors import (
    BiddingClosed,
    BiddingNotOpen,
    FileNotAccepted,
    NotASupplier,
    NothingToWithdraw,
    RequestKeyTaken,
    SupplierExcluded,
)
from .keys import bid_context
from .models_bidding import Bid, BidDraft, DraftAttachment
from .models_tender import CriterionKind, Lot, Tender
from .receipts import Verification
from .states import BID, BidState, TenderState

# Drafts


@transaction.atomic
@sensitive_variables("content", "values")
def save_draft(*, actor: User, lot: Lot, supplier: Organisation, values: dict[str, Any], now: datetime) -> BidDraft:
    """Keep what was typed so far, encrypted; ``values`` are plain JSON (see ``forms_bidding``). Last writer wins."""
    check_supplier(actor, supplier, now)
    _check_open(lot.tender, now)
    draft, _created = BidDraft.objects.update_or_create(
        lot=lot, supplier=supplier, defaults={"content": json.dumps(values), "saved_by": actor, "saved_at": now}
    )
    return draft


def draft_values(draft: BidDraft | None) -> dict[str, Any]:
    """What was kept; empty if nothing was."""
    return json.loads(draft.content) if draft is not None and draft.content else {}


@transaction.atomic
@sensitive_variables("files", "accepted")
def attach_files(
    *, actor: User, draft: BidDraft, files: Sequence[tuple[str, bytes]], now: datetime
) -> list[DraftAttachment]:
    """Add files (name, bytes) to a draft, encrypted like it. All are accepted or none.

    Raises:
        FileNotAccepted: no PDF, too large, or more than five in all.
    """
    check_supplier(actor, draft.supplier, now)
    accepted = [check_file(name, data) for name, data in files]
    lock_name(f"bid:{draft.lot_id}:{draft.supplier_id}")
    known = set(draft.attachments.values_list("digest", flat=True))
    fresh = {a.digest: a for a in accepted if a.digest not in known}
    if len(known) + len(fresh) > MAX_FILES:
        raise FileNotAccepted(_("Attach at most five files."), code="too_many_files", field="files")
    return [
        DraftAttachment.objects.create(
            draft=draft,
            name=a.name,
            size=len(a.data),
            digest=a.digest,
            content=base64.b64encode(a.data).decode(),
        )
        for a in fresh.values()
    ]


@transaction.atomic
def remove_attachment(*, actor: User, attachment: DraftAttachment, now: datetime) -> None:
    check_supplier(actor, attachment.draft.supplier, now)
    attachment.delete()


@transaction.atomic
def discard_draft(*, actor: User, draft: BidDraft, now: datetime) -> None:
    """Throw an unfinished bid away."""
    check_supplier(actor, draft.supplier, now)
    draft.delete()


def attached(draft: BidDraft | None) -> tuple[Attachment, ...]:
    """The draft's files as they are sealed."""
    if draft is None:
        return ()
    return tuple(Attachment(a.name, base64.b64decode(a.content)) for a in draft.attachments.all())


# Sealing


@sensitive_variables("content", "plaintext", "sealed")
def submit_bid(
    *, actor: User, lot: Lot, supplier: Organisation, content: BidContent, request_key: uuid.UUID, now: datetime
) -> Bid:
    """Seal and store a bid; an earlier one of the same supplier is replaced. The same ``request_key`` answers with the
    first result. The draft goes with the sealing: from here on nobody can read the content until the opening.

    ``now`` is what the record says; the deadline is decided by the database's clock under the tender's lock.

    Raises:
        BiddingClosed, BiddingNotOpen: nothing was kept.
        BidNotFit, FileNotAccepted: over the ceiling, a part is missing, a file is not accepted.
        NotASupplier, SupplierExcluded, RequestKeyTaken
    """
    repeated = _repeated(actor, lot, supplier, request_key)
    if repeated is not None:
        return repeated
    check_supplier(actor, supplier, now)
    tender = lot.tender
    if tender.state != TenderState.PUBLISHED or not tender.public_key:
        raise BiddingNotOpen
    judged = {c.pk: c.title for c in lot.criteria.all() if c.kind == CriterionKind.JUDGED}
    check_content(content, ceiling=lot.ceiling, judged=judged)
    for attachment in content.attachments:
        check_file(attachment.name, attachment.data)
    plaintext = pack(content, tender=tender.reference, lot=lot.number, supplier=supplier.credit_code or "")
    # Sealed before the lock is taken: cryptography of megabytes must not hold up the deadline.
    sealed = seal_to(bytes(tender.public_key), plaintext, bid_context(lot, supplier.pk))
    return _store(actor, lot, supplier, sealed, request_key, now)


@transaction.atomic
def _store(actor: User, lot: Lot, supplier: Organisation, sealed: bytes, request_key: uuid.UUID, now: datetime) -> Bid:
    # One supplier's own repetitions wait for each other; other suppliers are not held up.
    lock_name(f"bid:{lot.pk}:{supplier.pk}")
    repeated = _repeated(actor, lot, supplier, request_key)
    if repeated is not None:
        return repeated
    tender = _share_tender(lot.tender_id)
    received_at = clock.database_now()
    _require_open(tender, received_at)
    previous = Bid.objects.defer("sealed_content").filter(lot=lot, supplier=supplier, state=BidState.SEALED).first()
    if previous is not None:
        apply_transition(BID, previous, "replace", actor=actor, now=now, changes={"ended_at": received_at})
    bid = Bid(
        pk=_next_key(),
        receipt_id=uuid.uuid4(),
        lot=lot,
        supplier=supplier,
        submitted_by=actor,
        sealed_content=sealed,
        digest=hashlib.sha256(sealed).hexdigest(),
        request_key=request_key,
        received_at=received_at,
    )
    event = record(actor=actor, action="bid.submit", subject=bid, now=now, data={"digest": bid.digest})
    assert tender.bid_deadline is not None  # noqa: S101 (a published tender has one: published_tender_is_complete)
    bid.receipt = receipts.make_receipt(
        bid,
        tender_reference=tender.reference,
        lot=lot.number,
        credit_code=supplier.credit_code or "",
        deadline=tender.bid_deadline,
        audit_event=event.pk,
    )
    bid.save(force_insert=True)
    BidDraft.objects.filter(lot=lot, supplier=supplier).delete()
    return bid


@transaction.atomic
def withdraw_bid(*, actor: User, bid: Bid, now: datetime) -> Bid:
    """Take a sealed bid back, before the deadline. It stays sealed for ever; another may be handed in.

    Raises:
        NothingToWithdraw: it was replaced or withdrawn meanwhile.
        BiddingClosed, BiddingNotOpen
    """
    require(rules.can_bid_for, actor, bid.supplier)
    lock_name(f"bid:{bid.lot_id}:{bid.supplier_id}")
    tender = _share_tender(bid.lot.tender_id)
    moment = clock.database_now()
    _require_open(tender, moment)
    bid = Bid.objects.defer("sealed_content").get(pk=bid.pk)
    if bid.state != BidState.SEALED:
        raise NothingToWithdraw
    apply_transition(BID, bid, "withdraw", actor=actor, now=now, changes={"ended_at": moment})
    return bid


def verify_receipt(*, text: str) -> Verification:
    """Whether a pasted receipt is genuine. Anybody may ask."""
    return receipts.verify(receipts.parse(text))


# Checks


def check_supplier(actor: User, supplier: Organisation, now: datetime) -> None:
    """Any registered supplier may bid, verified or not (财库〔2019〕38号); an excluded one may not.

    Raises:
        NotASupplier, PermissionRefused, SupplierExcluded
    """
    if supplier.kind in PUBLIC_KINDS or not supplier.credit_code:
        raise NotASupplier
    require(rules.can_bid_for, actor, supplier)
    if is_sanctioned(supplier, timezone.localdate(now)):
        raise SupplierExcluded


def _check_open(tender: Tender, now: datetime) -> None:
    if tender.state != TenderState.PUBLISHED:
        raise BiddingNotOpen
    _require_open(tender, now)


def _require_open(tender: Tender, moment: datetime) -> None:
    if tender.state != TenderState.PUBLISHED or tender.bid_deadline is None:
        raise BiddingNotOpen
    if moment > tender.bid_deadline:
        raise BiddingClosed(deadline=f"{timezone.localtime(tender.bid_deadline):%Y-%m-%d %H:%M:%S}")


def _repeated(actor: User, lot: Lot, supplier: Organisation, request_key: uuid.UUID) -> Bid | None:
    first = Bid.objects.defer("sealed_content").filter(request_key=request_key).first()
    if first is None:
        return None
    if (first.lot_id, first.supplier_id) != (lot.pk, supplier.pk) or not rules.can_bid_for(actor, supplier):
        raise RequestKeyTaken
    return first


def _share_tender(pk: int) -> Tender:
    """The tender, fresh, its row shared with other bids and closed to an amendment until we commit."""
    # The ORM has no FOR SHARE.
    return next(iter(Tender.objects.raw("SELECT * FROM procurement_tender WHERE id = %s FOR SHARE", [pk])))


def _next_key() -> int:
    """The key of the next bid, drawn first: its audit event, named in its receipt, is written before the bid."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('procurement_bid', 'id'))")
        return int(cursor.fetchone()[0])
