"""A contract for a whole province, from the database to its pages: freezing, computing, storing, sending, looking.

`make bench ARGS="-k staffing"`. The worker is a process of its own, so that its memory can be told. With LIMIT=5 lawyers take no
more than the standard of the first catalogue allows: places are scarce and thousands of villages stay empty.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.core import clock
from marketplace.staffing import services, services_proposals, tasks
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.contracts import parties_of

from .province_in_database import build_province

POSTS, PEOPLE = 30_000, 12_000
LIMIT = int(os.environ.get("LIMIT", "20"))
#: seconds from asking to the stored plan, MB of the worker, seconds of a page
GOAL, MEMORY, PAGE = 20.0, 1024, 0.2
#: what several users of two cores make of a promise
HEADROOM = 1.5

_WORKER = textwrap.dedent(
    """
    import json, resource, sys, time
    import django
    from django.conf import settings
    settings.DATABASES["default"]["NAME"] = sys.argv[2]
    django.setup()
    from marketplace.core import clock
    from marketplace.matching.warm import compile_engine
    from marketplace.staffing import services
    compile_engine()
    wall, cpu = time.perf_counter(), time.process_time()
    run = services.execute_run(run_id=int(sys.argv[1]), now=clock.now())
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(spent | {"state": run.state, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    """
)


def spent(act: Callable[[], Any]) -> tuple[float, float, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def tell(what: str, text: str, goal: str = "") -> None:
    print(f"  {what:44} {text:>26}" + (f"   goal {goal}" if goal else ""))


@pytest.mark.django_db(transaction=True)
def test_a_province(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.execute, "delay", lambda run_id: None)
    contract = build_province(posts=POSTS, people=PEOPLE, limit=LIMIT)
    people = parties_of(contract)
    print(f"\nstaffing: a contract of {POSTS:,} villages, {PEOPLE:,} lawyers, at most {LIMIT} villages each")

    wall, cpu, run = spent(lambda: services.request_run(actor=people.bidder, contract=contract, now=clock.now()))
    tell("freezing, s (CPU)", f"{wall:.2f} ({cpu:.2f})")
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(run.pk), str(connection.settings_dict["NAME"])],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    done = json.loads(worker.stdout)
    assert done["state"] == "done"
    run = AssignmentRun.objects.get(pk=run.pk)
    took = {name: value / 1000 for name, value in run.summary["how"]["milliseconds"].items()}
    for name, seconds in took.items():
        tell(f"  {name}, s", f"{seconds:.2f}")
    tell("solve, proof, reasons, fairness, store, s (CPU)", f"{done['wall']:.2f} ({done['cpu']:.2f})")
    tell("memory of the worker, MB", f"{done['memory']:.0f}", f"{MEMORY}")
    tell("pairs in reach", f"{run.summary['pairs']['eligible']:,}")
    tell("villages without an adviser", f"{run.summary['objective']['empty']:,}")
    whole = cpu + done["cpu"]
    tell("asked for to stored, s (CPU)", f"{wall + done['wall']:.2f} ({whole:.2f})", f"{GOAL:g}")

    _pages(run, people.officer)
    wall, cpu, _sent = spent(lambda: services_proposals.publish_run(actor=people.officer, run=run, now=clock.now()))
    tell("sending the proposals with their events, s (CPU)", f"{wall:.2f} ({cpu:.2f})")
    Assignment.objects.filter(run=run).update(respond_by=clock.now())
    wall, cpu, ended = spent(lambda: services_proposals.expire_overdue(now=clock.now()))
    tell("ending them when the time is up, s (CPU)", f"{wall:.2f} ({cpu:.2f})")
    assert ended == run.summary["objective"]["filled"]
    assert done["memory"] <= MEMORY
    if LIMIT >= 20:
        assert whole <= GOAL * HEADROOM


def _pages(run: AssignmentRun, officer: Any) -> None:
    client = Client()
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    pages = {
        "the run's page": reverse("staffing:run", args=[run.pk]),
        "its thousandth page": reverse("staffing:run", args=[run.pk]) + "?page=1000",
        "the contract's page": reverse("staffing:contract", args=[run.contract_id]),
        "fairness": reverse("staffing:fairness", args=[run.pk]),
        "the plan as CSV": reverse("staffing:plan_csv", args=[run.pk]),
    }
    for name, address in pages.items():
        best, queries = 1e9, 0
        for _try in range(3):
            with CaptureQueriesContext(connection) as captured:
                wall, _cpu, response = spent(lambda address=address: client.get(address))
            first = wall
            if response.streaming:
                wall += spent(lambda response=response: sum(map(len, response.streaming_content)))[0]
            best, queries = min(best, wall), len(captured)
            assert response.status_code == 200
        said = f"{1000 * best:.0f} ms, {queries} queries"
        tell(name + (f" (begins after {1000 * first:.0f} ms)" if response.streaming else ""), said)
        if name == "the run's page":
            assert best <= PAGE * HEADROOM
