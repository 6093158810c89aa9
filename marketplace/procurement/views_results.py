"""The members' points and the ranking: on the page, as a table, computed, sent back for a re-review."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import review, scoring, services_evaluation
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import NotAllHandedIn
from .models import Evaluator, Score, Tender
from .repeats import take_step
from .states import TENDER, EvaluatorState, TenderState
from .views_opening import me, tabs
from .views_public import get_tender


def _scored(request: HttpRequest, pk: int) -> Tender:
    tender = get_tender(request, pk)
    if not rules.can_see_scores(request.user, tender):
        raise Http404
    return tender


def _members(tender: Tender) -> list[Evaluator]:
    return [seat for seat in selectors.seats(tender) if seat.state == EvaluatorState.SUBMITTED]


@require_safe
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody's points, the price formula with its numbers, the ranking."""
    tender = _scored(request, pk)
    members = _members(tender)
    lots = []
    for lot in tender.lots.filter(failure__isnull=True).prefetch_related("criteria").order_by("number"):
        rows = selectors.result_rows(lot, members)
        lots.append(
            {
                "lot": lot,
                "rows": [{"row": row, "mean": scoring.mean_points(dict(enumerate(row.member_points)))} for row in rows],
                "weight": selectors.price_weight(lot),
                "ranked": any(row.result for row in rows),
            }
        )
    differences = selectors.objective_differences(tender) if tender.state == TenderState.OPENED else []
    return render(
        request,
        "procurement/evaluation/results.html",
        {
            "tender": tender,
            "tabs": tabs(request.user, tender, "results"),
            "lots": lots,
            "members": members,
            "sits": rules.seat_of(request.user, tender) is not None,
            "named": rules.can_see_panel(request.user, tender),
            "may_compute": rules.can_run(request.user, tender) and tender.state == TenderState.OPENED,
            "differences": [{"of": d, "points": _points_by_member(d, members)} for d in differences],
            "reviews": _reviews(tender, members),
        },
    )


def _points_by_member(difference: selectors.Difference, members: list[Evaluator]) -> str:
    return _("; ").join(
        _("Member %(n)s: %(points)s") % {"n": n, "points": scoring.plain(difference.points[seat.pk])}
        for n, seat in enumerate(members, start=1)
        if seat.pk in difference.points
    )


def _reviews(tender: Tender, members: list[Evaluator]) -> list[dict[str, Any]]:
    """By re-review: when the sheets went back, and what the members changed then."""
    numbers = {seat.pk: n for n, seat in enumerate(members, start=1)}
    found = review.changes(tender)
    return [
        {
            "at": at,
            "changes": [
                {"change": change, "member": numbers[change.seat_id]} for change in found if change.reopened_at == at
            ],
        }
        for at in review.times(tender)
    ]


@require_safe
def results_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every cell of every sheet, with the ranking where it is computed."""
    tender = _scored(request, pk)
    numbers = {seat.pk: n for n, seat in enumerate(_members(tender), start=1)}
    scores = (
        Score.objects.filter(evaluator__in=numbers)
        .select_related("opened_bid__bid__supplier", "opened_bid__bid__lot", "opened_bid__result", "criterion")
        .defer("opened_bid__bid__sealed_content", "opened_bid__content")
        .order_by("opened_bid__bid__lot__number", "opened_bid_id", "evaluator_id", "criterion__position", "pk")
    )
    header = [
        _("Lot"), capfirst(tender.wording.bidder), _("Price (yuan)"), _("Rank"), _("Total"), _("Price points"), _("Member"),
        _("Factor"), _("Most"), _("Points"), _("Reason"), _("Before the re-review"),
    ]  # fmt: skip
    earlier: dict[tuple[int, int, int], list[str]] = {}
    for change in review.changes(tender):
        key = (change.seat_id, change.opened_bid.pk, change.criterion.pk)
        earlier.setdefault(key, []).append(f"{change.before:.2f}")

    def rows() -> Any:
        for score in scores:
            bid, result = score.opened_bid, getattr(score.opened_bid, "result", None)
            yield (
                bid.bid.lot.number,
                localized(bid.bid.supplier, "name"),
                f"{bid.price.amount:.2f}",
                result.rank if result else "",
                f"{result.total_points:.2f}" if result else "",
                f"{result.price_points:.2f}" if result else "",
                numbers[score.evaluator_id],
                localized(score.criterion, "title"),
                f"{score.criterion.points:.2f}",
                f"{score.points:.2f}",
                score.note,
                " → ".join(earlier.get((score.evaluator_id, score.opened_bid_id, score.criterion_id), [])),
            )

    return csv_response(f"points-{tender.pk}.csv", header, rows())


@require_POST
def compute(request: HttpRequest, pk: int) -> HttpResponse:
    tender = _scored(request, pk)
    take_step(
        request,
        tender,
        TENDER,
        "evaluate",
        lambda: services_evaluation.compute_results(actor=me(request), tender=tender, now=clock.now()),
        _("The ranking is computed. The approving officer decides within five working days."),
    )
    return redirect("procurement:results", tender.pk)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    tender = get_tender(request, pk)
    if not rules.can_run(request.user, tender):
        raise Http404
    try:
        services_evaluation.reopen_scores(actor=me(request), tender=tender, now=clock.now())
    except NotAllHandedIn:
        if review.under_review(tender) is None:
            raise
        messages.info(request, _("The sheets are back with the members already."))
    else:
        messages.success(request, _("The sheets are back with the members; only objective points can change."))
    return redirect("procurement:panel", tender.pk)
