"""The public face of buying: the list, one tender, its notices and documents, receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.accounts.models import Organisation
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import documents, receipts, rules, selectors
from .actions import actions_for
from .areas import Area
from .forms_tender import AnswerForm, QuestionForm
from .models_tender import Notice, NoticeKind, Tender
from .selectors_evaluation import redress
from .services_bidding import verify_receipt
from .states import TenderState

PAGE_SIZE = 25
CSV_ROWS = 50_000


def get_tender(request: HttpRequest, pk: int) -> Tender:
    """A tender the person may know of, or 404."""
    return get_object_or_404(
        rules.visible_tenders(request.user).select_related("organisation", "organisation__region", "plan"), pk=pk
    )


def _found(request: HttpRequest, now: datetime) -> tuple[Any, str, str]:
    stage = request.GET.get("stage", "")
    stage = stage if stage in selectors.STAGES else ""
    query = request.GET.get("q", "").strip()[:100]
    found = selectors.search(selectors.public_tenders().filter(selectors.stage_filter(stage, now)), query)
    return selectors.by_deadline(found, now), stage, query


@public_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    found, stage, query = _found(request, now)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    sizes = selectors.sizes_of(page.object_list)
    words = {
        "": _("All"),
        "open": _("Open for bids"),
        "judging": _("Under evaluation"),
        "awarded": _("Result decided"),
        "failed": _("Terminated or cancelled"),
    }
    return render(
        request,
        "procurement/index.html",
        {
            "page": page,
            "rows": [(t, sizes[t.pk], selectors.stage_of(t, now)) for t in page.object_list],
            "stages": list(words.items()),
            "stage": stage,
            "q": query,
            "may_draft": rules.buyers_of(request.user, "officer").exists() if request.user.is_authenticated else False,
            "is_staff": rules.buyers_of(request.user).exists() if request.user.is_authenticated else False,
        },
    )


@public_page
@require_safe
def index_csv(request: HttpRequest) -> StreamingHttpResponse:
    return tenders_csv(_found(request, clock.now())[0])


def tenders_csv(tenders: QuerySet[Tender]) -> StreamingHttpResponse:
    """A list of tenders as a file: at most ``CSV_ROWS``, sums in yuan, instants of Beijing time."""
    found = list(tenders[:CSV_ROWS])
    sizes = selectors.sizes_of(found)
    header = [
        _("Number"), _("Title"), _("Buyer"), _("Method"), _("State"), _("Lots"), _("Area served"), _("Total of "
                                                                                                     "the "
                                                                                                     "lots' "
                                                                                                     "ceilings "
                                                                                                     "(yuan)"),
        _("Published on the official medium"), _("Bids until"), _("Address"),
    ]  # fmt: skip
    rows = (
        (
            t.reference,
            localized(t, "title"),
            localized(t.organisation, "name"),
            t.get_method_display(),
            t.get_state_display(),
            sizes[t.pk].lots,
            str(sizes[t.pk].area),
            f"{sizes[t.pk].ceiling.amount:.2f}",
            _iso(t.official_published_at),
            _iso(t.bid_deadline),
            f"{settings.SITE_URL}{reverse('procurement:tender', args=[t.pk])}",
        )
        for t in found
    )
    return csv_response("procurement.csv", header, rows)


def _iso(instant: datetime | None) -> str:
    return timezone.localtime(instant).isoformat(timespec="minutes") if instant else ""


@public_page
@require_safe
def tender(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_tender(request, pk)
    return render(request, "procurement/tender.html", tender_context(request, found))


def tender_context(request: HttpRequest, found: Tender, **more: Any) -> dict[str, Any]:
    """All of a tender's page. ``more`` replaces forms that come back with errors."""
    now, user = clock.now(), request.user
    views = selectors.lot_views(found, user)
    notices = list(selectors.notices_of(found))
    answering = rules.can_answer(user, found) and found.state == TenderState.PUBLISHED
    questions: list[dict[str, Any]] = [
        {
            "question": q,
            "due": selectors.answer_due(q) if answering and not q.answer else None,
            "form": AnswerForm(prefix=f"q{q.pk}") if answering and not q.answer else None,
        }
        for q in rules.questions_visible_to(user, found)
    ]
    asking = [] if rules.is_staff(user, found) else rules.suppliers_of(user)
    can_ask = (
        bool(asking) and found.bidding_is_open(now) and bool(found.question_deadline and now <= found.question_deadline)
    )
    return {
        "tender": found,
        "public": rules.is_public(found),
        "stage": selectors.stage_of(found, now),
        "life": selectors.life_line(found, now, notices),
        "views": views,
        "standards": selectors.standard_of(views),
        "total": sum((v.lot.ceiling.amount for v in views), start=0),
        "area": Area.of(place for view in views for place in view.lot.places),
        "timetable": selectors.timetable_of(found),
        "rule": selectors.submission_rule(found),
        "days_given": selectors.days_given(found),
        "notices": notices,
        "questions": questions,
        "unanswered": sum(not q["question"].answer for q in questions),
        "actions": actions_for(user, found, now),
        "asking": asking if can_ask else [],
        "question_form": QuestionForm(),
        "staff": rules.is_staff(user, found) or (rules.can_see_tender(user, found) and not rules.is_public(found)),
        **more,
    }


@public_page
@require_safe
def notice(request: HttpRequest, pk: int, notice: int) -> HttpResponse:
    found = get_tender(request, pk)
    row = get_object_or_404(Notice, pk=notice, tender=found)
    if request.GET.get("format") == "json":
        response = JsonResponse(row.content, json_dumps_params={"ensure_ascii": False, "indent": 2})
        response["Content-Disposition"] = f'attachment; filename="notice-{row.pk}.json"'
        return response
    codes = {named.get("supplier", {}).get("credit_code") for named in (row.content, *row.content.get("awards", []))}
    return render(
        request,
        "procurement/notice.html",
        {
            "tender": found,
            "notice": row,
            "content": row.content,
            "suppliers": {
                each.credit_code: each for each in Organisation.objects.filter(credit_code__in=codes - {None, ""})
            },
            "redress": redress(row) if row.kind == NoticeKind.RESULT else None,
            "again": selectors.public_tenders().filter(plan=found.plan_id, published_at__gt=row.published_at).first()
            if row.kind == NoticeKind.FAILURE
            else None,
        },
    )


@public_page
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The procurement document as a PDF, made from what was published."""
    found = get_tender(request, pk)
    if found.published_at is None:
        raise Http404
    return pdf_response(documents.tender_document(found), f"tender-{found.pk}.pdf")


def pdf_response(content: bytes, filename: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{filename}"'
    return response


# Receipts


@public_page
def verify(request: HttpRequest) -> HttpResponse:
    """Anybody pastes a receipt and reads whether it is genuine."""
    text = request.POST.get("receipt", "")[:10_000] if request.method == "POST" else ""
    result = verify_receipt(text=text) if text.strip() else None
    return render(
        request,
        "procurement/verify.html",
        {"text": text, "result": result, "key_id": receipts.key_id(), "public_key": receipts.public_key().hex()},
    )


@public_page
@require_safe
def receipt_key(request: HttpRequest) -> JsonResponse:
    """The public key of receipts, for other programs."""
    return JsonResponse({"id": receipts.key_id(), "algorithm": "Ed25519", "public_key": receipts.public_key().hex()})
