"""The panel and the members' sheets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.models import Role
from marketplace.accounts.selectors import members_with_role
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.mail import LANGUAGES

from . import review, services_evaluation, services_panel
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .errors_evaluation import ObjectiveScoresDiffer, PanelComplete
from .forms_evaluation import DeclareForm, DrawForm, ReasonForm, ScoreSheet
from .forms_plan import refuse
from .models import Evaluator, Lot, ReviewedScore, Score, Tender
from .panel import is_free, repeat_draw
from .repeats import answer_again, take_step
from .states import EVALUATOR, EvaluatorState, TenderState
from .views_opening import me, running, tabs
from .views_public import PAGE_SIZE, get_tender

# The panel


@require_http_methods(["GET", "POST"])
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The seats and how they were drawn; before that, the draw."""
    tender = running(request, pk)
    seats = selectors.seats(tender)
    may_run = rules.can_run(request.user, tender) and tender.state == TenderState.OPENED
    form = None
    if may_run and not seats:
        form = _draw_form(tender, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and _draw(request, tender, form):
            return redirect("procurement:panel", tender.pk)
    elif request.method == "POST" and may_run:
        try:
            services_panel.draw_evaluators(actor=me(request), tender=tender, experts_needed=1, now=clock.now())
        except PanelComplete as error:
            # The button was pressed twice: what it was for is done.
            messages.info(request, str(error))
        else:
            messages.success(request, _("The empty seats are filled."))
        return redirect("procurement:panel", tender.pk)
    drawn = next((seat.draw for seat in seats if "pool_digest" in seat.draw), None)
    return render(
        request,
        "procurement/evaluation/panel.html",
        {
            "tender": tender,
            "tabs": tabs(request.user, tender, "panel"),
            "seats": [
                {"seat": seat, "sound": repeat_draw(seat), "may_recuse": may_run and _sits(seat), "free": is_free(seat)}
                for seat in seats
            ],
            "free": sum(is_free(seat) for seat in seats),
            "reviewed": _reviewed(tender),
            "drawn": drawn,
            "form": form,
            "may_run": may_run,
            "bidders": selectors.bidders(tender),
            "reason_form": ReasonForm(),
        },
    )


def _reviewed(tender: Tender) -> list[ReviewedScore]:
    """Why the sheets are back with the members, if they are: the factors on which they differed."""
    at = review.under_review(tender)
    return review.reviewed(tender, at) if at is not None else []


def _sits(seat: Evaluator) -> bool:
    return seat.state in (EvaluatorState.DRAWN, EvaluatorState.DECLARED)


def _draw_form(tender: Tender, data: Any) -> DrawForm:
    on = timezone.localdate(clock.now())
    colleagues = (
        members_with_role(tender.organisation, Role.OFFICER, Role.FINANCE, Role.APPROVER, Role.ADMIN, on=on)
        .exclude(pk__in=[key for key in (tender.drafted_by_id, tender.approved_by_id) if key])
        .exclude(key_shares__tender=tender)
    )
    return DrawForm(data, colleagues=colleagues, smallest=selectors.smallest_panel(tender, complex_matter=False))


def _draw(request: HttpRequest, tender: Tender, form: DrawForm) -> bool:
    values = form.cleaned_data
    try:
        seats = services_panel.draw_evaluators(
            actor=me(request),
            tender=tender,
            experts_needed=values["experts_needed"],
            representatives=list(values.get("representatives", [])),
            complex_matter=values["complex_matter"],
            seed=values["seed"].strip(),
            now=clock.now(),
        )
    except PanelComplete as error:
        messages.info(request, str(error))
        return True
    except DomainError as error:
        refuse(form, error)
        return False
    messages.success(
        request,
        _("%(n)s members are drawn. They declare first; then they see the %(bids)s.")
        % {"n": len(seats), "bids": tender.wording.bids},
    )
    return True


@require_POST
def recuse_member(request: HttpRequest, pk: int, seat: int) -> HttpResponse:
    """The officer takes out a member who cannot serve."""
    tender = running(request, pk)
    found = get_object_or_404(Evaluator, tender=tender, pk=seat)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why. The reason is kept on record."))
        return redirect("procurement:panel", tender.pk)
    reason = form.cleaned_data["reason"]
    try:
        replacement = services_panel.recuse(
            actor=me(request), tender=tender, reason=reason, evaluator=found, now=clock.now()
        )
    except DomainError:
        if not answer_again(request, found, EVALUATOR, "recuse"):
            raise
    else:
        _say_replacement(request, replacement)
    return redirect("procurement:panel", tender.pk)


def _say_replacement(request: HttpRequest, replacement: Evaluator | None) -> None:
    if replacement is None:
        messages.warning(
            request, _("The seat is empty: nobody is left in the pool. Draw again when more are registered.")
        )
    else:
        messages.success(request, _("The next of the lottery takes the seat."))


# The member's own pages


@require_safe
def judging(request: HttpRequest) -> HttpResponse:
    """All panels on which this person sits or sat."""
    found = (
        Evaluator.objects.filter(user=me(request))
        .select_related("tender__organisation")
        .order_by("-tender__opened_at", "-pk")
    )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "procurement/evaluation/judging.html", {"page": page})


def _own(request: HttpRequest, pk: int) -> tuple[Tender, Evaluator]:
    tender = get_tender(request, pk)
    seat = rules.seat_of(request.user, tender)
    if seat is None:
        raise Http404
    seat.tender = tender
    return tender, seat


@require_safe
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    tender, seat = _own(request, pk)
    return _judge(request, tender, seat, DeclareForm(tender))


def _judge(
    request: HttpRequest,
    tender: Tender,
    seat: Evaluator,
    form: DeclareForm,
    recuse_form: ReasonForm | None = None,
    differs: str = "",
) -> HttpResponse:
    """Before the declaration: the bidders' names and nothing else. Then the sheets, lot by lot, and handing in."""
    declared = seat.state in (EvaluatorState.DECLARED, EvaluatorState.SUBMITTED)
    sheets: list[dict[str, Any]] = []
    if declared:
        for lot in tender.lots.filter(failure__isnull=True).prefetch_related("criteria").order_by("number"):
            sheet_of_lot = _sheet(seat, lot)
            sheets.append(
                {"lot": lot, "sheet": sheet_of_lot, "totals": sheet_of_lot.totals(), "most": sheet_of_lot.most}
            )
    missing = sum(item["sheet"].missing for item in sheets)
    return render(
        request,
        "procurement/evaluation/judge.html",
        {
            "tender": tender,
            "tabs": tabs(request.user, tender, "judge"),
            "seat": seat,
            "declared": declared,
            "bidders": selectors.bidders(tender),
            "form": form,
            "recuse_form": recuse_form or ReasonForm(),
            "sheets": sheets,
            "missing": missing,
            "may_hand_in": seat.state == EvaluatorState.DECLARED and not missing and bool(sheets),
            "differs": differs,
            "reviewed": _reviewed(tender) if declared else [],
            "all_in": rules.can_see_scores(request.user, tender),
            "may_recuse": _sits(seat) and tender.state == TenderState.OPENED,
        },
    )


@require_POST
def declare(request: HttpRequest, pk: int) -> HttpResponse:
    tender, seat = _own(request, pk)
    form = DeclareForm(tender, request.POST)
    if form.is_valid():
        # What was ticked is kept word for word, in the language of the law.
        with override(LANGUAGES[0]):
            fields = DeclareForm(tender).fields.values()
            statement = "\n".join(f"{field.label}：{field.help_text}" for field in fields)
        try:
            take_step(
                request,
                seat,
                EVALUATOR,
                "declare",
                lambda: services_panel.declare(actor=me(request), tender=tender, statement=statement, now=clock.now()),
                _("Thank you. The %(bids)s are open to you now.") % {"bids": tender.wording.bids},
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:judge", tender.pk)
    return _judge(request, tender, seat, form)


@require_POST
def recuse(request: HttpRequest, pk: int) -> HttpResponse:
    tender, seat = _own(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _judge(request, tender, seat, DeclareForm(tender), form)
    reason = form.cleaned_data["reason"]
    take_step(
        request,
        seat,
        EVALUATOR,
        "recuse",
        lambda: services_panel.recuse(actor=me(request), tender=tender, reason=reason, now=clock.now()),
        _("You have left the panel. Thank you for saying so."),
    )
    return redirect("procurement:judge", tender.pk)


def _sheet(seat: Evaluator, lot: Lot, data: Any = None) -> ScoreSheet:
    kept = {
        (score.opened_bid_id, score.criterion_id): score
        for score in Score.objects.filter(evaluator=seat, criterion__lot=lot)
    }
    found = ScoreSheet(selectors.valid_bids(lot), selectors.scored_criteria(lot), kept, data)
    if seat.reopened_at is not None:
        found.differed = {
            (row.opened_bid_id, row.criterion_id) for row in review.reviewed(seat.tender, seat.reopened_at)
        }
        found.before = review.own_points(seat)
    return found


@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One lot's scoring sheet; every change is kept at once where the browser can, else by the button."""
    tender, seat = _own(request, pk)
    if seat.state not in (EvaluatorState.DECLARED, EvaluatorState.SUBMITTED):
        return redirect("procurement:judge", tender.pk)
    lot = get_object_or_404(tender.lots.filter(failure__isnull=True).prefetch_related("criteria"), number=number)
    found = _sheet(seat, lot, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _keep(request, lot, found)
        if not found.errors and not request.htmx:  # type: ignore[attr-defined]
            messages.success(request, _("Your points are saved. You can change them until you submit."))
            return redirect("procurement:sheet", tender.pk, lot.number)
        fresh = _sheet(seat, lot)
        found.kept = fresh.kept
    context = {
        "tender": tender,
        "tabs": tabs(request.user, tender, "judge"),
        "seat": seat,
        "lot": lot,
        "sheet": found,
        "rows": found.rows(),
        "totals": found.totals(),
        "most": found.most,
        "locked": seat.state == EvaluatorState.SUBMITTED,
        "weight": selectors.price_weight(lot),
        "lots": list(tender.lots.filter(failure__isnull=True).order_by("number")),
        "kept_at": clock.now(),
    }
    template = "_kept" if request.htmx else "sheet"  # type: ignore[attr-defined]
    return render(request, f"procurement/evaluation/{template}.html", context)


def _keep(request: HttpRequest, lot: Lot, found: ScoreSheet) -> None:
    """Keep what can be kept; say at its cell what cannot."""
    scores: dict[int, dict[int, tuple[str | None, str]]] = {}
    for bid, criterion, points, note in found.cells():
        value = points.replace("，", ".").replace(",", ".")
        if note and not value:
            found.errors[bid.pk, criterion.pk] = _("Enter the points too: a reason alone is not saved.")
            continue
        try:
            if value:
                services_evaluation.points_within(value, criterion)
        except DomainError as error:
            found.errors[bid.pk, criterion.pk] = str(error)
            continue
        scores.setdefault(bid.pk, {})[criterion.pk] = (value or None, note[:2000])
    services_evaluation.save_scores(actor=me(request), lot=lot, scores=scores, now=clock.now())


@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    tender, seat = _own(request, pk)
    stand_by = request.POST.get("stand_by") == "1"
    try:
        take_step(
            request,
            seat,
            EVALUATOR,
            "submit_scores",
            lambda: services_evaluation.submit_scores(
                actor=me(request), tender=tender, stand_by=stand_by, now=clock.now()
            ),
            _("Your points are submitted and locked. Thank you."),
        )
    except ObjectiveScoresDiffer as error:
        return _judge(request, tender, seat, DeclareForm(tender), differs=str(error))
    return redirect("procurement:judge", tender.pk)
