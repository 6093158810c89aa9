"""Scenarios beside a run: asked for, computed by a worker, deleted. They touch no post and nobody is asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction

from marketplace.accounts.models import SpokenLanguage, User
from marketplace.audit.services import record
from marketplace.contracts.kinds import PostKind
from marketplace.contracts.models import Post
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.matching.problem import Problem, from_document
from marketplace.regions.models import Region

from . import errors, rules
from .computing import ScenarioPlan, compute_scenario
from .freezing import RADIUS
from .kinds import kind_of_run
from .models import AssignmentRun, Scenario
from .scenarios import KINDS, changed
from .services import MOST_ATTEMPTS
from .states import SCENARIO, RunState, ScenarioState

logger = logging.getLogger(__name__)

MOST_SCENARIOS = 20
#: what the form offers, from and to
LIMITS = {
    "by": (1, 50),
    "most": (1, 200),
    "minutes": RADIUS,
    "advisers": (1, 50),
    "capacity": (1, 50),
    "percent": (10, 95),
}
_FIELDS = {
    "places": {"person", "by"},
    "cap": {"most"},
    "radius": {"minutes"},
    "firm": {"region", "advisers", "capacity", "languages"},
    "subsidy": {"region", "percent"},
    "without": {"person"},
}


@transaction.atomic
def request_scenario(
    *, actor: User, run: AssignmentRun, name: str, changes: Sequence[Mapping[str, Any]], now: datetime
) -> Scenario:
    """Queue what would be if a finished run's problem had ``changes`` (as ``scenarios`` lists them, a firm without degrees).

    Raises:
        PermissionRefused, NotComputed, NoChange, NameTaken, TooManyScenarios, BadWish
    """
    run = lock_row(AssignmentRun, run.pk)
    require(rules.can_plan, actor, run.contract)
    if run.state not in (RunState.DONE, RunState.PUBLISHED):
        raise errors.NotComputed
    if kind_of_run(run) != PostKind.VILLAGE:
        raise errors.NoScenarios
    if not changes:
        raise errors.NoChange
    if run.scenarios.count() >= MOST_SCENARIOS:
        raise errors.TooManyScenarios(most=MOST_SCENARIOS)
    people = set(run.problem["people"]["key"])
    checked = sorted((_checked(change, people) for change in changes), key=lambda each: KINDS.index(each["kind"]))
    try:
        with transaction.atomic():
            scenario = Scenario.objects.create(
                run=run, name=name.strip(), changes=checked, requested_by=actor, requested_at=now
            )
    except IntegrityError as error:
        raise errors.NameTaken(field="name") from error
    record(
        actor=actor, action="scenario.request", subject=scenario, now=now, data={"name": scenario.name, "run": run.pk}
    )
    transaction.on_commit(partial(ask_for_scenario, scenario.pk))
    return scenario


def _checked(change: Mapping[str, Any], people: set[int]) -> dict[str, Any]:
    """The change as it is stored. Raises ``BadWish`` for anything that the form would not offer."""
    kind = change.get("kind")
    if kind not in KINDS or set(change) != {"kind", *_FIELDS[kind]}:
        raise errors.BadWish(field="kind")
    for name, (low, high) in LIMITS.items():
        value = change.get(name, low)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise errors.BadWish(field=name)
    if "person" in change and change["person"] not in people and not (kind == "places" and change["person"] is None):
        raise errors.BadWish(field="person")
    if not set(change.get("languages", ())) <= set(SpokenLanguage.values):
        raise errors.BadWish(field="languages")
    stored = dict(change)
    if kind == "firm":
        stored["languages"] = list(change["languages"])
        stored |= _place(change["region"])
    return stored


def _place(code: int) -> dict[str, float]:
    """Degrees of a division, or of the nearest one above it that has a place."""
    region = Region.objects.filter(code=code).first()
    if region is None:
        raise errors.BadWish(field="region")
    above = Region.objects.in_bulk(region.ancestor_codes)
    for each in (region, *(above[code] for code in reversed(region.ancestor_codes) if code in above)):
        if each.longitude is not None and each.latitude is not None:
            return {"longitude": each.longitude, "latitude": each.latitude}
    raise errors.PlaceUnknown(villages=region.name)


def ask_for_scenario(scenario_id: int) -> None:
    """Hand the scenario to a worker. A queue that cannot be reached is no harm: the sweep asks again."""
    # The tasks import this module.
    from .tasks import execute_scenario as task

    try:
        task.delay(scenario_id)
    except OSError:
        logger.warning("scenario %s could not be queued; the sweep will", scenario_id)


def execute_scenario(*, scenario_id: int, now: datetime) -> Scenario | None:
    """Compute a scenario and store its answer; None if it was deleted. Repeating it changes nothing."""
    scenario = _start(scenario_id, now)
    if scenario is None or scenario.state != ScenarioState.RUNNING:
        return scenario
    try:
        problem, base = changed_problem(scenario)
        plan = compute_scenario(problem, base.posts.kmh, report=partial(_progress, scenario_id))
        return _store(scenario_id, problem, plan, now)
    except DatabaseError:
        # Not the scenario's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("scenario %s failed", scenario_id)
        return _fail(scenario_id, f"{type(error).__name__}: {error}", now)


def changed_problem(scenario: Scenario) -> tuple[Problem, Problem]:
    """The problem of a scenario, and that of its run."""
    run = scenario.run
    base = from_document(run.problem)
    regions = dict(Post.objects.filter(pk__in=base.posts.key.tolist()).values_list("pk", "region_id"))
    return changed(base, scenario.changes, regions, run.parameters["bits"]["languages"]), base


def _lock(scenario_id: int) -> Scenario | None:
    return Scenario.objects.select_for_update().filter(pk=scenario_id).first()


@transaction.atomic
def _start(scenario_id: int, now: datetime) -> Scenario | None:
    scenario = _lock(scenario_id)
    if scenario is None or scenario.state not in (ScenarioState.QUEUED, ScenarioState.RUNNING):
        return scenario
    if scenario.attempts >= MOST_ATTEMPTS:
        return _fail(scenario_id, f"given up after {scenario.attempts} starts", now)
    apply_transition(
        SCENARIO,
        scenario,
        "start",
        actor=None,
        now=now,
        changes={"attempts": scenario.attempts + 1, "started_at": now, "progress": 0},
        data={"attempt": scenario.attempts + 1},
    )
    return scenario


def _progress(scenario_id: int, percent: int) -> None:
    """Never backward: two workers may be at it."""
    Scenario.objects.filter(pk=scenario_id, state=ScenarioState.RUNNING, progress__lt=percent).update(progress=percent)


@transaction.atomic
def _store(scenario_id: int, problem: Problem, plan: ScenarioPlan, now: datetime) -> Scenario | None:
    scenario = _lock(scenario_id)
    if scenario is None or scenario.state != ScenarioState.RUNNING:
        return scenario  # another worker was faster, or somebody deleted it
    before = dict(scenario.run.assignments.values_list("post_id", "person_id"))
    after = {post: person for post, person, _minutes in plan.rows}
    compared = {
        "gained": len(after.keys() - before.keys()),
        "lost": len(before.keys() - after.keys()),
        "moved": sum(after[post] != before[post] for post in after.keys() & before.keys()),
    }
    apply_transition(
        SCENARIO,
        scenario,
        "finish",
        actor=None,
        now=now,
        changes={
            "digest": problem.digest(),
            "result": plan.figures | compared,
            "plan": [list(row) for row in plan.rows],
            "progress": 100,
            "finished_at": now,
        },
        data={"filled": plan.figures["objective"]["filled"], "empty": plan.figures["objective"]["empty"]},
    )
    return scenario


@transaction.atomic
def _fail(scenario_id: int, reason: str, now: datetime) -> Scenario | None:
    scenario = _lock(scenario_id)
    if scenario is not None and scenario.state in (ScenarioState.QUEUED, ScenarioState.RUNNING):
        apply_transition(
            SCENARIO,
            scenario,
            "fail",
            actor=None,
            now=now,
            reason=reason,
            changes={"error": reason, "finished_at": now},
        )
    return scenario


@transaction.atomic
def delete_scenario(*, actor: User, scenario: Scenario, now: datetime) -> None:
    """Forget a scenario; that it was, and its name, stay on record."""
    scenario = lock_row(Scenario, scenario.pk)
    require(rules.can_plan, actor, scenario.run.contract)
    record(
        actor=actor,
        action="run.delete_scenario",
        subject=scenario.run,
        now=now,
        data={"name": scenario.name, "scenario": scenario.pk},
    )
    scenario.delete()
