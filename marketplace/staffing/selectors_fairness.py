"""A run's fairness as tables: each has a header and rows of words and numbers, for the page and for its file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from marketplace.accounts.models import SpokenLanguage, User
from marketplace.contracts.models import Post
from marketplace.core.i18n import localized
from marketplace.regions.codes import SPAN
from marketplace.regions.models import Level, Region, Tier

from .freezing import NEED
from .measuring import middle
from .models import AssignmentRun, EmptyPost
from .reasons_in_words import as_minutes
from .selectors_runs import travel_bands

#: above so many townships the page shows counties; the file has the townships too
MOST_TOWNSHIPS = 60
_TIER = {need: tier for tier, need in NEED.items()}


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` of as many cells as ``header``; the first cell names the row."""

    header: list[str]
    rows: list[tuple[Any, ...]]

    @property
    def labelled(self) -> list[list[tuple[str, Any]]]:
        """Each row with the column's name beside each cell, for pages where the head is not seen."""
        return [list(zip(self.header, row, strict=True)) for row in self.rows]


def _tier(need: int) -> str:
    tier = _TIER.get(need)
    return str(Tier(tier).label) if tier is not None else str(need)


def tiers(run: AssignmentRun) -> Table:
    return Table(
        [_("Development tier"), _("Villages"), _("Served"), _("Vacant"), _("Median journey (min)"), _("Longest (min)")],
        [
            (_tier(t["tier"]), t["posts"], t["filled"], t["posts"] - t["filled"], t["median"], t["longest"])
            for t in run.fairness["tiers"]
        ],
    )


def ranks(run: AssignmentRun) -> Table:
    """Who waits first: tier, then the rounds that already left a village without adviser."""
    return Table(
        [_("Development tier"), _("Rounds without adviser"), _("Villages"), _("Vacant")],
        [
            (f"{order}. {_tier(r['tier'])}", r["rounds"], r["posts"], r["empty"])
            for order, r in enumerate(run.fairness["ranks"], start=1)
        ],
    )


def because(run: AssignmentRun) -> Table:
    """What left villages empty."""
    found = Counter(run.empty_posts.order_by().values_list("because", flat=True))
    return Table(
        [_("Why nobody serves them"), _("Villages")],
        [(str(label), found[value]) for value, label in EmptyPost.Because.choices if found[value]],
    )


def languages(run: AssignmentRun) -> Table:
    """The column of what was required is left out where no language was."""
    asked = set(run.parameters["languages"])
    names: Sequence[str] = run.parameters["bits"]["languages"]
    counts = run.fairness["languages"]
    found = [(name, counts[bit] if bit < len(counts) else 0) for bit, name in enumerate(names)]
    shown = [(name, str(SpokenLanguage(name).label), count) for name, count in found if count or name in asked]
    if not asked:
        header = [_("Language"), _("Villages whose lawyer speaks it")]
        return Table(header, [(label, count) for _name, label, count in shown])
    return Table(
        [_("Language"), _("Required"), _("Villages whose lawyer speaks it")],
        [(label, _("yes") if name in asked else pgettext("asked for", "no"), count) for name, label, count in shown],
    )


def loads(run: AssignmentRun) -> Table:
    return Table(
        [_("Villages per lawyer"), _("Lawyers")], [(load, people) for load, people in run.fairness["loads"]["counts"]]
    )


def journeys(run: AssignmentRun) -> Table:
    rows = [
        (
            _("over %(above)s min") % {"above": band.above}
            if band.upto is None
            else _("%(above)s–%(upto)s min") % {"above": band.above, "upto": band.upto},
            band.count,
        )
        for band in travel_bands(run.summary["travel"]["bands"])
    ]
    return Table([_("Journey, one way"), _("Villages")], rows)


def places(run: AssignmentRun, *, all_townships: bool = False) -> Table:
    """By county and township: two rows of sums, whatever the number of villages."""
    ways: defaultdict[int, list[int]] = defaultdict(list)
    empty: Counter[int] = Counter()
    for village, minutes in run.assignments.order_by().values_list("post__region_id", "travel_minutes"):
        for level in (Level.COUNTY, Level.TOWNSHIP):
            ways[village - village % SPAN[level]].append(minutes)
    for village in run.empty_posts.order_by().values_list("post__region_id", flat=True):
        for level in (Level.COUNTY, Level.TOWNSHIP):
            empty[village - village % SPAN[level]] += 1
    codes = sorted(ways.keys() | empty.keys())
    townships = sum(code % SPAN[Level.COUNTY] > 0 for code in codes)
    if townships > MOST_TOWNSHIPS and not all_townships:
        codes = [code for code in codes if code % SPAN[Level.COUNTY] == 0]
    names = Region.objects.in_bulk(codes)
    return Table(
        [_("Place"), _("Villages"), _("Served"), _("Vacant"), _("Median journey (min)"), _("Longest (min)")],
        [
            (
                localized(names[code], "name") if code in names else str(code),
                len(ways[code]) + empty[code],
                len(ways[code]),
                empty[code],
                middle(ways[code]) if ways[code] else None,
                max(ways[code], default=None),
            )
            for code in codes
        ],
    )


def blocking(run: AssignmentRun) -> Table:
    """The blocking pairs that gain most, by name. Two queries."""
    examples = run.fairness["blocking"]["examples"]
    wanted = {e["post"] for e in examples} | {e["gives_up"] for e in examples}
    posts = {post.pk: post for post in Post.objects.filter(pk__in=wanted - {None}).select_related("region")}
    people = User.objects.in_bulk({e["person"] for e in examples})

    def village(key: int | None) -> str:
        return localized(posts[key].region, "name") if key in posts else ""

    return Table(
        [_("Village"), _("Lawyer"), _("Better by (min)"), _("The lawyer would give up")],
        [
            (
                village(e["post"]),
                localized(people[e["person"]], "display_name") if e["person"] in people else "?",
                _("now vacant") if e["saves"] is None else as_minutes(run, e["saves"]),
                village(e["gives_up"]) or pgettext("given up", "nothing: has a place free"),
            )
            for e in examples
        ],
    )


#: what everybody may read of a published run, by the name of its file
PUBLIC_TABLES: dict[str, Callable[[AssignmentRun], Table]] = {
    "tiers": tiers,
    "places": places,
    "languages": languages,
    "load": loads,
    "journeys": journeys,
    "order": ranks,
    "vacant": because,
}
#: with names
TABLES: dict[str, Callable[[AssignmentRun], Table]] = {**PUBLIC_TABLES, "blocking-pairs": blocking}
