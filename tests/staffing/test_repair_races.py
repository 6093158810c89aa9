"""Sweeps at once, and a worker that is killed while it sends the proposals of a repair."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from django.db import connection

from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.staffing import services, services_proposals, services_repair, tasks
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.staffing import make_case, run_case

from .test_killed_worker import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
COMMITS = True

_WORKER = textwrap.dedent(
    """
    import os, signal, sys
    import django
    from django.conf import settings
    settings.DATABASES["default"]["NAME"] = sys.argv[2]
    django.setup()
    from marketplace.staffing import services_proposals, services_repair
    from marketplace.core import clock

    apply = services_proposals.apply_transitions
    def die(table, rows, action, **kwargs):
        if len(apply(table, rows, action, **kwargs)) == 3 and action == "propose":
            os.kill(os.getpid(), signal.SIGKILL)
    services_proposals.apply_transitions = die
    services_repair.send_repair(run_id=int(sys.argv[1]), now=clock.now())
    """
)


def answered_case(monkeypatch):
    """A published run with two repairs to go, all of whose people declined."""
    asked = []
    monkeypatch.setattr(tasks.execute, "delay", asked.append)
    case = make_case((0.01, 0.02, 0.05), (0.0, 0.05, 0.1), capacity=3)
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now(), rounds=2)
    for proposal in run.assignments.order_by("pk"):
        services_proposals.decline_assignment(
            actor=proposal.person, assignment=proposal, reason="路远", now=clock.now()
        )
    asked.clear()
    return run, asked


def test_sweeps_at_once_begin_one_repair_and_send_it_once(monkeypatch):
    run, asked = answered_case(monkeypatch)
    outcomes = in_threads(*[lambda: services_repair.repair_by_themselves(now=clock.now())] * 4)
    assert sorted(outcomes) == [0, 0, 0, 1]
    [repair] = AssignmentRun.objects.filter(follows=run)
    assert asked == [repair.pk]
    services.execute_run(run_id=repair.pk, now=clock.now())
    outcomes = in_threads(*[lambda: services_repair.repair_by_themselves(now=clock.now())] * 4)
    assert sorted(outcomes) == [0, 0, 0, 1]
    repair.refresh_from_db()
    assert repair.state == "published"
    assert Event.objects.filter(action="run.publish", subject_id=str(repair.pk)).count() == 1
    assert set(repair.assignments.values_list("state", flat=True)) == {"proposed"}


def test_a_sweep_and_an_officer_at_once_begin_one_run(monkeypatch):
    run, _asked = answered_case(monkeypatch)
    officer = run.automated_by
    outcomes = in_threads(
        lambda: services_repair.repair_by_themselves(now=clock.now()),
        lambda: services_repair.request_repair(actor=officer, run=run, now=clock.now()),
    )
    assert AssignmentRun.objects.filter(follows=run).count() == 1
    assert [type(o).__name__ for o in outcomes] in (["int", "RunUnderWay"], ["int", "AssignmentRun"])


def test_a_worker_killed_while_sending_leaves_nothing_and_the_sweep_sends(monkeypatch):
    run, _asked = answered_case(monkeypatch)
    services_repair.repair_by_themselves(now=clock.now())
    repair = services.execute_run(run_id=run.repairs.get().pk, now=clock.now())
    assert repair.state == "done"
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(repair.pk), connection.settings_dict["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-2000:]
    repair.refresh_from_db()
    assert repair.state == "done"
    assert set(repair.assignments.values_list("state", flat=True)) == {"computed"}
    tasks.sweep()
    repair.refresh_from_db()
    assert repair.state == "published"
    assert Assignment.objects.filter(run=repair, state="proposed").count() == 3
