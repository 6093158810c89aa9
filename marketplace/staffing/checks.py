"""What must hold over all staffing, and the replay of a run.

Each rule is one question to the database whose answer should be empty; the proofs are read again from the stored prices, and a
sample of runs is computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection

from marketplace.core import clock
from marketplace.ledger.checks import LIMIT, Finding
from marketplace.matching.problem import ProblemError, from_document

from .computing import check_proof, comparable, compute, seed_of
from .models import AssignmentRun
from .states import RunShape, RunState
from .teams import proving

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
    "a post of a run is either served or left empty": """
        SELECT a.run_id, a.post_id FROM staffing_assignment a
        JOIN staffing_emptypost e ON e.run_id = a.run_id AND e.post_id = a.post_id""",
    "a repair follows an earlier published run of its contract": """
        SELECT r.id, f.id AS follows, f.state FROM staffing_assignmentrun r
        JOIN staffing_assignmentrun f ON f.id = r.follows_id
        WHERE f.contract_id <> r.contract_id OR f.state <> 'published' OR f.id >= r.id""",
    "what replaces a proposal stands for the same post, later": """
        SELECT a.id, a.replaces_id FROM staffing_assignment a JOIN staffing_assignment b ON b.id = a.replaces_id
        WHERE b.post_id <> a.post_id OR b.id >= a.id OR b.state IN ('computed', 'proposed', 'accepted')""",
    "nobody is asked for or serves two seats of one team": """
        SELECT a.team_id, a.person_id, count(*) FROM staffing_assignment a
        WHERE a.team_id IS NOT NULL AND a.state IN ('proposed', 'accepted')
        GROUP BY a.team_id, a.person_id HAVING count(*) > 1""",
    "a team's assignment is one of its run": """
        SELECT a.id, a.team_id, r.contract_id, r.shape FROM staffing_assignment a
        JOIN staffing_assignmentrun r ON r.id = a.run_id
        WHERE a.team_id IS DISTINCT FROM CASE WHEN r.shape = 'team' THEN r.contract_id END""",
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
    replayed = list(_broken_replays(clock.today()))
    return [
        *findings,
        Finding("the stored prices prove the stored plan", ["run", "why"], broken),
        Finding("a sample of runs replays bit for bit", ["run", "first difference"], replayed),
    ]


def _broken_proofs() -> Iterator[tuple[Any, ...]]:
    finished = AssignmentRun.objects.defer(None).filter(state__in=[RunState.DONE, RunState.PUBLISHED]).order_by("pk")
    for run in finished.iterator(chunk_size=20):
        if run.shape == RunShape.TEAM:
            wrong = proving.broken_proof(run)
            if wrong:
                yield run.pk, wrong
            continue
        try:
            problem = from_document(run.problem)
        except ProblemError as error:
            yield run.pk, f"the problem cannot be read: {error}"
            continue
        if problem.digest() != run.digest:
            yield run.pk, "the problem is not the one of the digest"
            continue
        verdict = check_proof(problem, dict(run.assignments.values_list("post_id", "person_id")), run.result["prices"])
        if not verdict.accepted:
            yield run.pk, f"{verdict.breach}"


def _broken_replays(on: date) -> Iterator[tuple[Any, ...]]:
    """The latest run and two that change from day to day, computed again."""
    finished = AssignmentRun.objects.filter(state__in=[RunState.DONE, RunState.PUBLISHED]).order_by("-pk")
    count = finished.count()
    for place in sorted({place % count for place in (0, on.toordinal(), 7 * on.toordinal() + 3)} if count else ()):
        run = finished[place]
        difference = next(replay(run), "")
        if difference:
            yield run.pk, difference


def replay(run: AssignmentRun) -> Iterator[str]:
    """Compute a finished run again from its frozen problem; says what differs, nothing if it is the same bit for bit.

    In this order: digest, seed, prices, proof and the rest of the result, then post by post who serves it and why.
    """
    if run.shape == RunShape.TEAM:
        yield from proving.replay(run)
        return
    problem = from_document(run.problem)
    if problem.digest() != run.digest:
        yield f"digest: stored {run.digest}, of the problem {problem.digest()}"
    if problem.parameters.seed != seed_of(problem):
        yield f"seed: stored {problem.parameters.seed}, of the problem {seed_of(problem)}"
    again = compute(problem)
    for part, value in comparable(again.result).items():
        if run.result.get(part) != value:
            yield f"result.{part}: stored {run.result.get(part)!r}, computed {value!r}"
    if run.fairness and run.fairness != again.fairness:
        yield "fairness: the stored figures are not those of the plan"
    stored: dict[int, Any] = {
        row[0]: row[1:]
        for row in run.assignments.values_list("post_id", "person_id", "cost", "travel_minutes", "reason")
    }
    stored |= {row[0]: row[1:] for row in run.empty_posts.values_list("post_id", "because", "reason")}
    computed: dict[int, Any] = {row.post: (row.person, row.cost, row.travel_minutes, row.reason) for row in again.rows}
    computed |= {row.post: (row.because, row.reason) for row in again.empty}
    for post in sorted(stored.keys() | computed.keys()):
        if stored.get(post) != computed.get(post):
            yield f"post {post}: stored {stored.get(post)!r}, computed {computed.get(post)!r}"
