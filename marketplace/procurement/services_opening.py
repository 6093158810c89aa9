"""From the deadline to a list of valid bids: shares, opening, check, and the end of a procedure that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from marketplace.accounts.models import User
from marketplace.audit.models import Event
from marketplace.audit.services import record
from marketplace.core import events
from marketplace.core.canonical import canonical_json
from marketplace.core.clock import database_now
from marketplace.core.locks import lock_row
from marketplace.core.mail import LANGUAGES, tell
from marketplace.core.permissions import require
from marketplace.core.sealing import CannotOpen, open_sealed
from marketplace.core.states import IllegalTransition, apply_transition
from marketplace.core.words import exact_words

from . import bid_content, budget, keys, news
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    BidUnreadable,
    CheckClosed,
    GroundNotMet,
    LowPriceUnexplained,
    OverCeiling,
    ReasonMissing,
    TooEarly,
    TooFewBidders,
    TooFewShares,
    TooManyTries,
)
from .events import TenderFailed
from .models import (
    Bid,
    FailureGround,
    InvalidReason,
    KeyShare,
    Lot,
    LotFailure,
    NoticeKind,
    OpenedBid,
    OpenedFile,
    Tender,
)
from .notices import publish_notice
from .notices_result import failure_notice
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
    at = _after_deadline(tender)
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


def _after_deadline(tender: Tender) -> datetime:
    """The database's clock, read under the tender's lock; the deadline's own instant still belongs to the bidders."""
    at = database_now()
    if tender.bid_deadline is None or at <= tender.bid_deadline:
        raise TooEarly(deadline=exact_words(tender.bid_deadline) if tender.bid_deadline else "–")
    return at


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
    at = _after_deadline(tender)
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
            raise LowPriceUnexplained(field="price_explanation", supplier=opened_bid.bid.supplier.name)
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


def settle_check(tender: Tender, *, actor: User, now: datetime) -> None:
    """Bids found invalid become so, once the check is over (the panel is drawn, or the procedure fails)."""
    for opened in selectors.opened_bids(tender).filter(qualified=False, bid__state=BidState.OPENED):
        apply_transition(BID, opened.bid, "invalidate", actor=actor, now=now, reason=opened.invalid_code)


# Failing


_WORDS = {
    FailureGround.TOO_FEW: _(
        "Fewer than %(fewest)s bidders take part or meet the conditions (政府采购法 art. 36 (1))."
    ),
    FailureGround.UNLAWFUL: _("Unlawful acts affected the fairness of the procedure (政府采购法 art. 36 (2))."),
    FailureGround.OVER_BUDGET: _(
        "Every price is above the budget, which the buyer cannot exceed (政府采购法 art. 36 (3))."
    ),
    FailureGround.CANCELLED: _("A major change of circumstances cancels the task (政府采购法 art. 36 (4))."),
}


def both_languages(text: Any, **params: object) -> tuple[str, str]:
    """(Chinese, English) of a translatable text."""
    found = []
    for language in LANGUAGES:
        with override(language):
            found.append(str(text) % params if params else str(text))
    return found[0], found[1]


def failure_words(tender: Tender, ground: str, note: str = "", note_en: str = "") -> tuple[str, str]:
    """The published reason in Chinese and English: the law's ground, then what people added."""
    zh, en = both_languages(_WORDS[FailureGround(ground)], fewest=selectors.fewest_bidders(tender))
    return f"{zh}{note}", f"{en} {note_en}".strip()


def fail_lots(
    tender: Tender, lots: Sequence[Lot], ground: str, *, words: tuple[str, str], actor: User, now: datetime
) -> list[LotFailure]:
    """End ``lots`` without an award and give their reservation back; part of the caller's transaction."""
    reason, reason_en = words
    failures = []
    for lot in lots:
        failure = LotFailure.objects.create(
            lot=lot, ground=ground, reason=reason, reason_en=reason_en, decided_by=actor, decided_at=now
        )
        budget.release(tender, lot.ceiling, key=f"lot:{lot.pk}:failed", actor=actor, now=now)
        record(actor=actor, action="lot.fail", subject=lot, now=now, reason=reason, data={"ground": ground})
        failures.append(failure)
    return failures


def fail_short_lots(tender: Tender, lots: Sequence[Lot], *, actor: User, now: datetime) -> None:
    """Lots with too few bidders fail while the others go on; published at once."""
    words = failure_words(tender, FailureGround.TOO_FEW)
    failures = fail_lots(tender, lots, FailureGround.TOO_FEW, words=words, actor=actor, now=now)
    publish_notice(
        tender=tender,
        kind=NoticeKind.FAILURE,
        content=failure_notice(tender, failures, whole=False),
        actor=actor,
        now=now,
    )
    tell(
        news.bidders_people(tender, lots),
        _("A lot of %(reference)s has failed"),
        _("Lot %(lots)s of “%(reference)s” ended without an award. The reason is published on its page."),
        reverse("procurement:tender", args=[tender.pk]),
        reference=tender.reference,
        lots=", ".join(str(lot.number) for lot in lots),
    )


@transaction.atomic
def fail_tender(
    *, actor: User, tender: Tender, ground: str, note: str = "", note_en: str = "", now: datetime
) -> Tender:
    """Give the procurement up (废标, 政府采购法 art. 36): publish why, tell the bidders, give the reservation back.

    Too few bidders and prices above the budget are facts, which are checked, and which an officer may state. Unlawful
    acts and a cancelled task are found by an approving officer who did not draft, with a reason in ``note``.

    Raises:
        PermissionRefused, IllegalTransition, TooEarly, ReasonMissing
        TooFewShares: too few bidders are stated before enough shares are released to open the bids.
        GroundNotMet: the facts are otherwise.
    """
    tender = lock_row(Tender, tender.pk)
    if ground not in FailureGround.values:
        raise ReasonMissing(_("Choose the legal ground."), field="ground")
    stated_fact = ground in (FailureGround.TOO_FEW, FailureGround.OVER_BUDGET)
    require(rules.can_state_failure if stated_fact else rules.can_decide, actor, tender)
    if not TENDER.allows("fail", tender.state):
        raise IllegalTransition
    if tender.state == TenderState.PUBLISHED:
        _after_deadline(tender)
    note, note_en = note.strip(), note_en.strip()
    lots = selectors.live_lots(tender)
    if ground == FailureGround.TOO_FEW:
        _check_too_few(tender, lots)
    elif ground == FailureGround.OVER_BUDGET:
        _check_over_budget(tender, lots)
    elif not note:
        raise ReasonMissing(field="note")
    settle_check(tender, actor=actor, now=now)
    KeyShare.objects.filter(tender=tender).update(released="")
    words = failure_words(tender, ground, note, note_en)
    failures = fail_lots(tender, lots, ground, words=words, actor=actor, now=now)
    apply_transition(
        TENDER,
        tender,
        "fail",
        actor=actor,
        now=now,
        reason=words[0],
        data={"ground": ground},
        changes={"failure_reason": words[0], "failure_reason_en": words[1]},
    )
    publish_notice(
        tender=tender,
        kind=NoticeKind.FAILURE,
        content=failure_notice(tender, failures, whole=True),
        actor=actor,
        now=now,
    )
    tell(
        news.bidders_people(tender),
        _("%(reference)s has failed"),
        _("The procurement “%(reference)s” ended without an award. The reason is published on its page."),
        reverse("procurement:tender", args=[tender.pk]),
        reference=tender.reference,
    )
    events.publish(TenderFailed(tender.pk))
    return tender


def bidders_left(tender: Tender, lots: Iterable[Lot]) -> dict[int, int]:
    """By lot: the bids that stand (sealed before the opening; afterwards those not found invalid)."""
    left = {lot.pk: 0 for lot in lots}
    if tender.state == TenderState.PUBLISHED:
        standing = Bid.objects.filter(lot__tender=tender, state=BidState.SEALED).order_by("pk")
        found = list(standing.values_list("lot_id", flat=True))
    else:
        valid = selectors.opened_bids(tender).exclude(qualified=False)
        found = list(valid.values_list("bid__lot_id", flat=True))
    for lot_id in found:
        if lot_id in left:
            left[lot_id] += 1
    return left


def _check_too_few(tender: Tender, lots: list[Lot]) -> None:
    if tender.state == TenderState.PUBLISHED:
        # How many bids there are is known when they could be opened, not before: else this would be a way to ask.
        released = KeyShare.objects.filter(tender=tender, released_at__isnull=False).count()
        if released < tender.key_threshold:
            raise TooFewShares(released=released, needed=tender.key_threshold)
    fewest = selectors.fewest_bidders(tender)
    left = bidders_left(tender, lots)
    enough = [lot.number for lot in lots if left[lot.pk] >= fewest]
    if enough:
        raise GroundNotMet(
            facts=ngettext("lot %(lots)s has enough bidders", "lots %(lots)s have enough bidders", len(enough))
            % {"lots": ", ".join(map(str, enough))}
        )


def _check_over_budget(tender: Tender, lots: list[Lot]) -> None:
    within = selectors.opened_bids(tender).filter(bid__lot__in=lots, price__isnull=False)
    if tender.state == TenderState.PUBLISHED or any(bid.price <= bid.bid.lot.ceiling for bid in within):
        raise GroundNotMet(facts=gettext("there is a price within the ceiling, or the bids are not opened yet"))
