"""What must hold over all staffing, and the replay of a run.

Each rule is one question to the database whose answer should be empty; the proofs are read again from the stored prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection

from marketplace.ledger.checks import LIMIT, Finding
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import Problem, ProblemError, from_document
from marketplace.matching.proof import verify

from .computing import comparable, compute
from .models import AssignmentRun
from .states import RunState

_RULES = {
    "who accepted a post serves it": """
        SELECT a.id, a.person_id, p.id AS post, p.state, p.adviser_id FROM staffing_assignment a
        JOIN contracts_post p ON p.id = a.post_id
        WHERE a.state = 'accepted' AND (p.state <> 'filled' OR p.adviser_id <> a.person_id)""",
    "a proposal stands for a vacant post of a contract in performance": """
        SELECT a.id, p.id AS post, p.state, c.state AS contract FROM staffing_assignment a
        JOIN contracts_post p ON p.id = a.post_id JOIN contracts_contract c ON c.id = p.contract_id
        WHERE a.state = 'proposed' AND (p.state <> 'vacant' OR c.state <> 'active')""",
    "only published runs have proposals and answers": """
        SELECT a.id, a.state, r.id AS run, r.state AS run_state FROM staffing_assignment a
        JOIN staffing_assignmentrun r ON r.id = a.run_id
        WHERE a.state IN ('proposed', 'accepted', 'declined', 'expired', 'ended') AND r.state <> 'published'
           OR a.state = 'computed' AND r.state NOT IN ('done', 'cancelled')""",
    "an assignment's post is of its run's contract": """
        SELECT a.id, r.contract_id, p.contract_id AS of_post FROM staffing_assignment a
        JOIN staffing_assignmentrun r ON r.id = a.run_id JOIN contracts_post p ON p.id = a.post_id
        WHERE r.contract_id <> p.contract_id""",
    "an answer was given by the person asked": """
        SELECT a.id, a.state, a.person_id FROM staffing_assignment a
        WHERE a.state IN ('accepted', 'declined', 'ended') AND NOT EXISTS (
            SELECT FROM audit_event e WHERE e.subject_type = 'staffing.assignment' AND e.subject_id = a.id::text
            AND e.action IN ('assignment.accept', 'assignment.decline') AND e.actor_id = a.person_id)""",
    "runs do not stand still for a day": """
        SELECT id, state, requested_at, attempts FROM staffing_assignmentrun
        WHERE state IN ('queued', 'running') AND requested_at < now() - interval '1 day'""",
}


def check_staffing() -> list[Finding]:
    """Every rule with the rows that break it: none, when all is well."""
    findings = []
    with connection.cursor() as cursor:
        for name, question in _RULES.items():
            cursor.execute(question)
            findings.append(
                Finding(name, [column.name for column in cursor.description or ()], cursor.fetchmany(LIMIT))
            )
    broken = list(islice(_broken_proofs(), LIMIT))
    return [*findings, Finding("the stored prices prove the stored plan", ["run", "why"], broken)]


def _broken_proofs() -> Iterator[tuple[Any, ...]]:
    finished = AssignmentRun.objects.filter(state__in=[RunState.DONE, RunState.PUBLISHED]).order_by("pk")
    for run in finished.iterator(chunk_size=20):
        try:
            problem = from_document(run.problem)
        except ProblemError as error:
            yield run.pk, f"the problem cannot be read: {error}"
            continue
        if problem.digest() != run.digest:
            yield run.pk, "the problem is not the one of the digest"
            continue
        verdict = verify(
            problem, eligible_pairs(problem), _stored_plan(run, problem), np.array(run.result["prices"], dtype=np.int64)
        )
        if not verdict.accepted:
            yield run.pk, f"{verdict.breach}"


def _stored_plan(run: AssignmentRun, problem: Problem) -> Any:
    row_of_post = {int(key): row for row, key in enumerate(problem.posts.key)}
    row_of_person = {int(key): row for row, key in enumerate(problem.people.key)}
    plan = np.full(len(problem.posts), -1, dtype=np.int64)
    for post, person in run.assignments.values_list("post_id", "person_id"):
        # Somebody who is not in the problem is no eligible pair: the check will name the post.
        plan[row_of_post[post]] = row_of_person.get(person, len(problem.people))
    return plan


def replay(run: AssignmentRun) -> list[str]:
    """Compute a finished run again from its frozen problem; says what differs, nothing if it is the same bit for bit."""
    problem = from_document(run.problem)
    differences = []
    if problem.digest() != run.digest:
        differences.append(f"digest: stored {run.digest}, of the problem {problem.digest()}")
    again = compute(problem)
    for part, value in comparable(again.result).items():
        if run.result.get(part) != value:
            differences.append(f"result.{part}: stored {run.result.get(part)!r}, computed {value!r}")
    stored = {
        row[0]: row[1:]
        for row in run.assignments.values_list("post_id", "person_id", "cost", "travel_minutes", "reason")
    }
    computed = {row.post: (row.person, row.cost, row.travel_minutes, row.reason) for row in again.rows}
    differences += [
        f"post {post}: stored {stored.get(post)!r}, computed {computed.get(post)!r}"
        for post in sorted(stored.keys() | computed.keys())
        if stored.get(post) != computed.get(post)
    ]
    return differences
