"""Reads for the maps of plans and scenarios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, TypedDict

from django.db.models import Count
from django.utils.translation import pgettext

from marketplace.accounts.models import User
from marketplace.core.i18n import localized

from .models import AssignmentRun
from .states import AssignmentState

SERVED, ASKED, LOST, EMPTY = "served", "asked", "lost", "empty"
#: a plan of more is not drawn: the points would cover each other
MOST_DRAWN = 3000
_STATUS = {
    AssignmentState.COMPUTED: SERVED,
    AssignmentState.ACCEPTED: SERVED,
    AssignmentState.PROPOSED: ASKED,
}


class MapDocument(TypedDict):
    """``villages``: status → [longitude, latitude, name, who]; ``advisers``: [longitude, latitude, names]."""

    villages: dict[str, list[list[Any]]]
    advisers: list[list[Any]]


def run_map(run: AssignmentRun) -> MapDocument:
    """Villages of a plan by how they stand today, and where its lawyers start. A fixed number of queries."""
    place = places(run)
    villages: dict[str, list[list[Any]]] = {SERVED: [], ASKED: [], LOST: [], EMPTY: []}
    rows = list(run.assignments.select_related("post__region", "person").defer("reason").order_by("post_id"))
    for row in rows:
        status = _STATUS.get(AssignmentState(row.state), LOST)
        words = [*place[row.post_id], localized(row.post.region, "name"), localized(row.person, "display_name")]
        villages[status].append(words)
    for each in run.empty_posts.select_related("post__region").defer("reason").order_by("post_id"):
        villages[EMPTY].append([*place[each.post_id], localized(each.post.region, "name"), ""])
    return {"villages": villages, "advisers": offices({row.person_id for row in rows})}


def outcome(run: AssignmentRun) -> Counter[str]:
    """How many villages of a plan stand how today, in the words of its map. One query."""
    found: Counter[str] = Counter()
    for state, n in run.assignments.order_by().values_list("state").annotate(n=Count("pk")):
        found[_STATUS.get(AssignmentState(state), LOST)] += n
    return found


def places(run: AssignmentRun) -> dict[int, tuple[float, float]]:
    """Post → longitude and latitude as the run was computed from. One query."""
    frozen = AssignmentRun.objects.filter(pk=run.pk).values_list(
        "problem__posts__key", "problem__posts__longitude", "problem__posts__latitude"
    )
    return {key: (longitude, latitude) for key, longitude, latitude in zip(*frozen.get(), strict=True)}


def offices(keys: Collection[int], others: Iterable[tuple[float, float, str]] = ()) -> list[list[Any]]:
    """Where people start, each place once: the division of the office, for one's own place is shown to nobody. One query."""
    people = (
        User.objects.filter(pk__in=keys, practitioner__region__longitude__isnull=False)
        .select_related("practitioner__region")
        .order_by("pk")
    )
    found: dict[tuple[float, float], list[str]] = {}
    for person in people:
        longitude, latitude = person.practitioner.region.longitude, person.practitioner.region.latitude
        if longitude is not None and latitude is not None:
            found.setdefault((longitude, latitude), []).append(localized(person, "display_name"))
    for longitude, latitude, name in others:
        found.setdefault((longitude, latitude), []).append(name)
    between = pgettext("list", ", ")
    return [[*place, between.join(names)] for place, names in found.items()]
