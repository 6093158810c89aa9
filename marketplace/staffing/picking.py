"""Choosing a lawyer, a village or an area of a run by typing: a province has too many for a list."""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, F, Func, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.accounts.picking import propose_people
from marketplace.core.bulk import among
from marketplace.regions.codes import SPAN
from marketplace.regions.models import Level
from marketplace.regions.views import propose_places

from .models import AssignmentRun
from .states import RunShape
from .teams.frozen import from_document

TYPE_A_PLACE = _("Start typing the name (characters or pinyin), then choose from the list.")


class _Elements(Func):
    """Each element of an array of JSON."""

    function = "jsonb_array_elements_text"
    output_field = TextField()
    set_returning = True


def lawyers_of(run: AssignmentRun) -> QuerySet[User]:
    """Who could have been chosen in ``run``: everybody in its problem; of a team's, only the contract's own people."""
    if run.shape == RunShape.TEAM:
        return User.objects.filter(pk__in=among(from_document(run.problem).people_for(run.contract_id)))
    frozen = AssignmentRun.objects.filter(pk=run.pk).order_by()
    return User.objects.filter(pk__in=frozen.values(key=Cast(_Elements("problem__people__key"), BigIntegerField())))


def _places(run: AssignmentRun, level: Level | None = None) -> Q:
    """A condition on ``Region``: the places of the run's posts, or what lies above them at ``level``."""
    place: Any = F("post__region_id") if level is None else F("post__region_id") - F("post__region_id") % SPAN[level]
    return Q(code__in=run.assignments.order_by().values(place=place)) | Q(
        code__in=run.empty_posts.order_by().values(place=place)
    )


def villages_of(run: AssignmentRun) -> Q:
    return _places(run)


def areas_of(run: AssignmentRun) -> Q:
    """The counties and townships of the run's posts."""
    return _places(run, Level.COUNTY) | _places(run, Level.TOWNSHIP)


def address(run: AssignmentRun, what: str) -> str:
    """Where an input of the run's forms gets its proposals."""
    return reverse("staffing:suggest", args=[run.pk, what])


def propose(request: HttpRequest, run: AssignmentRun, what: str) -> HttpResponse:
    """The proposals for ``what``: lawyers, villages or areas. Who may see the run was asked before."""
    if what == "lawyers":
        return propose_people(request, lawyers_of(run))
    if what == "villages":
        return propose_places(request, villages_of(run))
    if what == "areas":
        return propose_places(request, areas_of(run))
    raise Http404
