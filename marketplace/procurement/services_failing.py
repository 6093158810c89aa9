"""The end of a procedure, or of single lots, without an award.

An open tender fails (废标, 政府采购法 art. 36), a consultation is terminated (终止, 财库〔2014〕214号 arts. 34 and 35).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core import events
from marketplace.core.clock import database_now
from marketplace.core.locks import lock_row
from marketplace.core.mail import LANGUAGES, tell
from marketplace.core.permissions import require
from marketplace.core.states import IllegalTransition, apply_transition
from marketplace.core.words import exact_words

from . import budget, news
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    GroundNotMet,
    ReasonMissing,
    TooEarly,
    TooFewShares,
)
from .events import TenderFailed
from .models import (
    Bid,
    FailureGround,
    KeyShare,
    Lot,
    LotFailure,
    NoticeKind,
    Tender,
)
from .notices import publish_notice
from .notices_result import failure_notice
from .states import BID, TENDER, BidState, TenderState


def both_languages(text: Any, **params: object) -> tuple[str, str]:
    """(Chinese, English) of a translatable text."""
    found = []
    for language in LANGUAGES:
        with override(language):
            found.append(str(text) % params if params else str(text))
    return found[0], found[1]


def failure_words(tender: Tender, ground: str, note: str = "", note_en: str = "") -> tuple[str, str]:
    """The published reason in Chinese and English: the law's ground, then what people added."""
    zh, en = both_languages(tender.wording.reasons[ground], fewest=selectors.fewest_bidders(tender))
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
        data = {"ground": ground, "reason_en": reason_en}
        record(actor=actor, action="lot.fail", subject=lot, now=now, reason=reason, data=data)
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
        _("A lot of %(reference)s ended without an award"),
        _("Lot %(lots)s of “%(reference)s” ended without an award. The reason is published on its page."),
        reverse("procurement:tender", args=[tender.pk]),
        reference=tender.reference,
        lots=", ".join(str(lot.number) for lot in lots),
    )


@transaction.atomic
def fail_tender(
    *, actor: User, tender: Tender, ground: str, note: str = "", note_en: str = "", now: datetime
) -> Tender:
    """Give the procurement up (废标, in a consultation 终止): publish why, tell the bidders, give the reservation back.

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
        after_deadline(tender)
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
        data={"ground": ground, "reason_en": words[1]},
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
        _("%(reference)s ended without an award"),
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


def after_deadline(tender: Tender) -> datetime:
    """The database's clock, read under the tender's lock; the deadline's own instant still belongs to the bidders."""
    at = database_now()
    if tender.bid_deadline is None or at <= tender.bid_deadline:
        raise TooEarly(deadline=exact_words(tender.bid_deadline) if tender.bid_deadline else "–")
    return at


def settle_check(tender: Tender, *, actor: User, now: datetime) -> None:
    """Bids found invalid become so, once the check is over (the panel is drawn, or the procedure fails)."""
    for opened in selectors.opened_bids(tender).filter(qualified=False, bid__state=BidState.OPENED):
        apply_transition(BID, opened.bid, "invalidate", actor=actor, now=now, reason=opened.invalid_code)
