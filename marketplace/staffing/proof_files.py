"""A run as two files, and their check without a database.

``problem.json``: ``digest``, ``parameters``, ``problem`` (``matching.problem.Problem.document``). ``answer.json``: ``digest`` of
the problem it answers; ``plan``, [post, person] by the problem's keys; ``prices`` of the people in the problem's order; the
``objective`` and ``proof`` that were claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marketplace.matching.problem import ProblemError, from_document

from .computing import best_plan, check_proof, seed_of
from .models import AssignmentRun
from .states import RunShape
from .teams import proving
from .teams.frozen import is_team_document

#: of answer.json; raised when its meaning changes
FORMAT = 1


def problem_document(run: AssignmentRun) -> dict[str, Any]:
    return {"digest": run.digest, "parameters": run.parameters, "problem": run.problem}


def answer_document(run: AssignmentRun) -> dict[str, Any]:
    """The answer of a run; without a plan while it has none. Of a team also its ``contract`` and the ``teams`` of all contracts
    that the problem spans."""
    answer = {
        "format": FORMAT,
        "run": run.pk,
        "digest": run.digest,
        "plan": [list(pair) for pair in run.assignments.order_by("post_id").values_list("post_id", "person_id")],
        "prices": run.result.get("prices", []),
        "objective": run.result.get("objective", {}),
        "proof": run.result.get("proof", {}),
    }
    if run.shape == RunShape.TEAM:
        answer |= {"contract": run.contract_id, "teams": run.result.get("teams", [])}
    return answer


def flaws(problem_file: Mapping[str, Any], answer_file: Mapping[str, Any], *, draw: bool) -> Iterator[str]:
    """What is wrong with the two files, in the order of the checks; nothing if they prove the plan best.

    With ``draw`` the plan is also computed anew, so that the lottery among equally good plans is checked too.
    """
    if isinstance(problem_file.get("problem"), dict) and is_team_document(problem_file["problem"]):
        yield from proving.flaws(problem_file, answer_file, draw=draw)
        return
    try:
        problem = from_document(problem_file["problem"])
        digest, plan_rows = problem_file["digest"], answer_file["plan"]
        answered, prices = answer_file["digest"], answer_file["prices"]
        objective, proof = answer_file["objective"], answer_file["proof"]
        plan = {int(post): int(person) for post, person in plan_rows}
        prices = [int(price) for price in prices]
    except (KeyError, TypeError, ValueError, ProblemError) as error:
        yield f"the files cannot be read: {error}"
        return
    if answer_file.get("format") != FORMAT:
        yield f"answer.json has format {answer_file.get('format')!r}, not {FORMAT}"
    if problem.digest() != digest:
        yield f"problem.json says that its digest is {digest}; it is {problem.digest()}"
    if answered != problem.digest():
        yield f"answer.json answers the problem {answered}, not {problem.digest()}"
    if problem.parameters.seed != seed_of(problem):
        yield f"the lottery's seed is {problem.parameters.seed}; the problem gives {seed_of(problem)}"
    if len(plan) != len(plan_rows):
        yield "the plan names a post twice"
    strange = plan.keys() - set(problem.posts.key.tolist())
    if strange:
        yield f"the plan names post {min(strange)}, which is not in the problem"
    verdict = check_proof(problem, plan, prices)
    if not verdict.accepted:
        yield f"the prices do not prove the plan best: {verdict.breach}"
        return
    claimed = (proof.get("primal"), proof.get("dual"), proof.get("pairs_read"))
    if claimed != (verdict.primal, verdict.dual, verdict.pairs_read):
        yield f"claimed cost, bound and pairs are {claimed}; they are {(verdict.primal, verdict.dual, verdict.pairs_read)}"
    if objective.get("filled") != len(plan):
        yield f"claimed are {objective.get('filled')} posts served; the plan serves {len(plan)}"
    if draw:
        again = best_plan(problem)
        for post in sorted(plan.keys() | again.keys()):
            if plan.get(post) != again.get(post):
                yield f"post {post}: the plan has {plan.get(post)}, computed anew it is {again.get(post)}"
                return
