"""Many rows at once: the same rules as for one, in a fixed number of statements."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from marketplace.audit.models import Event, Unsealed
from marketplace.core import bulk, clock
from marketplace.core.bulk import among, copy_rows
from marketplace.core.states import IllegalTransition, apply_transitions
from marketplace.staffing.models import Assignment, EmptyPost
from marketplace.staffing.states import ASSIGNMENT
from tests.factories.staffing import make_case, publish_case, run_case

pytestmark = pytest.mark.django_db


def events(action):
    return Event.objects.filter(action=action).order_by("pk")


def test_many_rows_change_with_an_event_each_and_in_as_few_statements_as_one():
    counts = []
    for villages in ((0.01,), (0.01, 0.05, 0.09)):
        case = make_case(villages, (0.0, 0.1))
        run = run_case(case)
        before = events("assignment.withdraw").count()
        with CaptureQueriesContext(connection) as captured:
            done = apply_transitions(
                ASSIGNMENT,
                run.assignments.all(),
                "withdraw",
                actor=case.parties.officer,
                now=clock.now(),
                reason="示例",
            )
        counts.append(len(captured))
        keys = sorted(run.assignments.values_list("pk", flat=True))
        assert done == keys
        assert set(run.assignments.values_list("state", flat=True)) == {"withdrawn"}
        written = list(events("assignment.withdraw"))[before:]
        assert [event.subject_id for event in written] == [str(key) for key in keys]
        assert {(e.subject_type, e.actor_id, e.reason) for e in written} == {
            ("staffing.assignment", case.parties.officer.pk, "示例")
        }
        assert [e.data for e in written] == [{"from": "computed", "to": "withdrawn"}] * len(keys)
        assert Unsealed.objects.filter(event__in=written).count() == len(keys)
    assert counts[0] == counts[1]


def test_one_row_that_may_not_change_holds_all_back():
    case = make_case((0.01, 0.02, 0.09), (0.0, 0.1))
    first, *_others = publish_case(case)
    Assignment.objects.filter(pk=first.pk).update(state="withdrawn")
    before = events("assignment.expire").count()
    with pytest.raises(IllegalTransition):
        apply_transitions(ASSIGNMENT, first.run.assignments.all(), "expire", actor=None, now=clock.now())
    assert sorted(first.run.assignments.values_list("state", flat=True)) == ["proposed", "proposed", "withdrawn"]
    assert events("assignment.expire").count() == before


def test_no_rows_are_no_change():
    assert apply_transitions(ASSIGNMENT, Assignment.objects.none(), "expire", actor=None, now=clock.now()) == []
    assert not events("assignment.expire").exists()


def test_changes_come_with_the_state():
    case = make_case()
    run = run_case(case)
    until = clock.now() + timedelta(days=3)
    apply_transitions(
        ASSIGNMENT, run.assignments.all(), "propose", actor=None, now=clock.now(), changes={"respond_by": until}
    )
    assert set(run.assignments.values_list("respond_by", flat=True)) == {until}


def test_rows_are_copied_with_documents_and_what_is_not_named_is_empty():
    run = run_case(make_case())
    posts = list(run.contract.posts.order_by("pk").values_list("pk", flat=True))
    reason = {"eligible": 2, "said": '引号 " 与\t制表\n行 \\N', "list": [1, None, True]}
    assert (
        copy_rows(EmptyPost, ("run_id", "post_id", "because", "reason"), ((run.pk, p, "full", reason) for p in posts))
        == 3
    )
    stored = EmptyPost.objects.filter(run=run, post__in=posts)
    assert [(e.post_id, e.because, e.reason, e.replaces_id) for e in stored.order_by("post_id")] == [
        (post, "full", reason, None) for post in posts
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows(EmptyPost, ("run_id", "post_id", "because", "reason"), [(run.pk, posts[0], "full", {})])
    assert stored.count() == 3


def test_after_many_rows_the_database_looks_at_the_table_anew(monkeypatch):
    run = run_case(make_case())
    posts = list(run.contract.posts.order_by("pk").values_list("pk", flat=True))

    def looks(keys):
        with CaptureQueriesContext(connection) as captured:
            copy_rows(EmptyPost, ("run_id", "post_id", "because", "reason"), [(run.pk, p, "full", {}) for p in keys])
        return [each["sql"] for each in captured if each["sql"].startswith("ANALYZE")]

    monkeypatch.setattr(bulk, "MANY", 2)
    assert looks(posts[:1]) == []
    assert looks(posts[1:]) == ['ANALYZE "staffing_emptypost"']


def test_keys_are_named_in_one_parameter():
    run = run_case(make_case())
    keys = list(run.assignments.order_by("pk").values_list("pk", flat=True))
    assert (
        list(Assignment.objects.filter(pk__in=among(keys[:2])).order_by("pk").values_list("pk", flat=True)) == keys[:2]
    )
    assert not Assignment.objects.filter(pk__in=among([])).exists()
