"""The commands that prove a run: they pass on true rows and name what was tampered with."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from marketplace.contracts.models import Post
from marketplace.core import clock
from marketplace.staffing import services_proposals
from marketplace.staffing.checks import check_staffing, replay
from marketplace.staffing.models import Assignment, AssignmentRun
from tests.factories.staffing import make_case, publish_case, run_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    case = make_case((0.01, 0.02, 0.03, 0.09), (0.0, 0.1, 0.05), capacity=1)
    return run_case(case, languages=["hmu"], wanted=["land"])


def test_a_replay_is_the_same_bit_for_bit(run):
    assert [*replay(AssignmentRun.objects.get(pk=run.pk))] == []
    out = StringIO()
    call_command("replay_run", str(run.pk), stdout=out)
    assert run.digest in out.getvalue()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: _first(run).update(travel_minutes=1), "post"),
        (lambda run: _first(run).update(reason={}), "post"),
        (lambda run: _rows(run).filter(result={**run.result, "empty_posts": []}).update(), ""),
        (lambda run: _rows(run).update(result={**run.result, "empty_posts": []}), "result.empty_posts"),
        (lambda run: _rows(run).update(result={**run.result, "prices": [0, 0, 1]}), "result.prices"),
        (lambda run: _rows(run).update(digest="0" * 64), "digest"),
    ],
)
def test_a_replay_names_what_differs(run, spoil, said):
    spoil(run)
    differences = [*replay(AssignmentRun.objects.get(pk=run.pk))]
    if not said:
        assert differences == []
        return
    assert any(line.startswith(said) for line in differences)
    with pytest.raises(SystemExit) as ended:
        call_command("replay_run", str(run.pk), stdout=StringIO())
    assert ended.value.code == 1


def _rows(run):
    return AssignmentRun.objects.filter(pk=run.pk)


def _first(run):
    return Assignment.objects.filter(pk=run.assignments.first().pk)


def test_only_finished_runs_are_replayed(run):
    _rows(run).update(state="cancelled")
    for pk in (run.pk, 10**9):
        with pytest.raises(CommandError):
            call_command("replay_run", str(pk))


def test_the_check_passes_on_a_life_of_proposals():
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1))
    first, second, _third = publish_case(case)
    services_proposals.accept_assignment(actor=first.person, assignment=first, now=clock.now())
    services_proposals.decline_assignment(actor=second.person, assignment=second, reason="路远", now=clock.now())
    run_case(case)
    assert [finding.name for finding in check_staffing() if finding.rows] == []
    call_command("check_staffing", stdout=StringIO())


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda a: Post.objects.filter(pk=a.post_id).update(state="vacant", adviser=None), "who accepted"),
        (lambda a: AssignmentRun.objects.filter(pk=a.run_id).update(state="done"), "only published runs"),
        (lambda a: AssignmentRun.objects.filter(pk=a.run_id).update(digest="0" * 64), "the stored prices"),
        (lambda a: _raise_a_price(a.run), "the stored prices"),
        (lambda a: a.run.assignments.filter(pk=a.pk).update(state="declined", answer_note="x", person=a.run.requested_by),
         "an answer was given by the person asked"),
    ],
)  # fmt: skip
def test_the_check_names_what_was_tampered_with(spoil, rule):
    case = make_case((0.01, 0.09), (0.0, 0.1))
    first, _second = publish_case(case)
    services_proposals.accept_assignment(actor=first.person, assignment=first, now=clock.now())
    spoil(first)
    assert any(finding.name.startswith(rule) and finding.rows for finding in check_staffing())
    with pytest.raises(SystemExit) as ended:
        call_command("check_staffing", stdout=StringIO())
    assert ended.value.code == 1


def _raise_a_price(run):
    AssignmentRun.objects.filter(pk=run.pk).update(result={**run.result, "prices": [10**6, 10**6]})
