"""Scores: each member alone, then put together by the statutory formula. Who sits on the panel: ``services_panel``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.canonical import digest
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.core.states import IllegalTransition, apply_transition

from . import review, scoring
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    NotAllHandedIn,
    NotDeclared,
    NothingToReview,
    ObjectiveScoresDiffer,
    ScoreNotFit,
    SheetIncomplete,
    SheetLocked,
)
from .models import BidResult, Criterion, CriterionKind, Evaluator, Lot, LotFailure, Method, Score, Tender
from .services_panel import own_seat
from .states import EVALUATOR, TENDER, EvaluatorState, TenderState

#: Opened bid's key → criterion's key → (points or None, note).
Cells = Mapping[int, Mapping[int, tuple[Decimal | int | str | None, str]]]


# Scores


def _open_sheet(actor: User, tender: Tender) -> Evaluator:
    seat = own_seat(actor, tender)
    if seat.state == EvaluatorState.SUBMITTED:
        raise SheetLocked
    if seat.state != EvaluatorState.DECLARED:
        raise NotDeclared
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    return seat


@transaction.atomic
def save_scores(*, actor: User, lot: Lot, scores: Cells, now: datetime) -> int:
    """Keep a member's points for one lot; may be partial and repeated until he hands in. Returns the cells written.

    Args:
        scores: the cells to write; no points (None) empty a cell.

    Raises:
        NotOnPanel, NotDeclared, SheetLocked
        ScoreNotFit: a strange bid or factor, the price factor, points outside 0 to the factor's points, more than two
            decimals; in a re-review anything but objective factors.
    """
    seat = _open_sheet(actor, lot.tender)
    if LotFailure.objects.filter(lot=lot).exists():
        raise ScoreNotFit(_("This lot has ended: its bids are not scored."))
    factors = {c.pk: c for c in selectors.scored_criteria(lot)}
    bids = {bid.pk for bid in selectors.valid_bids(lot)}
    present = {(s.opened_bid_id, s.criterion_id): s for s in Score.objects.filter(evaluator=seat, criterion__lot=lot)}
    rows: list[Score] = []
    emptied: list[int] = []
    for bid, cells in scores.items():
        for key, (points, note) in cells.items():
            if bid not in bids or key not in factors:
                raise ScoreNotFit(_("This factor or this bid is not on your sheet. Open the sheet again."))
            old = present.get((bid, key))
            if points is None and old is None:
                continue
            if points is None:
                _check_review(seat, factors[key])
                emptied.append(present[bid, key].pk)
                continue
            row = Score(
                evaluator=seat,
                opened_bid_id=bid,
                criterion_id=key,
                points=points_within(points, factors[key]),
                note=note.strip(),
            )
            if old is not None and (old.points, old.note) == (row.points, row.note):
                continue
            _check_review(seat, factors[key])
            rows.append(row)
    Score.objects.filter(pk__in=emptied).delete()
    Score.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["evaluator", "opened_bid", "criterion"],
        update_fields=["points", "note"],
    )
    return len(rows) + len(emptied)


def _check_review(seat: Evaluator, factor: Criterion) -> None:
    if seat.reopened_at is not None and factor.kind != CriterionKind.OBJECTIVE:
        raise ScoreNotFit(_("In a re-review only the points of objective factors may change."))


def points_within(value: Decimal | int | str, factor: Criterion) -> Decimal:
    try:
        points = Decimal(value)
        fits = points.is_finite() and 0 <= points <= factor.points and points == points.quantize(scoring.CENT)
    except InvalidOperation:
        fits = False
    if not fits:
        raise ScoreNotFit(
            _("“%(factor)s” takes 0 to %(most)s points, with at most two decimals."),
            field=f"points_{factor.pk}",
            factor=localized(factor, "title"),
            most=scoring.plain(factor.points),
        )
    return points.quantize(scoring.CENT)


@transaction.atomic
def submit_scores(*, actor: User, tender: Tender, stand_by: bool = False, now: datetime) -> Evaluator:
    """Hand in: the sheet is locked for good (a trigger says so too).

    Args:
        stand_by: hand in although an objective factor differs from a colleague's; the results then wait for a re-review.

    Raises:
        NotOnPanel, NotDeclared, SheetLocked, SheetIncomplete
        ScoreNotFit: nothing or everything was given for a judged factor without a word of reason.
        ObjectiveScoresDiffer
    """
    tender = lock_row(Tender, tender.pk)
    seat = _open_sheet(actor, tender)
    lots = selectors.live_lots(tender)
    missing = selectors.empty_cells(seat, lots)
    if missing:
        raise SheetIncomplete(missing=missing)
    extremes = (
        Score.objects.filter(evaluator=seat, criterion__kind=CriterionKind.JUDGED, note="", opened_bid__qualified=True)
        .select_related("criterion", "opened_bid__bid__supplier")
        .defer("opened_bid__content", "opened_bid__bid__sealed_content")
    )
    for score in extremes:
        if score.points in (0, score.criterion.points):
            raise ScoreNotFit(
                _("Say briefly why %(supplier)s gets %(points)s points for “%(factor)s”."),
                supplier=localized(score.opened_bid.bid.supplier, "name"),
                points=scoring.plain(score.points),
                factor=localized(score.criterion, "title"),
            )
    differences = selectors.objective_differences(tender, also=seat)
    if differences and not stand_by:
        raise ObjectiveScoresDiffer(where=where_they_differ(differences))
    # Nobody but the member reads this before all have handed in again: see ``record_evaluation``.
    changed = {"points_changed": review.facts(review.own_changes(seat))} if seat.reopened_at else {}
    apply_transition(
        EVALUATOR,
        seat,
        "submit_scores",
        actor=actor,
        now=now,
        changes={"submitted_at": now},
        data={"digest": sheet_digest(seat), "objective_differences": len(differences), **changed},
    )
    return seat


def where_they_differ(differences: Sequence[selectors.Difference]) -> str:
    """Lots, bidders and factors in the active language."""
    return gettext("; ").join(
        gettext("Lot %(n)s, %(name)s: %(factor)s")
        % {"n": d.lot_number, "name": localized(d.supplier, "name"), "factor": localized(d.criterion, "title")}
        for d in differences
    )


def sheet_digest(seat: Evaluator) -> str:
    """What the member handed in, as one digest for the record."""
    rows = Score.objects.filter(evaluator=seat).order_by("opened_bid_id", "criterion_id")
    return digest([[s.opened_bid_id, s.criterion_id, f"{s.points:.2f}", s.note] for s in rows])


@transaction.atomic
def reopen_scores(*, actor: User, tender: Tender, now: datetime) -> list[Evaluator]:
    """Send the sheets back because objective points differ, the one ground for which scores may be looked at again.

    令87 art. 64 and 214号 art. 32. Only objective points can change in the re-review (a trigger says so too).

    Raises:
        PermissionRefused, IllegalTransition, NotAllHandedIn, NothingToReview
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_run, actor, tender)
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    members = _members_who_handed_in(tender)
    differences = selectors.objective_differences(tender)
    if not differences:
        raise NothingToReview
    review.keep_points(members, now=now)
    for seat in members:
        apply_transition(
            EVALUATOR,
            seat,
            "reopen",
            actor=actor,
            now=now,
            reason=where_they_differ(differences),
            changes={"reopened_at": now},
        )
    tell(
        [seat.user for seat in members],
        _("Your score sheet came back"),
        _("Objective points differ between the members. Check them against the bids, and submit again."),
        reverse("procurement:judge", args=[tender.pk]),
    )
    return members


def _members_who_handed_in(tender: Tender) -> list[Evaluator]:
    missing = rules.sheets_missing(tender)
    if missing != 0:
        raise NotAllHandedIn(missing=missing or 0)
    return [seat for seat in selectors.seats(tender) if seat.state == EvaluatorState.SUBMITTED]


# Results


@transaction.atomic
def compute_results(*, actor: User, tender: Tender, now: datetime) -> list[BidResult]:
    """Rank the valid bids of every lot, and keep with each what is needed to compute it again.

    Raises:
        PermissionRefused, IllegalTransition, NotAllHandedIn
        ObjectiveScoresDiffer: the sheets have to go back first (``reopen_scores``).
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_run, actor, tender)
    if not TENDER.allows("evaluate", tender.state):
        raise IllegalTransition
    members = _members_who_handed_in(tender)
    if differences := selectors.objective_differences(tender):
        raise ObjectiveScoresDiffer(where=where_they_differ(differences))
    seed = selectors.opening_digest(tender)
    results = []
    for lot in selectors.live_lots(tender):
        results += _rank_lot(tender, lot, members, seed)
    BidResult.objects.bulk_create(results)
    apply_transition(
        TENDER,
        tender,
        "evaluate",
        actor=actor,
        now=now,
        data={
            "digest": digest([r.explanation for r in results]),
            "ranking": [
                {"bid": r.opened_bid.bid_id, "rank": r.rank, "total": f"{r.total_points:.2f}"} for r in results
            ],
        },
    )
    return results


def _rank_lot(tender: Tender, lot: Lot, members: list[Evaluator], seed: str) -> list[BidResult]:
    rows = {row.bid.pk: row for row in selectors.result_rows(lot, members)}
    signs = selectors.low_price_signs(tender, [row.bid for row in rows.values()])
    weight = selectors.price_weight(lot)
    consultation = tender.method == Method.CONSULTATION
    ranked = scoring.rank(
        [
            scoring.Offer(key, row.bid.price.amount, row.bid.small_or_micro, dict(enumerate(row.member_points)))
            for key, row in rows.items()
        ],
        price_weight=weight,
        cut_percent=tender.small_firm_cut,
        seed=seed,
        other_points_break_ties=consultation,
    )
    base = min(place.adjusted for place in ranked)
    return [
        BidResult(
            opened_bid=rows[place.key].bid,
            adjusted_price=place.adjusted,
            price_points=place.price_points,
            other_points=place.other_points,
            total_points=place.total,
            rank=place.rank,
            explanation={
                "quoted": f"{rows[place.key].bid.price.amount:.2f}",
                "small_or_micro": rows[place.key].bid.small_or_micro,
                "cut_percent": f"{tender.small_firm_cut:.1f}",
                "adjusted": f"{place.adjusted:.2f}",
                "base": f"{base:.2f}",
                "price_weight": f"{weight:.2f}",
                "members": [f"{points:.2f}" for points in rows[place.key].member_points],
                "rounding": "half_up_2",
                "tie": str(place.tie),
                "tie_order": ["price", "other_points", "lot"] if consultation else ["price", "lot"],
                "seed": seed,
                "of": len(ranked),
                "low_price": [str(sign) for sign in signs.get(place.key, [])],
            },
        )
        for place in ranked
    ]
