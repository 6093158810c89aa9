"""What waits for a person between the deadline and the award."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import Role
from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem

from . import selectors_evaluation as selectors
from .models import Evaluator, KeyShare, Tender
from .rules import buyers_of
from .states import EvaluatorState, TenderState


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    """Shares to release, openings, checks, draws and rankings due, sheets to fill, awards to decide."""
    yield from _shares(user, now)
    yield from _seats(user)
    officer_of = [o.pk for o in buyers_of(user, Role.OFFICER)]
    if officer_of:
        yield from _officer(user, officer_of, now)
    approver_of = [o.pk for o in buyers_of(user, Role.APPROVER)]
    if approver_of:
        yield from _approver(user, approver_of)


def _item(tender: Tender, name: str, what: Any, **kw: Any) -> WorkItem:
    return WorkItem(what, reverse(f"procurement:{name}", args=[tender.pk]), localized(tender, "title"), **kw)


def _shares(user: Any, now: datetime) -> Iterator[WorkItem]:
    shares = KeyShare.objects.filter(
        holder_id=user.pk, released_at=None, tender__state=TenderState.PUBLISHED
    ).select_related("tender")
    for share in shares.order_by("tender__bid_deadline", "pk"):
        tender = share.tender
        if tender.bid_deadline and tender.bid_deadline >= now:
            yield _item(
                tender, "opening", _("The opening: bring your passphrase"), due_at=tender.bid_deadline, tone="soon"
            )
        else:
            yield _item(tender, "opening", _("Release your key share"), weight=10)


def _seats(user: Any) -> Iterator[WorkItem]:
    seats = Evaluator.objects.filter(
        user_id=user.pk,
        state__in=(EvaluatorState.DRAWN, EvaluatorState.DECLARED),
        tender__state=TenderState.OPENED,
    ).select_related("tender")
    for seat in seats:
        if seat.state == EvaluatorState.DRAWN:
            what = _("You were drawn for a panel: declare first")
        elif seat.reopened_at is not None:
            what = _("Your sheet came back: check the objective points, submit again")
        else:
            what = _("Score the %(bids)s and submit") % {"bids": seat.tender.wording.bids}
        yield _item(seat.tender, "judge", what, weight=10)


def _officer(user: Any, buyers: list[int], now: datetime) -> Iterator[WorkItem]:
    due = Tender.objects.filter(organisation__in=buyers, state=TenderState.PUBLISHED, bid_deadline__lt=now).annotate(
        released=Count("key_shares", filter=Q(key_shares__released_at__isnull=False))
    )
    for tender in due:
        if tender.released >= tender.key_threshold:
            yield _item(tender, "opening", _("Open the %(bids)s") % {"bids": tender.wording.bids}, weight=20)
        else:
            yield _item(tender, "opening", _("Waiting for the key-holders' shares"), tone="wait", weight=20)
    seats = Q(evaluators__state__in=(EvaluatorState.DRAWN, EvaluatorState.DECLARED, EvaluatorState.SUBMITTED))
    # Who judges himself runs nothing of it.
    to_run = Tender.objects.exclude(evaluators__user_id=user.pk)
    opened = to_run.filter(organisation__in=buyers, state=TenderState.OPENED).annotate(
        panel=Count("evaluators", filter=seats, distinct=True),
        handed_in=Count("evaluators", filter=Q(evaluators__state=EvaluatorState.SUBMITTED), distinct=True),
        unchecked=Count(
            "lots__bids__opened",
            filter=Q(lots__bids__opened__qualified=None, lots__bids__opened__isnull=False, lots__failure__isnull=True),
            distinct=True,
        ),
        free=Count("evaluators", filter=selectors.FREE_SEATS, distinct=True),
    )
    tenders = list(opened)
    differing = selectors.differing_tenders([tender.pk for tender in tenders])
    for judged in tenders:
        if not judged.panel and not judged.free:
            check, draw = _("Check the %(bids)s"), _("Draw the %(panel)s")
            names = {"bids": judged.wording.bids, "panel": judged.wording.panel}
            what = (check if judged.unchecked else draw) % names
            yield _item(judged, "check" if judged.unchecked else "panel", what, weight=20)
        elif judged.free:
            yield _item(judged, "panel", _("Draw for the empty seats"), weight=20)
        elif judged.handed_in < judged.panel:
            words = _("The %(panel)s is evaluating: %(done)s of %(all)s submitted") % {
                "panel": judged.wording.panel,
                "done": judged.handed_in,
                "all": judged.panel,
            }
            yield _item(judged, "panel", words, tone="wait", weight=40)
        elif judged.pk in differing:
            yield _item(judged, "results", _("Objective points differ: send the sheets back"), weight=20)
        else:
            yield _item(judged, "results", _("Compute the ranking"), weight=20)


def _approver(user: Any, buyers: list[int]) -> Iterator[WorkItem]:
    evaluated = (
        Tender.objects.filter(organisation__in=buyers, state=TenderState.EVALUATED)
        .exclude(drafted_by_id=user.pk)
        .exclude(evaluators__user_id=user.pk)
        .select_related("organisation")
        .prefetch_related("lots")
    )
    for tender in evaluated:
        deadline = selectors.decision_deadline(tender)
        yield _item(
            tender,
            "award",
            _("Decide the %(winner)s") % {"winner": tender.wording.winner},
            due_at=deadline.at if deadline else None,
        )
