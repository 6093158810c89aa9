"""A run in parts: the answer of the whole, each part done once, whoever dies, doubles or gives up in between."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.audit.models import Event
from marketplace.core import clock
from marketplace.matching import swaps
from marketplace.staffing import computing_parts, services, services_parts, services_proposals, tasks
from marketplace.staffing.checks import replay
from marketplace.staffing.models import Assignment, AssignmentRun, EmptyPost, RunPart
from marketplace.staffing.proof_files import answer_document, flaws, problem_document
from tests.factories.staffing import make_case, run_case

from .test_killed_worker import in_threads

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
    from marketplace.core import clock
    from marketplace.staffing import services_parts

    def die(*facts, **more):
        os.kill(os.getpid(), signal.SIGKILL)
    services_parts.compute_part = die
    services_parts.execute_part(part_id=int(sys.argv[1]), now=clock.now())
    """
)


@pytest.fixture
def asked(monkeypatch):
    """What was handed to workers; small problems are divided as provinces are."""
    monkeypatch.setattr(computing_parts, "WORTH_DIVIDING", 1)
    monkeypatch.setattr(computing_parts, "SMALL_PART", 0)
    monkeypatch.setattr(swaps, "EXACT_PEOPLE", -1)
    asked = []
    monkeypatch.setattr(tasks.execute, "delay", lambda key: asked.append(("run", key)))
    monkeypatch.setattr(tasks.execute_part, "delay", lambda key: asked.append(("part", key)))
    return asked


def three_valleys(**profile):
    """Villages in three places far from one another; the third has nobody, the first too few."""
    return make_case((0.0, 0.02, 0.03, 3.0, 3.02, 6.0, 6.02), (0.01, 3.01, 3.05), **({"capacity": 2} | profile))


def divided(case):
    """A run that was begun, with its parts."""
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
    run = services.execute_run(run_id=run.pk, now=clock.now())
    return run, list(run.parts.order_by("number"))


def rows(run):
    fields = ("post_id", "person_id", "cost", "travel_minutes", "reason", "state")
    return [
        *Assignment.objects.filter(run=run).order_by("post_id").values_list(*fields),
        *EmptyPost.objects.filter(run=run).order_by("post_id").values_list("post_id", "because", "reason"),
    ]


def test_parts_give_what_the_whole_gives_and_can_be_replayed(asked, monkeypatch):
    case = three_valleys()
    run, parts = divided(case)
    assert (run.state, [part.post_count for part in parts]) == ("running", [3, 3, 1])
    assert asked == [("run", run.pk), *(("part", part.pk) for part in parts)]
    progress = []
    for part in parts:
        tasks.execute_part(part.pk)
        progress.append(AssignmentRun.objects.get(pk=run.pk).progress)
    assert progress == [38, 77, 90]
    assert asked[-1] == ("run", run.pk)
    tasks.execute(run.pk)
    run = AssignmentRun.objects.get(pk=run.pk)
    assert (run.state, run.progress, len(rows(run))) == ("done", 100, 7)
    assert not RunPart.objects.filter(run=run, outcome__isnull=False).exists()
    assert [*replay(run)] == []
    assert [*flaws(problem_document(run), answer_document(run), draw=True)] == []

    monkeypatch.setattr(computing_parts, "WORTH_DIVIDING", 10**6)
    whole = run_case(case)
    assert not whole.parts.exists()
    assert rows(whole) == rows(run)
    for name in ("digest", "fairness"):
        assert getattr(whole, name) == getattr(run, name)
    assert {**whole.result, "how": ""} == {**run.result, "how": ""}
    assert {**whole.summary, "how": ""} == {**run.summary, "how": ""}


def test_a_county_and_what_hangs_together_stay_whole(asked, monkeypatch):
    monkeypatch.setattr(computing_parts, "WORTH_DIVIDING", 8)
    assert run_case(three_valleys()).state == "done"
    monkeypatch.setattr(computing_parts, "WORTH_DIVIDING", 1)
    assert run_case(make_case((0.0, 0.02), (0.01, 0.03))).state == "done"
    assert not RunPart.objects.exists()


def test_any_task_twice_does_nothing_twice(asked):
    case = three_valleys()
    run, parts = divided(case)
    services.execute_run(run_id=run.pk, now=clock.now())
    assert [part.pk for part in run.parts.order_by("number")] == [part.pk for part in parts]
    for part in [*parts, *parts]:
        services_parts.execute_part(part_id=part.pk, now=clock.now())
    assert asked.count(("run", run.pk)) == 2  # when it was asked for, and when the last part was done
    for _twice in range(2):
        services.execute_run(run_id=run.pk, now=clock.now())
    services_parts.execute_part(part_id=parts[0].pk, now=clock.now())
    assert len(rows(run)) == 7
    assert set(run.parts.values_list("state", "attempts")) == {("done", 1)}
    counts = {
        action: Event.objects.filter(action=action).count()
        for action in ("run.divide", "run_part.start", "run_part.finish", "run.finish")
    }
    assert counts == {"run.divide": 1, "run_part.start": 3, "run_part.finish": 3, "run.finish": 1}


def test_workers_at_once_store_each_part_and_the_whole_once(asked):
    case = three_valleys()
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
    in_threads(*[lambda: services.execute_run(run_id=run.pk, now=clock.now())] * 2)
    parts = list(run.parts.values_list("pk", flat=True))
    assert len(parts) == 3
    in_threads(*[lambda pk=pk: services_parts.execute_part(part_id=pk, now=clock.now()) for pk in parts * 2])
    assert asked.count(("run", run.pk)) == 2
    outcomes = in_threads(*[lambda: services.execute_run(run_id=run.pk, now=clock.now())] * 2)
    assert [outcome.state for outcome in outcomes] == ["done"] * 2
    assert len(rows(run)) == 7
    assert Event.objects.filter(action="run_part.finish").count() == 3


def test_a_killed_workers_part_is_begun_again_and_no_other(asked):
    case = three_valleys()
    run, parts = divided(case)
    services_parts.execute_part(part_id=parts[0].pk, now=clock.now())
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(parts[1].pk), connection.settings_dict["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-2000:]
    assert list(run.parts.values_list("state", flat=True)) == ["done", "running", "queued"]
    asked.clear()
    tasks.sweep()
    assert asked == []  # its worker may be slow, not dead; the third may wait for a free one
    long_ago = clock.now() - tasks.RUN_PATIENCE - timedelta(seconds=1)
    RunPart.objects.filter(pk=parts[1].pk).update(started_at=long_ago, asked_at=long_ago)
    tasks.sweep()
    assert asked == [("part", parts[1].pk)]
    tasks.sweep()
    assert asked == [("part", parts[1].pk)]  # asked for just now
    RunPart.objects.filter(pk=parts[2].pk).update(asked_at=clock.now() - timedelta(minutes=2))
    tasks.sweep()
    assert asked == [("part", parts[1].pk), ("part", parts[2].pk)]
    for _kind, key in list(asked):
        tasks.execute_part(key)
    assert list(run.parts.values_list("attempts", flat=True)) == [1, 2, 1]
    # The worker that was told to put them together died too.
    asked.clear()
    RunPart.objects.filter(run=run).update(finished_at=clock.now() - timedelta(minutes=2))
    AssignmentRun.objects.filter(pk=run.pk).update(started_at=clock.now() - timedelta(minutes=3))
    tasks.sweep()
    assert asked == [("run", run.pk)]
    tasks.execute(run.pk)
    run.refresh_from_db()
    assert (run.state, len(rows(run))) == ("done", 7)


def test_giving_up_stops_what_has_not_begun_and_drops_what_runs(asked, monkeypatch):
    case = three_valleys()
    run, parts = divided(case)
    services_parts.execute_part(part_id=parts[0].pk, now=clock.now())
    compute = computing_parts.compute_part

    def given_up_meanwhile(*facts, go_on):
        found = compute(*facts, go_on=go_on)
        services.cancel_run(actor=case.parties.officer, run=run, now=clock.now())
        with pytest.raises(services_parts.Unwanted):
            go_on()
        return found

    monkeypatch.setattr(services_parts, "compute_part", given_up_meanwhile)
    services_parts.execute_part(part_id=parts[1].pk, now=clock.now())
    monkeypatch.undo()
    assert services_parts.execute_part(part_id=parts[2].pk, now=clock.now()).state == "cancelled"
    assert services.execute_run(run_id=run.pk, now=clock.now()).state == "cancelled"
    assert list(run.parts.values_list("state", "attempts", "outcome")) == [
        ("done", 1, None),
        ("cancelled", 1, None),
        ("cancelled", 0, None),
    ]
    assert rows(run) == []
    assert Event.objects.filter(action="run_part.cancel", actor=case.parties.officer).count() == 2


def test_a_part_that_cannot_be_computed_fails_the_run(asked, monkeypatch, caplog):
    case = three_valleys()
    run, parts = divided(case)

    def broken(*facts, **more):
        raise RuntimeError("no answer")

    monkeypatch.setattr(services_parts, "compute_part", broken)
    assert services_parts.execute_part(part_id=parts[1].pk, now=clock.now()).state == "cancelled"
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "RuntimeError: no answer")
    assert set(run.parts.values_list("state", flat=True)) == {"cancelled"}
    assert run_case(make_case((0.0,), (0.01,))).state == "done"


def test_a_part_that_never_ends_gives_the_run_up(asked):
    case = three_valleys()
    run, parts = divided(case)
    RunPart.objects.filter(pk=parts[0].pk).update(
        state="running", attempts=services.MOST_ATTEMPTS, started_at=clock.now()
    )
    services_parts.execute_part(part_id=parts[0].pk, now=clock.now())
    run.refresh_from_db()
    assert run.state == "failed"
    assert "part 1 given up" in run.error


def test_a_joined_plan_that_is_not_proved_is_not_stored(asked, caplog):
    case = three_valleys()
    run, parts = divided(case)
    for part in parts:
        services_parts.execute_part(part_id=part.pk, now=clock.now())
    outcome = dict(RunPart.objects.get(pk=parts[0].pk).outcome or {})
    outcome["prices"] = [price + 10**6 for price in outcome["prices"]]
    RunPart.objects.filter(pk=parts[0].pk).update(outcome=outcome)
    assert services.execute_run(run_id=run.pk, now=clock.now()).state == "failed"
    assert rows(run) == []


def test_asking_computing_and_sending_take_as_many_statements_for_one_village_as_for_three(monkeypatch):
    monkeypatch.setattr(tasks.execute, "delay", lambda key: None)

    def counts(villages):
        case = make_case(villages, (0.0, 0.1))
        with CaptureQueriesContext(connection) as asking:
            run = services.request_run(actor=case.parties.bidder, contract=case.contract, now=clock.now())
        with CaptureQueriesContext(connection) as computing:
            services.execute_run(run_id=run.pk, now=clock.now())
        with CaptureQueriesContext(connection) as sending:
            services_proposals.publish_run(actor=case.parties.officer, run=run, now=clock.now())
        assert run.assignments.filter(state="proposed").count() == len(villages)
        Assignment.objects.filter(run=run).update(respond_by=clock.now() - timedelta(days=1))
        with CaptureQueriesContext(connection) as ending:
            assert services_proposals.expire_overdue(now=clock.now()) == len(villages)
        return [len(each) for each in (asking, computing, sending, ending)]

    assert counts((0.01,)) == counts((0.01, 0.05, 0.09))
