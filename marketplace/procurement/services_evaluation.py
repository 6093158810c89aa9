"""The panel and its scores: drawn, declared, each member alone, then put together by the statutory formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.accounts.selectors import conflicts
from marketplace.audit.services import record
from marketplace.core.canonical import digest
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.core.states import IllegalTransition, apply_transition

from . import panel, scoring
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import (
    CheckIncomplete,
    HasConflict,
    LowPriceUnexplained,
    NoLawExpert,
    NotAllHandedIn,
    NotDeclared,
    NothingToReview,
    NotOnPanel,
    ObjectiveScoresDiffer,
    PanelComplete,
    PoolTooSmall,
    ReasonMissing,
    ScoreNotFit,
    SheetIncomplete,
    SheetLocked,
    TooFewBidders,
)
from .models import BidResult, Criterion, CriterionKind, Evaluator, Lot, LotFailure, Method, Score, Tender
from .services_failing import bidders_left, fail_short_lots, settle_check
from .states import EVALUATOR, TENDER, EvaluatorState, TenderState

#: Opened bid's key → criterion's key → (points or None, note).
Cells = Mapping[int, Mapping[int, tuple[Decimal | int | str | None, str]]]

# The panel


@transaction.atomic
def draw_evaluators(
    *,
    actor: User,
    tender: Tender,
    experts_needed: int,
    representatives: Sequence[User] = (),
    complex_matter: bool = False,
    seed: str = "",
    now: datetime,
) -> list[Evaluator]:
    """Draw the panel by a lottery that everybody can repeat; and with it end the check of the bids.

    The pool are the registered experts of the buyer's prefecture (of the province, of the nation, where there are too
    few) who have no part in the tender, sorted by key. Each gets the ticket SHA-256(``seed:key``); the smallest come
    first. Whoever has a tie to a bidder (实施条例 art. 9) is passed over. The seed is the digest of all bids recorded at
    the opening, which nobody could choose, followed by ``seed``, a number drawn in public, where the parties want one.
    Seed, area, size and digest of the pool, the place in the order and what was passed over stand in ``Evaluator.draw``;
    ``panel.repeat_draw`` computes it again.

    Lots that the check left with too few bidders fail here. Called again, it fills the seats of those who left.

    Args:
        representatives: members of the buyer who neither drafted nor approved nor hold a share; at most a third.
        complex_matter: a larger panel in an open tender, a law expert in a consultation.

    Raises:
        PermissionRefused, IllegalTransition, CheckIncomplete, LowPriceUnexplained, TooFewBidders
        PanelUnlawful: too small, even, or fewer than two thirds experts (令87 art. 47, 214号 art. 14).
        PoolTooSmall, NoLawExpert, PanelComplete
    """
    tender = lock_row(Tender, tender.pk)
    require(rules.can_run, actor, tender)
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    present = selectors.seats(tender)
    left = [seat for seat in present if panel.is_free(seat)]
    if present:
        if not left:
            raise PanelComplete
        experts_needed, representatives = len(left), ()
    else:
        _close_check(tender, actor=actor, now=now)
        panel.check_size(tender, experts_needed, len(representatives), complex_matter=complex_matter)
        for person in representatives:
            panel.check_representative(tender, person, now)
    law_seat = (
        complex_matter
        and tender.method == Method.CONSULTATION
        and not any(s.is_law_expert and s.state != EvaluatorState.RECUSED for s in present)
    )
    whole_seed = f"{selectors.opening_digest(tender)}:{seed}" if seed else selectors.opening_digest(tender)
    drawn = panel.draw(tender, whole_seed, experts_needed, law_seat=law_seat, now=now)
    seats = [
        _seat(tender, person, draw, replaces=left[i] if i < len(left) else None, actor=actor, now=now)
        for i, (person, draw) in enumerate(drawn)
    ]
    seats += [_seat(tender, person, {"representative": True}, actor=actor, now=now) for person in representatives]
    record(
        actor=actor,
        action="tender.draw_panel",
        subject=tender,
        now=now,
        data={"seats": len(seats), "pool_digest": drawn[0][1]["pool_digest"], "pool_size": drawn[0][1]["pool_size"]},
    )
    return seats


def _close_check(tender: Tender, *, actor: User, now: datetime) -> None:
    bids = list(selectors.opened_bids(tender).filter(bid__lot__failure__isnull=True))
    unchecked = sum(bid.qualified is None for bid in bids)
    if unchecked:
        raise CheckIncomplete(open=unchecked)
    by_key = {bid.pk: bid for bid in bids}
    for key in selectors.low_price_signs(tender, bids):
        if not by_key[key].price_explanation:
            raise LowPriceUnexplained(supplier=by_key[key].bid.supplier.name)
    lots = selectors.live_lots(tender)
    left, fewest = bidders_left(tender, lots), selectors.fewest_bidders(tender)
    failing = [lot for lot in lots if left[lot.pk] < fewest]
    if len(failing) == len(lots):
        raise TooFewBidders(fewest=fewest)
    settle_check(tender, actor=actor, now=now)
    if failing:
        fail_short_lots(tender, failing, actor=actor, now=now)


def _seat(
    tender: Tender,
    person: User,
    draw: dict[str, Any],
    *,
    replaces: Evaluator | None = None,
    actor: User,
    now: datetime,
) -> Evaluator:
    seat = Evaluator.objects.create(
        tender=tender,
        user=person,
        is_expert=not draw.get("representative"),
        is_law_expert=bool(getattr(person, "law_expert", False)),
        replaces=replaces,
        draw=draw,
    )
    # The drawn person's name is secret until the result, so the event stands on the seat, not on the tender.
    record(actor=actor, action="evaluator.draw", subject=seat, now=now)
    tell(
        [person],
        _("You are asked to judge bids"),
        _("You were drawn for a panel. Keep this to yourself; declare first whether you have a tie to a bidder."),
        reverse("procurement:judge", args=[tender.pk]),
    )
    return seat


@transaction.atomic
def declare(*, actor: User, tender: Tender, statement: str, now: datetime) -> Evaluator:
    """A member declares that nothing ties him to a bidder (he has seen their names, nothing else). Then the bids open.

    Raises:
        NotOnPanel, IllegalTransition, ReasonMissing
        HasConflict: a tie is on record.
    """
    tender = lock_row(Tender, tender.pk)
    seat = _own_seat(actor, tender)
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    if not statement.strip():
        raise ReasonMissing(_("Make the declaration in words."), field="statement")
    if found := conflicts(actor, selectors.bidders(tender), timezone.localdate(now)):
        raise HasConflict(tie=str(found[0]))
    apply_transition(
        EVALUATOR,
        seat,
        "declare",
        actor=actor,
        now=now,
        changes={"declared_at": now, "declaration": statement.strip()},
    )
    return seat


@transaction.atomic
def recuse(
    *, actor: User, tender: Tender, reason: str, evaluator: Evaluator | None = None, now: datetime
) -> Evaluator | None:
    """A member steps back, or the buyer's officer takes out one who cannot serve; the next of the lottery takes over.

    Returns the replacement, or None where the pool has nobody left: then the officer draws again from a wider one.

    Raises:
        NotOnPanel, PermissionRefused, ReasonMissing, IllegalTransition
    """
    tender = lock_row(Tender, tender.pk)
    if evaluator is None or evaluator.user_id == actor.pk:
        seat = _own_seat(actor, tender)
    else:
        require(rules.can_run, actor, tender)
        seat = lock_row(Evaluator, evaluator.pk)
        if seat.tender_id != tender.pk:
            raise NotOnPanel
    if tender.state != TenderState.OPENED:
        # Nobody is drawn for a procurement that is over.
        raise IllegalTransition
    if not reason.strip():
        raise ReasonMissing(field="reason")
    apply_transition(
        EVALUATOR, seat, "recuse", actor=actor, now=now, reason=reason, changes={"recusal_reason": reason.strip()}
    )
    if not seat.is_expert:
        return None
    try:
        [(person, draw)] = panel.draw(
            tender, seat.draw["seed"], 1, law_seat=bool(seat.draw["law_seat"]) and seat.is_law_expert, now=now
        )
    except (PoolTooSmall, NoLawExpert):
        return None
    return _seat(tender, person, draw, replaces=seat, actor=actor, now=now)


def _own_seat(actor: User, tender: Tender) -> Evaluator:
    seat = Evaluator.objects.select_for_update().filter(tender_id=tender.pk, user_id=actor.pk).first()
    if seat is None:
        raise NotOnPanel
    return seat


def _open_sheet(actor: User, tender: Tender) -> Evaluator:
    seat = _own_seat(actor, tender)
    if seat.state == EvaluatorState.SUBMITTED:
        raise SheetLocked
    if seat.state != EvaluatorState.DECLARED:
        raise NotDeclared
    if tender.state != TenderState.OPENED:
        raise IllegalTransition
    return seat


# Scores


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
        raise ScoreNotFit(_("This lot has failed: its bids are not scored."))
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
                _("Say in a word why %(supplier)s gets %(points)s points for “%(factor)s”."),
                supplier=score.opened_bid.bid.supplier.name,
                points=scoring.plain(score.points),
                factor=localized(score.criterion, "title"),
            )
    differences = selectors.objective_differences(tender, also=seat)
    if differences and not stand_by:
        raise ObjectiveScoresDiffer(where=where_they_differ(differences))
    apply_transition(
        EVALUATOR,
        seat,
        "submit_scores",
        actor=actor,
        now=now,
        changes={"submitted_at": now},
        data={"digest": sheet_digest(seat), "objective_differences": len(differences)},
    )
    return seat


def where_they_differ(differences: Sequence[selectors.Difference]) -> str:
    return "; ".join(f"{d.lot_number} · {d.supplier.name} · {localized(d.criterion, 'title')}" for d in differences)


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
    return members


def _members_who_handed_in(tender: Tender) -> list[Evaluator]:
    members = [seat for seat in selectors.seats(tender) if seat.state != EvaluatorState.RECUSED]
    missing = sum(seat.state != EvaluatorState.SUBMITTED for seat in members)
    missing += sum(panel.is_free(seat) for seat in selectors.seats(tender))
    if missing or not members:
        raise NotAllHandedIn(missing=missing)
    return members


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
