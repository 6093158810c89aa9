"""Reads for scenarios: figures beside the base, who gains and loses, the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from marketplace.accounts.models import SpokenLanguage, User
from marketplace.contracts.models import Post
from marketplace.core.i18n import localized
from marketplace.regions.codes import SPAN
from marketplace.regions.models import Level, Region

from . import selectors_map
from .models import AssignmentRun, Scenario
from .reasons_in_words import as_minutes
from .scenarios import newcomers
from .selectors_map import EMPTY, LOST, SERVED, MapDocument

#: scenarios side by side
MOST_COMPARED = 4
GAINED = "gained"


@dataclass(frozen=True, slots=True)
class Column:
    """A scenario's figures (or the base's: ``scenario`` is None), each comparable with the others."""

    scenario: Scenario | None
    name: str
    posts: int
    filled: int
    median: int | None
    longest: int | None
    bands: list[int]
    used: int
    most: int
    gini: float | None
    cost_minutes: int
    gained: int | None
    lost: int | None
    moved: int | None
    paid_minutes: int | None

    @property
    def coverage(self) -> float:
        return self.filled / self.posts if self.posts else 0.0


def base_column(run: AssignmentRun) -> Column:
    loads = run.fairness.get("loads", {})
    return _column(run, None, _("The plan itself"), run.summary, loads.get("gini"))


def scenario_column(run: AssignmentRun, scenario: Scenario) -> Column:
    return _column(run, scenario, scenario.name, scenario.result, scenario.result["load"]["gini"])


def _column(
    run: AssignmentRun, scenario: Scenario | None, name: str, found: Mapping[str, Any], gini: int | None
) -> Column:
    objective, travel = found["objective"], found["travel"]
    return Column(
        scenario=scenario,
        name=name,
        posts=objective["posts"],
        filled=objective["filled"],
        median=travel["median"],
        longest=travel["longest"],
        bands=travel["bands"],
        used=found["load"]["used"],
        most=found["load"]["most"],
        gini=None if gini is None else gini / 1000,
        cost_minutes=as_minutes(run, objective["pair_cost"] + objective["load_cost"]),
        gained=found.get("gained"),
        lost=found.get("lost"),
        moved=found.get("moved"),
        paid_minutes=found.get("paid_minutes"),
    )


@dataclass(frozen=True, slots=True)
class WorthLine:
    """Whose next place saves most: ``minutes`` of the plan's cost, or a village served (``fills``)."""

    person: str
    key: int
    minutes: int
    fills: bool


def worth(run: AssignmentRun) -> list[WorthLine]:
    """One query."""
    entries = run.summary.get("worth", [])
    people = User.objects.in_bulk([e["person"] for e in entries])
    return [
        WorthLine(
            localized(people[e["person"]], "display_name"),
            e["person"],
            e["saving"] // run.summary["weights"]["cost_per_minute"],
            e["fills"],
        )
        for e in entries
        if e["person"] in people
    ]


def change_words(scenario: Scenario, people: Mapping[int, str], regions: Mapping[int, Region]) -> list[str]:
    """A scenario's changes as sentences."""
    return [_said(change, people, regions) for change in scenario.changes]


def people_in(scenarios: Sequence[Scenario]) -> dict[int, str]:
    """The names of everybody whom a change names. One query."""
    keys = {c["person"] for s in scenarios for c in s.changes if c.get("person") is not None}
    return {key: localized(person, "display_name") for key, person in User.objects.in_bulk(keys).items()}


def regions_in(scenarios: Sequence[Scenario]) -> dict[int, Region]:
    return Region.objects.in_bulk({c["region"] for s in scenarios for c in s.changes if "region" in c})


def _said(change: Mapping[str, Any], people: Mapping[int, str], regions: Mapping[int, Region]) -> str:
    kind = change["kind"]
    if kind == "places":
        words = ngettext("%(n)s more place", "%(n)s more places", change["by"]) % {"n": change["by"]}
        who = _("each lawyer") if change["person"] is None else people.get(change["person"], "?")
        return _("%(places)s for %(person)s") % {"places": words, "person": who}
    if kind == "cap":
        return ngettext(
            "nobody serves more than %(n)s village", "nobody serves more than %(n)s villages", change["most"]
        ) % {"n": change["most"]}
    if kind == "radius":
        return _("nobody travels longer than %(n)s minutes") % {"n": change["minutes"]}
    if kind == "without":
        return _("without %(person)s") % {"person": people.get(change["person"], "?")}
    place = localized(regions[change["region"]], "name") if change["region"] in regions else str(change["region"])
    if kind == "subsidy":
        return _("a minute of travel to %(place)s counts as %(n)s%%: the subsidy covers the rest") % {
            "place": place,
            "n": change["percent"],
        }
    spoken = pgettext("list", ", ").join(str(SpokenLanguage(each).label) for each in change["languages"])
    said = ngettext(
        "one more firm in %(place)s: %(n)s lawyer, %(capacity)s villages each",
        "one more firm in %(place)s: %(n)s lawyers, %(capacity)s villages each",
        change["advisers"],
    ) % {"place": place, "n": change["advisers"], "capacity": change["capacity"]}
    return _("%(firm)s (%(languages)s)") % {"firm": said, "languages": spoken} if spoken else said


@dataclass(frozen=True, slots=True)
class VillageLine:
    """A post in the plan and in a scenario, by numbers: ``before`` and ``after`` are (person, minutes) or None."""

    post: int
    village: int
    status: str
    before: tuple[int, int] | None
    after: tuple[int, int] | None


def village_lines(scenario: Scenario) -> list[VillageLine]:
    """Every post of the run beside what the scenario makes of it, by village. Three queries."""
    run = scenario.run
    before = {
        post: (who, way) for post, who, way in run.assignments.values_list("post_id", "person_id", "travel_minutes")
    }
    after = {post: (who, way) for post, who, way in scenario.plan}
    empty = run.empty_posts.order_by().values_list("post_id", flat=True)
    posts = Post.objects.filter(pk__in={*before, *after, *empty}).order_by("region_id", "pk")
    lines = []
    for post, village in posts.values_list("pk", "region_id"):
        old, new = before.get(post), after.get(post)
        status = (SERVED if new else LOST) if old else (GAINED if new else EMPTY)
        lines.append(VillageLine(post, village, status, old, new))
    return lines


@dataclass(frozen=True, slots=True)
class NamedLine:
    """The same in words: ``before`` and ``after`` are (name, minutes) or None."""

    code: int
    village: str
    township: str
    status: str
    before: tuple[str, int] | None
    after: tuple[str, int] | None


def named_lines(scenario: Scenario, lines: Sequence[VillageLine]) -> list[NamedLine]:
    """Lines with the names of villages, townships and people. A fixed number of queries."""
    towns = {line.village: line.village - line.village % SPAN[Level.TOWNSHIP] for line in lines}
    found = Region.objects.in_bulk({*towns, *towns.values()})
    regions = {code: localized(region, "name") for code, region in found.items()}
    names = _names(scenario, {entry[0] for line in lines for entry in (line.before, line.after) if entry})

    def said(entry: tuple[int, int] | None) -> tuple[str, int] | None:
        return None if entry is None else (names.get(entry[0], "?"), entry[1])

    return [
        NamedLine(
            code=line.village,
            village=regions.get(line.village, str(line.village)),
            township=regions.get(towns[line.village], ""),
            status=line.status,
            before=said(line.before),
            after=said(line.after),
        )
        for line in lines
    ]


def _names(scenario: Scenario, keys: set[int]) -> dict[int, str]:
    names = {key: localized(person, "display_name") for key, person in User.objects.in_bulk(keys).items()}
    changes = [change for change in scenario.changes if change["kind"] == "firm"]
    if changes:
        regions = regions_in([scenario])
        for key, change in newcomers(first_new_key(scenario.run), changes):
            place = localized(regions[change["region"]], "name") if change["region"] in regions else ""
            names[key] = _("another lawyer in %(place)s") % {"place": place}
    return names


def first_new_key(run: AssignmentRun) -> int:
    """The first primary key that nobody in the problem has: the scenario's newcomers begin there."""
    keys = AssignmentRun.objects.filter(pk=run.pk).values_list("problem__people__key", flat=True).get()
    return int(max(keys or [0])) + 1


@dataclass(frozen=True, slots=True)
class AreaLine:
    """A township: villages, served before and after."""

    name: str
    posts: int
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


def area_lines(lines: Sequence[VillageLine]) -> list[AreaLine]:
    posts: Counter[int] = Counter()
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    for line in lines:
        code = line.village - line.village % SPAN[Level.TOWNSHIP]
        posts[code] += 1
        before[code] += line.before is not None
        after[code] += line.after is not None
    names = Region.objects.in_bulk(posts)
    return [
        AreaLine(localized(names[code], "name") if code in names else str(code), posts[code], before[code], after[code])
        for code in sorted(posts)
    ]


def map_document(scenario: Scenario) -> MapDocument:
    """Villages by what the scenario makes of them; lawyers of the plan and of the scenario."""
    place = selectors_map.places(scenario.run)
    villages: dict[str, list[list[Any]]] = {SERVED: [], GAINED: [], LOST: [], EMPTY: []}
    lines = village_lines(scenario)
    for line, named in zip(lines, named_lines(scenario, lines), strict=True):
        who = named.after or named.before
        villages[line.status].append([*place[line.post], named.village, who[0] if who else ""])
    first_new = first_new_key(scenario.run)
    real = {row[1] for row in scenario.plan if row[1] < first_new}
    keys = real | set(scenario.run.assignments.order_by().values_list("person_id", flat=True))
    firms = [change for change in scenario.changes if change["kind"] == "firm"]
    others = [(firm["longitude"], firm["latitude"], _("another firm")) for firm in firms]
    return {"villages": villages, "advisers": selectors_map.offices(keys, others)}
