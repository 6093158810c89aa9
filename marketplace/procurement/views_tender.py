"""An officer's and an approver's pages of one tender."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.access import SignedIn, second_factor
from marketplace.audit.models import Event
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.regions import codes
from marketplace.regions.models import Level, Region
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.errors import UnknownDay
from marketplace.statutes.selectors import TableCalendar
from marketplace.statutes.services import deadline

from . import lint, notices, rules, selectors, services_tender
from .areas import Area
from .errors import AlreadyAnswered
from .forms_lot import LotForm
from .forms_plan import DecisionForm, refuse
from .forms_tender import (
    AmendForm,
    AnswerForm,
    CancelForm,
    CriterionFormSet,
    PublishForm,
    QuestionForm,
    TenderForm,
    criteria_initial,
)
from .holders import eligible_holders
from .models_tender import Lot, Question, Tender
from .repeats import request_name, say_moved_on, say_taken, take_step
from .scoring import plain
from .services_plan import has_edited
from .states import TENDER, TenderState
from .views_public import PAGE_SIZE, get_tender, tender_context, tenders_csv

P = ParamSpec("P")


def editing(view: Callable[Concatenate[SignedIn, Tender, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The page of a tender that is drawn up still; one that was handed in meanwhile leads to where it stands now."""

    @wraps(view)
    def page(request: SignedIn, pk: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        found = get_tender(request, pk)
        if not rules.can_draft(request.user, found.organisation):
            raise Http404
        if not rules.can_edit_tender(request.user, found):
            return _moved_on(request, found, "submit")
        return view(request, found, *args, **kwargs)

    return page


@require_safe
def tenders(request: SignedIn) -> HttpResponseBase:
    """All of one's own bureau, whatever their state."""
    buyers = rules.buyers_of(request.user)
    if not buyers.exists():
        raise Http404
    found = Tender.objects.filter(organisation__in=buyers).select_related("organisation")
    state = request.GET.get("state", "")
    if state in TenderState.values:
        found = found.filter(state=state)
    found = found.order_by("-created_at", "-pk")
    if request.GET.get("format") == "csv":
        return tenders_csv(found)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    sizes = selectors.sizes_of(page.object_list)
    return render(
        request,
        "procurement/tenders.html",
        {
            "page": page,
            "rows": [(t, sizes[t.pk]) for t in page.object_list],
            "states": [("", _("All")), *TenderState.choices],
            "state": state,
        },
    )


# Drawing up


@require_http_methods(["GET", "POST"])
@editing
def edit(request: SignedIn, found: Tender) -> HttpResponse:
    """The documents on one page: texts, lots, what the linter says."""
    form = TenderForm.of(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services_tender.update_tender(
                actor=request.user,
                tender=found,
                texts=form.texts(),
                key_threshold=form.cleaned_data["key_threshold"],
                small_firm_cut=form.cleaned_data["small_firm_cut"],
                now=clock.now(),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The texts are saved."))
            return redirect("procurement:edit", found.pk)
    return render(request, "procurement/tender_edit.html", {"form": form, **_documents(found)})


def _documents(found: Tender) -> dict[str, Any]:
    lots = selectors.lots_of(found)
    left = selectors.plan_left(found.plan, but=found)
    return {
        "tender": found,
        "views": selectors.lot_views(found),
        "total": sum((lot.ceiling.amount for lot in lots), start=0),
        "area": Area.of(place for lot in lots for place in lot.places),
        "plan_left": left,
        "findings": lint.findings(found, lots, plan_left=left, on=timezone.localdate(clock.now())),
    }


@require_http_methods(["GET", "POST"])
@editing
def lot(request: SignedIn, found: Tender, number: int | None = None) -> HttpResponse:
    """Add or change a lot; ``show`` lists the villages of another county and keeps what was typed and ticked."""
    existing = get_object_or_404(Lot, tender=found, number=number) if number is not None else None
    county = _county(request, found, existing)
    if "show" in request.POST:
        form = LotForm(found, county, lot=existing, kept=request.POST)
    else:
        form = LotForm(found, county, request.POST or None, lot=existing)
    if form.is_bound and form.is_valid():
        wanted = ("title", "title_en", "quantity", "seats", "ceiling", "regions")
        values = {name: form.cleaned_data[name] for name in wanted if name in form.cleaned_data}
        try:
            if existing is None:
                made = services_tender.add_lot(
                    actor=request.user, tender=found, request_key=request_name(request), now=clock.now(), **values
                )
            else:
                made = services_tender.update_lot(actor=request.user, lot=existing, now=clock.now(), **values)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Lot %(n)s is saved.") % {"n": made.number})
            return redirect("procurement:edit", found.pk)
    shown = next((row.region for row in form.counties if row.shown), None)
    return render(
        request, "procurement/lot_form.html", {"tender": found, "lot": existing, "form": form, "shown": shown}
    )


def _county(request: SignedIn, found: Tender, existing: Lot | None) -> int:
    """The county whose villages are offered: the asked one, that of the lot, the buyer's, or the first of its area."""
    region = found.organisation.region
    low, high = region.code_range
    asked = request.POST.get("show") or request.POST.get("county") or request.GET.get("county", "")
    if asked.isascii() and asked.isdigit() and low <= int(asked) < high:
        return codes.ancestor_at(int(asked), Level.COUNTY)
    first = existing.regions.order_by("code").first() if existing else None
    if first is not None:
        return codes.ancestor_at(first.code, Level.COUNTY)
    if region.level >= Level.COUNTY:
        return codes.ancestor_at(region.code, Level.COUNTY)
    county = Region.objects.filter(code__gte=low, code__lt=high, level=Level.COUNTY).order_by("code").first()
    return county.code if county else region.code


@require_http_methods(["POST"])
@editing
def lot_remove(request: SignedIn, found: Tender, number: int) -> HttpResponse:
    existing = Lot.objects.filter(tender=found, number=number).first()
    if existing is None:
        messages.info(request, _("This lot has already been removed."))
    else:
        services_tender.remove_lot(actor=request.user, lot=existing, now=clock.now())
        messages.success(request, _("The lot is removed."))
    return redirect("procurement:edit", found.pk)


@require_http_methods(["GET", "POST"])
@editing
def criteria(request: SignedIn, found: Tender, number: int) -> HttpResponse:
    existing = get_object_or_404(Lot, tender=found, number=number)
    formset = CriterionFormSet(request.POST or None, initial=criteria_initial(existing), prefix="c")
    if request.method == "POST" and formset.is_valid():
        wanted = [data for form in formset if form.has_changed() or form.initial if (data := form.data_of())]
        try:
            services_tender.set_criteria(actor=request.user, lot=existing, criteria=wanted, now=clock.now())
            if request.POST.get("all_lots"):
                for other in found.lots.exclude(pk=existing.pk):
                    services_tender.set_criteria(actor=request.user, lot=other, criteria=wanted, now=clock.now())
        except DomainError as error:
            messages.error(request, str(error))
        else:
            total = sum((data.points for data in wanted), Decimal(0))
            messages.success(request, _("The criteria are saved: %(points)s points.") % {"points": plain(total)})
            return redirect("procurement:edit", found.pk)
    return render(
        request,
        "procurement/criteria_form.html",
        {"tender": found, "lot": existing, "formset": formset, "several": found.lots.count() > 1},
    )


@require_http_methods(["POST"])
def submit(request: SignedIn, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    if not rules.can_draft(request.user, found.organisation):
        raise Http404
    take_step(
        request,
        found,
        TENDER,
        "submit",
        lambda: services_tender.submit_tender(actor=request.user, tender=found, now=clock.now()),
        _("Submitted. An approving officer of your organisation reads the documents now."),
    )
    return redirect("procurement:tender", found.pk)


# Deciding, publishing


def _moved_on(request: SignedIn, found: Tender, action: str = "") -> HttpResponse:
    """From a page that is out of date to the tender's own."""
    say_moved_on(request, found, TENDER, action)
    return redirect("procurement:tender", found.pk)


@second_factor
@require_http_methods(["GET", "POST"])
def decide(request: SignedIn, pk: int) -> HttpResponse:
    """The documents in both languages, as they will be published, and the decision."""
    found = get_tender(request, pk)
    if not rules.can_decide_tender(request.user, found):
        raise Http404
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        approves = request.POST.get("decision") == "approve"
        decide_it = services_tender.approve_tender if approves else services_tender.return_tender
        said = _("Approved. It can be published now.") if approves else _("Returned to the drafter with your note.")
        note = form.cleaned_data["note"]
        try:
            take_step(
                request,
                found,
                TENDER,
                "approve" if approves else "return",
                lambda: decide_it(actor=request.user, tender=found, note=note, now=clock.now()),
                said,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:tender", found.pk)
    own = found.drafted_by_id == request.user.pk or has_edited(request.user, found)
    context = {**_documents(found), "form": form, "own_draft": own}
    context["standards"] = selectors.standard_of(context["views"])
    context["untranslated"] = selectors.without_english(found, context["views"])
    english = (get_language() or "").startswith("en")
    names = dict(settings.LANGUAGES)
    context["own_code"], context["twin_code"] = ("en", "zh-hans") if english else ("zh-hans", "en")
    context |= {"own_language": names[context["own_code"]], "twin_language": names[context["twin_code"]]}
    return render(request, "procurement/decide.html", context)


@second_factor
@require_http_methods(["GET", "POST"])
def publish(request: SignedIn, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    if not rules.can_publish_tender(request.user, found):
        raise Http404
    if found.state != TenderState.APPROVED:
        return _moved_on(request, found, "publish")
    holders = eligible_holders(found, clock.today())
    form = PublishForm(found, holders, request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            take_step(
                request,
                found,
                TENDER,
                "publish",
                lambda: services_tender.publish_tender(
                    actor=request.user,
                    tender=found,
                    official_published_at=values["official_published_at"],
                    official_url=values["official_url"],
                    bid_deadline=values["bid_deadline"],
                    question_deadline=values["question_deadline"],
                    holders=form.chosen(),
                    provisional_acknowledged=values["provisional_acknowledged"],
                    now=clock.now(),
                ),
                _("Published. Bids are encrypted from now on; nobody can read them before the opening."),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:tender", found.pk)
    return render(request, "procurement/publish.html", {"tender": found, "form": form, "holders": holders})


@second_factor
@require_http_methods(["GET", "POST"])
def amend(request: SignedIn, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    if not rules.can_amend_deadline(request.user, found):
        raise Http404
    if found.state != TenderState.PUBLISHED:
        return _moved_on(request, found)
    form = AmendForm.of(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services_tender.amend_deadline(actor=request.user, tender=found, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            if (moved := _moved_before(request, found, form.cleaned_data["bid_deadline"])) is not None:
                say_taken(request, moved)
                return redirect("procurement:tender", found.pk)
            refuse(form, error)
        else:
            messages.success(request, _("The deadline is moved; the amendment notice is published."))
            return redirect("procurement:tender", found.pk)
    return render(request, "procurement/amend.html", {"tender": found, "form": form, "soonest": _soonest(found)})


def _moved_before(request: SignedIn, found: Tender, bid_deadline: datetime) -> Event | None:
    """The event by which this person moved the deadline to this very instant just before."""
    last = trail(found).order_by("-pk").first()
    if last is None or last.action != "tender.amend_deadline" or last.actor_id != request.user.pk:
        return None
    return last if last.data["after"]["bid_deadline"] == notices.instant(bid_deadline) else None


def _soonest(found: Tender) -> Deadline | None:
    """The law's time between an amendment and the deadline, for the soonest new deadline of an amendment of today.

    It is counted back from the new deadline (``counted_from``). None where the calendar does not reach so far.
    """
    assert found.bid_deadline is not None  # noqa: S101 (published)
    assert found.official_published_at is not None  # noqa: S101
    today, day, calendar = clock.today(), timezone.localdate(found.bid_deadline), TableCalendar()
    try:
        while True:
            last = deadline(
                f"{found.method}_amendment",
                day,
                on=timezone.localdate(found.official_published_at),
                region_code=found.organisation.region_id,
                calendar=calendar,
            )
            if last.date >= today:
                return last
            day += timedelta(days=1)
    except UnknownDay:
        return None


@second_factor
@require_http_methods(["GET", "POST"])
def cancel(request: SignedIn, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    if not rules.can_cancel_tender(request.user, found):
        if found.state == TenderState.CANCELLED and rules.is_staff(request.user, found):
            return _moved_on(request, found, "cancel")
        raise Http404
    form = CancelForm(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            take_step(
                request,
                found,
                TENDER,
                "cancel",
                lambda: services_tender.cancel_tender(actor=request.user, tender=found, now=clock.now(), **values),
                _("Cancelled."),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:tender", found.pk)
    return render(request, "procurement/cancel.html", {"tender": found, "form": form})


# Questions


@require_http_methods(["POST"])
def ask(request: SignedIn, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    form = QuestionForm(request.POST)
    suppliers = {str(o.pk): o for o in rules.suppliers_of(request.user)}
    supplier = suppliers.get(request.POST.get("supplier", ""))
    if supplier is None:
        raise Http404
    if form.is_valid():
        try:
            services_tender.ask_question(
                actor=request.user,
                organisation=supplier,
                tender=found,
                text=form.cleaned_data["text"],
                request_key=request_name(request),
                now=clock.now(),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Asked. The answer is published here, without your name."))
            return redirect("procurement:tender", found.pk)
    return render(request, "procurement/tender.html", tender_context(request, found, question_form=form))


@require_http_methods(["POST"])
def answer(request: SignedIn, pk: int, question: int) -> HttpResponse:
    found = get_tender(request, pk)
    if not rules.can_answer(request.user, found):
        raise Http404
    row = get_object_or_404(Question, pk=question, tender=found)
    form = AnswerForm(request.POST, prefix=f"q{row.pk}")
    if form.is_valid():
        try:
            services_tender.answer_question(
                actor=request.user, question=row, answer=form.cleaned_data["answer"], now=clock.now()
            )
        except AlreadyAnswered as error:
            row.refresh_from_db()
            if row.answered_by_id == request.user.pk and row.answer == form.cleaned_data["answer"]:
                messages.info(request, _("You have given this answer already; everybody can read it."))
                return redirect("procurement:tender", found.pk)
            # The question has no form any more where its error could stand.
            messages.error(request, str(error))
            return redirect(f"{reverse('procurement:tender', args=[found.pk])}#questions")
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Answered; everybody can read it now."))
            return redirect("procurement:tender", found.pk)
    context = tender_context(request, found)
    for item in context["questions"]:
        if item["question"].pk == row.pk:
            item["form"] = form
    return render(request, "procurement/tender.html", context)
