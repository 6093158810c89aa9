"""The record of opening, evaluation and award: the acts in words, and the panel's names kept until the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.audit import labels
from marketplace.audit.selectors import register_secret, register_visibility
from marketplace.core.i18n import localized

from . import record
from . import rules_evaluation as rules
from .models import Bid, Criterion, Evaluator, FailureGround, InvalidReason, KeyShare, Lot, OpenedBid
from .states import TenderState

ACTIONS = {
    "key_share.release": _("released the key share"),
    "key_share.wrong_passphrase": _("typed a wrong passphrase"),
    "tender.open": _("opened the bids"),
    "bid.open": _("opened the bid"),
    "bid.invalidate": _("declared the bid invalid"),
    "opened_bid.check": _("checked the bid"),
    "tender.draw_panel": _("drew the panel"),
    "evaluator.draw": _("drew the panel"),
    "evaluator.declare": _("declared no conflict of interest"),
    "evaluator.recuse": _("left the panel"),
    "evaluator.submit_scores": _("submitted the scores"),
    "evaluator.reopen": _("sent the scores back for re-review"),
    "tender.evaluate": _("computed the ranking"),
    "tender.award": _("awarded the tender"),
    "tender.fail": _("ended the procurement without an award"),
    "lot.fail": _("ended the lot without an award"),
}

#: in the order of pages
DATA = {
    "ground": _("ground"),
    "seats": _("members drawn"),
    "pool_size": _("experts in the pool"),
    "pool_digest": _("digest of the pool"),
    "bids": _("bids"),
    "received_at": pgettext_lazy("bid", "received"),
    "awards": _("awards"),
    "ranking": _("ranking"),
    "rank": _("rank"),
    "bid": _("bid"),
    "total": _("total points"),
    "factor": _("factor"),
    "qualified": _("valid"),
    "opened_bid.code": _("ground of invalidity"),
    "price_explained": _("low price explained"),
    "objective_differences": _("differences in objective points"),
    "points_changed": _("points changed in the re-review"),
    **{key: label for key, label in record.DATA.items() if key != "digest"},
    "receipt": _("receipt"),
    # Long, and for comparison only.
    "digest": _("digest"),
}

VALUES: dict[str, labels.Words] = {
    **record.VALUES,
    "ground": labels.one_of(FailureGround.choices),
    "opened_bid.code": labels.one_of(InvalidReason.choices),
}


def _evaluator(user: Any, key: str) -> bool:
    seat = Evaluator.objects.select_related("tender__organisation").filter(pk=key).first()
    if seat is None or seat.user_id == user.pk:
        return seat is not None
    # In a re-review the record holds the points that a member changed: nobody else reads them before all have handed in.
    under_review = seat.reopened_at is not None and seat.tender.state == TenderState.OPENED
    return rules.can_see_panel(user, seat.tender) and (not under_review or rules.all_handed_in(seat.tender))


def _share(user: Any, key: str) -> bool:
    share = KeyShare.objects.select_related("tender__organisation").filter(pk=key).first()
    return share is not None and rules.can_watch(user, share.tender)


def _opened_bid(user: Any, key: str) -> bool:
    bid = OpenedBid.objects.select_related("bid__lot__tender__organisation").filter(pk=key).first()
    return bid is not None and rules.can_see_bids(user, bid.bid.lot.tender)


def _lot(user: Any, key: str) -> bool:
    lot = Lot.objects.select_related("tender__organisation").filter(pk=key).first()
    return lot is not None and rules.can_watch(user, lot.tender)


def bidders(bids: Iterable[int]) -> Mapping[int, str]:
    """Key of a bid -> its supplier, for bids that were opened; a sealed one has no name."""
    opened = Bid.objects.filter(pk__in=bids, opened__isnull=False).defer("sealed_content").select_related("supplier")
    return {bid.pk: localized(bid.supplier, "name") for bid in opened}


def factors(keys: Iterable[int]) -> Mapping[int, str]:
    return {factor.pk: localized(factor, "title") for factor in Criterion.objects.filter(pk__in=keys)}


def _lots(keys: Iterable[int]) -> dict[int, str]:
    return {lot.pk: record.lot_name(lot) for lot in Lot.objects.filter(pk__in=list(keys)).select_related("tender")}


def _opened_bids(keys: Iterable[int]) -> dict[int, str]:
    found = OpenedBid.objects.filter(pk__in=list(keys)).select_related("bid__lot__tender", "bid__supplier")
    return {
        each.pk: f"{localized(each.bid.supplier, 'name')} · {record.lot_name(each.bid.lot)}"
        for each in found.defer("bid__sealed_content")
    }


def _seats(keys: Iterable[int]) -> dict[int, str]:
    found = Evaluator.objects.filter(pk__in=list(keys)).select_related("user", "tender")
    return {seat.pk: f"{localized(seat.user, 'display_name')} · {seat.tender.reference}" for seat in found}


def _shares(keys: Iterable[int]) -> dict[int, str]:
    found = KeyShare.objects.filter(pk__in=list(keys)).select_related("holder", "tender")
    return {share.pk: f"{localized(share.holder, 'display_name')} · {share.tender.reference}" for share in found}


def panel_events() -> Q:
    """Events of seats on panels whose procurement is not decided: their names are secret until then."""
    undecided = (
        Evaluator.objects.filter(tender__state__in=(TenderState.OPENED, TenderState.EVALUATED))
        .order_by()
        .annotate(key=Cast("pk", CharField()))
        .values("key")
    )
    return Q(subject_type=Evaluator._meta.label_lower, subject_id__in=undecided)


def register() -> None:
    labels.register(ACTIONS, DATA, values=VALUES)
    labels.register_subjects("procurement.lot", _lots)
    labels.register_subjects("procurement.openedbid", _opened_bids)
    labels.register_subjects("procurement.evaluator", _seats)
    labels.register_subjects("procurement.keyshare", _shares)
    labels.register_names("bid", bidders)
    labels.register_names("factor", factors)
    register_visibility("procurement.evaluator", _evaluator)
    register_visibility("procurement.keyshare", _share)
    register_visibility("procurement.openedbid", _opened_bid)
    register_visibility("procurement.lot", _lot)
    register_secret(panel_events)
