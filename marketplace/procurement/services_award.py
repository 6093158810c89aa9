"""The decision: one award a lot to the bid ranked first, with reasons, published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core import events
from marketplace.core.locks import lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.words import money_words

from . import news
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import AlreadyDecided, NotFirstRanked
from .events import TenderAwarded
from .models import Award, BidResult, LotFailure, NoticeKind, Tender
from .notices import publish_notice
from .notices_result import result_notice
from .scoring import plain
from .services_failing import both_languages
from .states import TENDER, TenderState

_REASONS = _(
    "Ranked first of %(count)s valid bids with %(total)s points: %(price_points)s for the price of %(price)s "
    "and %(other)s for the other factors, the mean of the scores of %(members)s members."
)
_SMALL = _(
    "This supplier is a small or micro enterprise, so its price was reduced by %(cut)s%% to "
    "%(adjusted)s for the comparison."
)
_TIES = {
    "lower_price": _("Another bid has the same total; the lower price decides."),
    "other_points": _("Another bid has the same total and price; the higher score on the other factors decides."),
    "drawn_by_lot": _("Another bid has the same total and price; a random draw from the published seed decides."),
}


@transaction.atomic
def award_tender(
    *,
    actor: User,
    tender: Tender,
    choices: Mapping[int, int] | None = None,
    note: str = "",
    note_en: str = "",
    now: datetime,
) -> list[Award]:
    """Award every lot that has not failed to its first-ranked bid, publish the result and tell all bidders.

    Args:
        choices: lot's key → bid's key, where a page shows what it is about to award; anything but the first is refused.
        note: what the decider adds to the generated reasons (Chinese; ``note_en`` English), published with them.

    Raises:
        PermissionRefused: not an approving officer of the buyer, or drafted or judged this tender.
        AlreadyDecided: somebody else was first.
        NotFirstRanked, IllegalTransition
    """
    tender = lock_row(Tender, tender.pk)
    require(
        rules.can_decide,
        actor,
        tender,
        message=_(
            "Only an approving officer of the buyer who neither drafted nor evaluated this procurement may decide."
        ),
    )
    if tender.state in (TenderState.AWARDED, TenderState.CONTRACTED):
        raise AlreadyDecided
    panel = selectors.seats(tender)
    awards = []
    for lot in selectors.live_lots(tender):
        results = list(
            BidResult.objects.filter(opened_bid__bid__lot=lot)
            .select_related("opened_bid__bid__supplier")
            .defer("opened_bid__bid__sealed_content")
            .order_by("rank")
        )
        if not results:
            continue
        first = results[0]
        bid = first.opened_bid.bid
        if choices is not None and choices.get(lot.pk, bid.pk) != bid.pk:
            raise NotFirstRanked
        reasons, reasons_en = reasons_for(first, len(first.explanation["members"]))
        try:
            with transaction.atomic():
                award = Award.objects.create(
                    lot=lot,
                    bid=bid,
                    amount=first.opened_bid.price,
                    reasons=f"{reasons}{note.strip()}",
                    reasons_en=f"{reasons_en} {note_en.strip()}".strip(),
                    decided_by=actor,
                    decided_at=now,
                )
        except IntegrityError as error:
            if "unique" in str(error).lower():
                raise AlreadyDecided from error
            raise
        awards.append(award)
    apply_transition(
        TENDER,
        tender,
        "award",
        actor=actor,
        now=now,
        reason=note.strip(),
        data={"awards": [{"lot": a.lot.number, "bid": a.bid_id, "amount": f"{a.amount.amount:.2f}"} for a in awards]},
    )
    failures = LotFailure.objects.filter(lot__tender=tender).select_related("lot").order_by("lot__number")
    publish_notice(
        tender=tender,
        kind=NoticeKind.RESULT,
        content=result_notice(tender, awards, failures, panel),
        actor=actor,
        now=now,
    )
    tell(
        news.bidders_people(tender),
        _("Result of %(reference)s"),
        _("“%(reference)s” is decided. Your letter with your own points, your rank and the reasons is on your page."),
        reverse("procurement:tender", args=[tender.pk]),
        reference=tender.reference,
    )
    events.publish(TenderAwarded(tender.pk))
    return awards


def reasons_for(result: BidResult, members: int) -> tuple[str, str]:
    """Why the first-ranked bid wins, in Chinese and English, from the computed result alone."""
    how = result.explanation
    parts = [
        both_languages(
            _REASONS,
            count=how["of"],
            total=f"{result.total_points:.2f}",
            price_points=f"{result.price_points:.2f}",
            price=money_words(result.opened_bid.price),
            other=f"{result.other_points:.2f}",
            members=members,
        )
    ]
    if how["adjusted"] != how["quoted"]:
        parts.append(both_languages(_SMALL, cut=plain(how["cut_percent"]), adjusted=money_words(result.adjusted_price)))
    if how["tie"]:
        parts.append(both_languages(_TIES[how["tie"]]))
    return "".join(zh for zh, _en in parts), " ".join(en for _zh, en in parts)
