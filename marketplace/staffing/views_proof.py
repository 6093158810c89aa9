"""Files with which anybody who sees a run can check it without this site."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from .models import AssignmentRun
from .proof_files import answer_document, problem_document
from .states import RunShape
from .views import visible_run


@require_safe
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """The frozen problem, so that anyone who sees the run can compute it again."""
    found = visible_run(request, pk)
    return _file(JsonResponse(problem_document(found)), found, "problem", "json")


@require_safe
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan with the prices that prove it."""
    found = visible_run(request, pk)
    return _file(JsonResponse(answer_document(found)), found, "answer", "json")


@require_safe
def instructions(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_run(request, pk)
    language = "en" if (get_language() or "").startswith("en") else "zh"
    folder = "staffing/teams" if found.shape == RunShape.TEAM else "staffing"
    text = render_to_string(f"{folder}/how_to_verify.{language}.txt", {"run": found})
    return _file(HttpResponse(text, content_type="text/plain; charset=utf-8"), found, "how-to-verify", "txt")


def _file(response: HttpResponse, run: AssignmentRun, name: str, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}-{run.pk}.{ending}"'
    return response
