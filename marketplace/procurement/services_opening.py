"""From the deadline to a list of valid bids: shares, opening, check."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from marketplace.accounts.models import User
from marketplace.audit.models import Event
from marketplace.audit.services import record
from marketplace.core.canonical import canonical_json
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.sealing import CannotOpen, open_sealed
from marketplace.core.states import IllegalTransition, apply_transition

from . import bid_content, keys
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    BidUnreadable,
    CheckClosed,
    LowPriceUnexplained,
    OverCeiling,
    ReasonMissing,
    TooFewBidders,
    TooFewShares,
    TooManyTries,
)
from .models import (
    Bid,
    InvalidReason,
    KeyShare,
    Lot,
    LotFailure,
    OpenedBid,
    OpenedFile,
    Tender,
)
from .services_failing import after_deadline, fail_short_lots
from .states import BID, TENDER, BidState, TenderState

WRONG_TRIES = 5
TRIES_WITHIN = timedelta(minutes=15)
_MAX_PRICE = Decimal(10) ** 14


# Shares


@sensitive_variables("passphrase")
def release_share(*, actor: User, tender: Tender, passphrase: str, now: datetime) -> KeyShare:
    """A key-holder's own share, opened with the holder's passphrase and kept for the opening. Repeating changes nothing.

    A wrong passphrase leaves its event, which is why this function is no single transaction.

    Raises:
        PermissionRefused: no share of this tender is the actor's.
        TooEarly: by the database's clock bids may still come.
        WrongPassphrase, TooManyTries
    """
    with transaction.atomic():
        share = _try_release(actor, tender, passphrase, now)
    if share is None:
        raise keys.WrongPassphrase
    return share


@sensitive_variables("passphrase", "opened")
def _try_release(actor: User, tender: Tender, passphrase: str, now: datetime) -> KeyShare | None:
    """The released share, or None (and an event) if the passphrase is wrong."""
    tender = lock_row(Tender, tender.pk)
    require(rules.can_release_share, actor, tender, message=_("You hold no share of this tender's key."))
    at = after_deadline(tender)
    share = KeyShare.objects.select_for_update(of=("self",)).get(tender=tender, holder=actor)
    if share.released_at is not None:
        return share
    if not TENDER.allows("open", tender.state):
        raise IllegalTransition
    wrong = Event.objects.filter(
        action="key_share.wrong_passphrase",
        subject_type="procurement.keyshare",
        subject_id=str(share.pk),
        occurred_at__gt=now - TRIES_WITHIN,
    ).count()
    if wrong >= WRONG_TRIES:
        raise TooManyTries
    try:
        opened = keys.open_share(share, passphrase)
    except keys.WrongPassphrase:
        record(actor=actor, action="key_share.wrong_passphrase", subject=share, now=now)
        return None
    share.released, share.released_at = opened, at
    share.save(update_fields=["released", "released_at"])
    record(actor=actor, action="key_share.release", subject=share, now=now, data={"tender": tender.reference})
    return share


# Opening


@sensitive_variables("private", "shares")
@transaction.atomic
def open_bids(*, actor: User, tender: Tender, now: datetime) -> Tender:
    """Open every sealed bid of the lots that have enough bidders; the other lots fail, their bids stay sealed for ever.

    The shares are wiped and the list of all digests is recorded in the same transaction. A bid that cannot be read is
    invalid, with its reason; the others are opened all the same. Opening what is open changes nothing.

    Raises:
        PermissionRefused, TooEarly, TooFewShares
        TooFewBidders: no lot can be opened: the way on is ``fail_tender``.
        SharesDoNotFit: the key that comes out is not this tender's.
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_open, actor, tender)
    if tender.state == TenderState.OPENED:
        return tender
    if not TENDER.allows("open", tender.state):
        raise IllegalTransition
    at = after_deadline(tender)
    released = list(KeyShare.objects.filter(tender=tender, released_at__isnull=False).order_by("pk"))
    if len(released) < tender.key_threshold:
        raise TooFewShares(released=len(released), needed=tender.key_threshold)
    fewest = selectors.fewest_bidders(tender)
    sealed = _sealed_by_lot(tender)
    failing = [lot for lot, bids in sealed.items() if len(bids) < fewest]
    if len(failing) == len(sealed):
        raise TooFewBidders(fewest=fewest)
    private = keys.combine(
        [share.released for share in released], tender.key_threshold, bytes(tender.public_key or b"")
    )
    listed = selectors.opening_list(tender)
    apply_transition(
        TENDER,
        tender,
        "open",
        actor=actor,
        now=now,
        changes={"opened_at": at},
        data={
            "bids": listed,
            "digest": selectors.opening_digest(tender),
            "holders": [share.holder_id for share in released],
        },
    )
    for lot, bids in sealed.items():
        if lot not in failing:
            for bid in bids:
                _open_one(bid, lot, private, actor=actor, at=at, now=now)
    del private
    KeyShare.objects.filter(tender=tender).update(released="")
    if failing:
        fail_short_lots(tender, failing, actor=actor, now=now)
    return tender


def _sealed_by_lot(tender: Tender) -> dict[Lot, list[Bid]]:
    found: dict[Lot, list[Bid]] = {lot: [] for lot in tender.lots.order_by("number")}
    bids = Bid.objects.filter(lot__tender=tender, state=BidState.SEALED).select_related("supplier").order_by("pk")
    for bid in bids.defer("sealed_content"):
        found[next(lot for lot in found if lot.pk == bid.lot_id)].append(bid)
    return found


@sensitive_variables("private", "plaintext", "content", "whole")
def _open_one(bid: Bid, lot: Lot, private: bytes, *, actor: User, at: datetime, now: datetime) -> None:
    sealed = bytes(bid.sealed_content)
    bid.lot = lot
    apply_transition(BID, bid, "open", actor=actor, now=now, data={"digest": hashlib.sha256(sealed).hexdigest()})
    try:
        plaintext = open_sealed(private, sealed, keys.bid_context(lot, bid.supplier_id))
        content, whole = _read(plaintext, bid, lot)
    except (CannotOpen, _Unreadable):
        OpenedBid.objects.create(
            bid=bid, content={}, opened_at=at, qualified=False, invalid_code=InvalidReason.UNREADABLE, checked_at=now
        )
        apply_transition(BID, bid, "invalidate", actor=actor, now=now, reason=InvalidReason.UNREADABLE)
        return
    del plaintext
    opened = OpenedBid.objects.create(  # type: ignore[misc]  # djmoney takes Money
        bid=bid,
        price=content.price,
        small_or_micro=content.small_or_micro,
        content=whole,
        contact_phone=content.contact_phone,
        opened_at=at,
    )
    OpenedFile.objects.bulk_create(
        OpenedFile(
            opened_bid=opened,
            position=position,
            name=file.name[:120],
            media_type=bid_content.PDF,
            size=len(file.data),
            digest=file.digest,
            data=file.data,
        )
        for position, file in enumerate(content.attachments)
    )


class _Unreadable(Exception):
    """The bytes open but are no bid of this row."""


@sensitive_variables("plaintext", "content", "whole")
def _read(plaintext: bytes, bid: Bid, lot: Lot) -> tuple[bid_content.BidContent, dict[str, Any]]:
    """The content, and its JSON without files and phone, whatever a hostile bidder sealed."""
    try:
        content, whole = bid_content.unpack(plaintext)
        fits = (
            canonical_json(whole) == plaintext
            and b"\\u0000" not in plaintext  # which the database's JSON cannot hold
            and whole["schema"] == bid_content.SCHEMA
            and (whole["tender"], whole["lot"]) == (lot.tender.reference, lot.number)
            and whole["supplier"] == (bid.supplier.credit_code or "")
            and Decimal(0) < content.price.amount < _MAX_PRICE
            and content.price.amount == content.price.amount.quantize(Decimal("0.01"))
            and all(isinstance(text, str) for text in (content.contact_phone, content.note))
            and all(
                hashlib.sha256(a.data).hexdigest() == v["sha256"]
                for a, v in zip(content.attachments, whole["attachments"], strict=True)
            )
        )
    # ValueError: among them JSON, Unicode and base64.
    except (AttributeError, InvalidOperation, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _Unreadable from error
    if not fits:
        raise _Unreadable
    for file in whole["attachments"]:
        file.pop("data", None)
    whole["contact"].pop("phone", None)
    return content, whole


# The check


@transaction.atomic
def check_qualification(
    *,
    actor: User,
    opened_bid: OpenedBid,
    qualified: bool,
    reason: str = "",
    code: str = "",
    price_explanation: str = "",
    now: datetime,
) -> OpenedBid:
    """What the buyer's officer finds about a bid; may be corrected until the panel is drawn.

    Args:
        code: why it is invalid, one of ``InvalidReason`` (default: the conditions are not met), with ``reason`` in words.
        price_explanation: how the bidder explains an unusually low price; needed to find such a bid valid.

    Raises:
        PermissionRefused, CheckClosed, BidUnreadable, OverCeiling, LowPriceUnexplained, ReasonMissing
    """
    tender = lock_row(Tender, opened_bid.bid.lot.tender_id)
    require(rules.can_run, actor, tender)
    bids = {bid.pk: bid for bid in selectors.opened_bids(tender)}
    opened_bid = bids[opened_bid.pk]
    if (
        tender.state != TenderState.OPENED
        or tender.evaluators.exists()
        or LotFailure.objects.filter(lot_id=opened_bid.bid.lot_id).exists()
    ):
        raise CheckClosed
    if opened_bid.price is None:
        raise BidUnreadable
    reason, price_explanation = reason.strip(), price_explanation.strip()
    if qualified:
        code = reason = ""
        if opened_bid.price > opened_bid.bid.lot.ceiling:
            raise OverCeiling(field="code")
        opened_bid.qualified = None
        if opened_bid.pk in selectors.low_price_signs(tender, bids.values()) and not price_explanation:
            raise LowPriceUnexplained(field="price_explanation", supplier=localized(opened_bid.bid.supplier, "name"))
    else:
        code = code or InvalidReason.UNQUALIFIED
        if not reason:
            raise ReasonMissing(field="reason")
        if code not in InvalidReason.values or code == InvalidReason.UNREADABLE:
            raise ReasonMissing(_("Choose the ground on which the bid is invalid."), field="code")
    opened_bid.qualified = qualified
    opened_bid.invalid_code = code
    opened_bid.invalid_reason = reason
    opened_bid.price_explanation = price_explanation
    opened_bid.checked_by, opened_bid.checked_at = actor, now
    opened_bid.save(
        update_fields=["qualified", "invalid_code", "invalid_reason", "price_explanation", "checked_by", "checked_at"]
    )
    record(
        actor=actor,
        action="opened_bid.check",
        subject=opened_bid,
        now=now,
        reason=reason,
        data={"qualified": qualified, "code": code, "price_explained": bool(price_explanation)},
    )
    return opened_bid
