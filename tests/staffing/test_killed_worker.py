"""A worker that is killed in the middle of storing leaves nothing; the next one gives the same rows."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections

from marketplace.core import clock
from marketplace.staffing import services, services_proposals, tasks
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.staffing import make_case, run_case

pytestmark = pytest.mark.django_db(transaction=True)
#: these tests commit, so nothing is loaded beneath them
COMMITS = True

_WORKER = textwrap.dedent(
    """
    import os, signal, sys
    import django
    from django.conf import settings
    settings.DATABASES["default"]["NAME"] = sys.argv[2]
    django.setup()
    from psycopg import Copy
    from marketplace.core import clock
    from marketplace.staffing import services

    write = Copy.write_row
    written = []
    def die(self, row):
        write(self, row)
        written.append(row)
        if len(written) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    Copy.write_row = die
    services.execute_run(run_id=int(sys.argv[1]), now=clock.now())
    """
)


def rows(run):
    return list(
        Assignment.objects.filter(run=run)
        .order_by("post_id")
        .values_list("post_id", "person_id", "cost", "travel_minutes", "reason", "state")
    )


def test_a_killed_worker_leaves_nothing_and_the_sweep_finishes(monkeypatch):
    case = make_case((0.01, 0.02, 0.05, 0.09), (0.0, 0.1))
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(run.pk), connection.settings_dict["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-2000:]
    run.refresh_from_db()
    assert (run.state, run.attempts, rows(run)) == ("running", 1, [])
    assert 0 < run.progress < 100

    asked = []
    monkeypatch.setattr(tasks.execute, "delay", asked.append)
    tasks.sweep()
    assert asked == []  # its worker may be slow, not dead
    AssignmentRun.objects.filter(pk=run.pk).update(started_at=clock.now() - tasks.RUN_PATIENCE - timedelta(seconds=1))
    tasks.sweep()
    assert asked == [run.pk]
    tasks.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, len(rows(run))) == ("done", 2, 4)
    # Computed once more from the same facts, the rows are the same.
    stored = rows(run)
    assert rows(run_case(case)) == stored


def test_a_run_that_the_queue_lost_is_asked_for_again(monkeypatch):
    case = make_case()
    asked = []

    def unreachable(run_id):
        asked.append(run_id)
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.execute, "delay", unreachable)
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
    assert asked == [run.pk]
    tasks.sweep()
    assert asked == [run.pk]
    AssignmentRun.objects.filter(pk=run.pk).update(requested_at=clock.now() - timedelta(minutes=2))
    tasks.sweep()
    assert asked == [run.pk, run.pk]


def in_threads(*acts):
    outcomes: list[Any] = [None] * len(acts)

    def work(index, act):
        try:
            outcomes[index] = act()
        except Exception as error:  # noqa: BLE001  (the outcome is looked at)
            outcomes[index] = error
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_two_workers_at_once_store_one_answer():
    case = make_case((0.01, 0.05, 0.09), (0.0, 0.1))
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
    outcomes = in_threads(*[lambda: services.execute_run(run_id=run.pk, now=clock.now())] * 3)
    assert [o.state for o in outcomes] == ["done"] * 3
    assert len(rows(run)) == 3


def test_two_requests_at_once_make_one_run():
    case = make_case()
    outcomes = in_threads(
        *[
            lambda who=who: services.request_run(actor=who, contract=case.contract, now=clock.now())
            for who in (case.parties.bidder, case.parties.officer, case.parties.bidder)
        ]
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["AssignmentRun", "RunUnderWay", "RunUnderWay"]
    assert AssignmentRun.objects.count() == 1


def test_accepting_and_withdrawing_at_once_has_one_outcome():
    case = make_case((0.01,), (0.0,))
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case), now=clock.now())
    proposal = run.assignments.get()
    in_threads(
        lambda: services_proposals.accept_assignment(actor=case.lawyers[0], assignment=proposal, now=clock.now()),
        lambda: services_proposals.withdraw_assignment(
            actor=case.parties.bidder, assignment=proposal, reason="调离", now=clock.now()
        ),
        lambda: services_proposals.decline_assignment(
            actor=case.lawyers[0], assignment=proposal, reason="改变主意", now=clock.now()
        ),
    )
    proposal.refresh_from_db()
    post = case.post(0)
    assert (proposal.state, post.state) in {("accepted", "filled"), ("withdrawn", "vacant"), ("declined", "vacant")}
