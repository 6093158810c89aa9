"""Publication of an approved tender, with a key nobody holds alone; and its cancellation. Offered through ``services_tender``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.errors import InvalidInput
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import yuan
from marketplace.statutes.services import check_bid_deadline, timetable

from . import budget, keys, notices, rules, selectors
from .closing import usual_question_deadline
from .errors import DeadlineNotLawful, NotAcknowledged, TooFewKeyHolders
from .holders import eligible_holders
from .lint import check_documents
from .models_tender import NoticeKind, Tender
from .states import TENDER, TenderState


@transaction.atomic
def publish_tender(
    *,
    actor: User,
    tender: Tender,
    official_published_at: datetime,
    official_url: str,
    bid_deadline: datetime,
    now: datetime,
    question_deadline: datetime | None = None,
    holders: Sequence[User] | None = None,
    provisional_acknowledged: bool = False,
) -> Tender:
    """Publish: reserve the budget, make the tender's key, work out the dates, write the notice.

    The legal clock starts at the first publication on the official medium (87号令 art. 16, 101号令 arts. 8, 11), never at
    our own; the law that applies is the law of that day. ``holders`` are asked among ``eligible_holders`` (default: all
    of the buyer's own that have set a passphrase).

    Raises:
        DeadlineNotLawful, NotAcknowledged, TooFewKeyHolders, BudgetOverrun, DocumentsNotReady, IllegalTransition
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_publish_tender, actor, tender)
    _check_official(tender, official_published_at, official_url, now)
    lots = selectors.lots_of(tender)
    check_documents(tender, now, on=official_published_at, lots=lots)
    if question_deadline is None:
        question_deadline = usual_question_deadline(official_published_at, bid_deadline)
    if not official_published_at < question_deadline < bid_deadline:
        raise InvalidInput(_("Questions end after the notice and before bids close."), field="question_deadline")
    if bid_deadline <= now:
        raise InvalidInput(_("This deadline has passed already. Choose a later one."), field="bid_deadline")
    dates = lawful_dates(tender, official_published_at, bid_deadline)
    if any(d["provisional"] for d in dates) and not provisional_acknowledged:
        raise NotAcknowledged(field="provisional_acknowledged")
    chosen = _holders(tender, holders, now)
    budget.reserve(tender, yuan(sum(lot.ceiling.amount for lot in lots)), actor=actor, now=now)
    public_key = keys.create_tender_key(tender=tender, holders=chosen, threshold=tender.key_threshold, now=now)
    apply_transition(
        TENDER,
        tender,
        "publish",
        actor=actor,
        now=now,
        data={
            "official_published_at": notices.instant(official_published_at),
            "bid_deadline": notices.instant(bid_deadline),
            "holders": [holder.pk for holder in chosen],
            "threshold": tender.key_threshold,
            "provisional_acknowledged": provisional_acknowledged,
        },
        changes={
            "official_published_at": official_published_at,
            "official_url": official_url,
            "published_at": now,
            "question_deadline": question_deadline,
            "bid_deadline": bid_deadline,
            "timetable": dates,
            "public_key": public_key,
        },
    )
    notices.publish_notice(
        tender=tender, kind=NoticeKind.TENDER, content=notices.tender_notice(tender, lots), actor=actor, now=now
    )
    return tender


@transaction.atomic
def cancel_tender(*, actor: User, tender: Tender, reason: str, now: datetime, reason_en: str = "") -> Tender:
    """Give the procedure up before the opening. If it was published, the reason is too, and the budget is released.

    Sealed bids stay sealed for ever: nobody opens the bids of a cancelled tender.
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_cancel_tender, actor, tender)
    if not reason.strip():
        raise InvalidInput(_("Say why it is cancelled: the reason is published."), field="reason")
    was_published = tender.state == TenderState.PUBLISHED
    apply_transition(
        TENDER, tender, "cancel", actor=actor, now=now, reason=reason.strip(), data={"reason_en": reason_en.strip()}
    )
    if was_published:
        total = tender.lots.aggregate(total=Sum("ceiling"))["total"] or Decimal(0)
        budget.release(tender, yuan(total), key="cancelled", actor=actor, now=now)
        notices.publish_notice(
            tender=tender,
            kind=NoticeKind.FAILURE,
            content=notices.cancellation_notice(reason.strip(), reason_en.strip()),
            actor=actor,
            now=now,
        )
    return tender


def lawful_dates(tender: Tender, official_published_at: datetime, bid_deadline: datetime) -> list[dict[str, Any]]:
    """The timetable with the reason of every date.

    Raises:
        DeadlineNotLawful: bids would close too early.
    """
    region = tender.organisation.region_id
    problems = check_bid_deadline(tender.method, official_published_at, bid_deadline, region_code=region)
    if problems:
        raise DeadlineNotLawful(
            problems[0].message, code=problems[0].code, field="bid_deadline", earliest=problems[0].deadline.date
        )
    day = timezone.localdate(official_published_at)
    return [d.to_json() for d in timetable(tender.method, day, bid_deadline, region_code=region)]


def _check_official(tender: Tender, official_published_at: datetime, official_url: str, now: datetime) -> None:
    if official_published_at > now:
        raise InvalidInput(
            _("The official medium has to come first: this time lies in the future."), field="official_published_at"
        )
    if tender.approved_at and timezone.localdate(official_published_at) < timezone.localdate(tender.approved_at):
        raise InvalidInput(
            _("The official notice cannot be older than the approval of these documents."),
            field="official_published_at",
        )
    if not official_url.startswith(("https://", "http://")):
        raise InvalidInput(_("Enter the address of the notice on the official medium."), field="official_url")


def _holders(tender: Tender, wanted: Sequence[User] | None, now: datetime) -> list[User]:
    eligible = eligible_holders(tender, timezone.localdate(now))
    by_pk = {holder.user.pk: holder for holder in eligible}
    if wanted is None:
        chosen = [h.user for h in eligible if h.ready and h.own]
    else:
        if any(user.pk not in by_pk for user in wanted):
            raise InvalidInput(_("Choose among the key-holders that are offered."), field="holders")
        chosen = [user for user in wanted if by_pk[user.pk].ready]
    if len(chosen) < tender.key_threshold or (wanted is not None and len(chosen) < len(wanted)):
        missing = [h.user for h in eligible if not h.ready and (wanted is None or h.user in wanted)]
        raise TooFewKeyHolders(
            field="holders",
            needed=max(tender.key_threshold, len(wanted or ())),
            ready=len(chosen),
            names=gettext(", ").join(localized(user, "display_name") for user in missing) or "–",
        )
    return chosen
