"""A team run proved again: from its two files, and from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marketplace.matching.problem import ProblemError
from marketplace.staffing.computing import comparable
from marketplace.staffing.models import AssignmentRun

from .frozen import TeamDeal, from_document


def flaws(problem_file: Mapping[str, Any], answer_file: Mapping[str, Any], *, draw: bool) -> Iterator[str]:
    """What is wrong with the two files of a team run, in the order of the checks; nothing if the plan keeps every rule and its
    bound holds. With ``draw`` the plan is also computed anew."""
    # The solver is heavy: it is loaded by who computes.
    from .computing import best_teams, check_teams

    try:
        deal = from_document(problem_file["problem"])
        digest, answered = problem_file["digest"], answer_file["digest"]
        teams = [(int(contract), [int(who) for who in members]) for contract, members in answer_file["teams"]]
        prices = [int(price) for price in answer_file["prices"]]
        contract, seats = int(answer_file["contract"]), [(int(post), int(who)) for post, who in answer_file["plan"]]
        proof = answer_file["proof"]
        claimed = (proof.get("primal"), proof.get("dual"), proof.get("pairs_read"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"the files cannot be read: {error}"
        return
    if deal.digest() != digest:
        yield f"problem.json says that its digest is {digest}; it is {deal.digest()}"
    if answered != deal.digest():
        yield f"answer.json answers the problem {answered}, not {deal.digest()}"
    if deal.problem.parameters.seed != deal.seed():
        yield f"the seed is {deal.problem.parameters.seed}; the problem gives {deal.seed()}"
    yield from _seats(deal, contract, teams, seats)
    verdict = check_teams(deal, teams, prices)
    if not verdict.accepted:
        yield f"the plan breaks a rule: {verdict.breach}"
        return
    if claimed != (verdict.value, verdict.bound, verdict.pairs_read):
        yield f"claimed cost, bound and pairs are {claimed}; they are {(verdict.value, verdict.bound, verdict.pairs_read)}"
    if draw:
        again = [(contract, members) for contract, members in best_teams(deal)]
        for one, other in zip(teams, again, strict=False):
            if (one[0], sorted(one[1])) != (other[0], sorted(other[1])):
                yield f"contract {one[0]}: the plan has {one[1]}, computed anew it is {other[1]}"
                return


def _seats(
    deal: TeamDeal, contract: int, teams: list[tuple[int, list[int]]], seats: list[tuple[int, int]]
) -> Iterator[str]:
    """Every empty seat has one member of the contract's team, or none has."""
    wanted = next((each for each in deal.wanted if each.contract == contract), None)
    if wanted is None:
        yield f"contract {contract} is not in the problem"
        return
    members = dict(teams).get(contract, [])
    if sorted(who for _post, who in seats) != sorted(members):
        yield f"the seats have {sorted(who for _post, who in seats)}, the team is {sorted(members)}"
    if seats and sorted(post for post, _who in seats) != sorted(wanted.seats):
        yield f"the seats dealt are {sorted(post for post, _who in seats)}, the empty ones {sorted(wanted.seats)}"


def broken_proof(run: AssignmentRun) -> str:
    """What does not hold of a finished team run as it is stored; empty if all does."""
    # The solver is heavy: it is loaded by who computes.
    from .computing import check_teams

    try:
        deal = from_document(run.problem)
    except ProblemError as error:
        return f"the problem cannot be read: {error}"
    if deal.digest() != run.digest:
        return "the problem is not the one of the digest"
    seats = list(run.assignments.values_list("post_id", "person_id"))
    teams = [(int(contract), members) for contract, members in run.result["teams"]]
    wrong = next(_seats(deal, run.contract_id, teams, seats), "")
    if wrong:
        return wrong
    verdict = check_teams(deal, teams, run.result["prices"])
    if not verdict.accepted:
        return f"{verdict.breach}"
    claimed = run.result["proof"]
    if (claimed["primal"], claimed["dual"]) != (verdict.value, verdict.bound):
        return f"cost and bound are {(verdict.value, verdict.bound)}, stored {(claimed['primal'], claimed['dual'])}"
    return ""


def replay(run: AssignmentRun) -> Iterator[str]:
    """Compute a finished team run again from its frozen problem; says what differs, nothing if it is the same bit for bit."""
    # The solver is heavy: it is loaded by who computes.
    from .computing import compute_teams

    deal = from_document(run.problem)
    if deal.digest() != run.digest:
        yield f"digest: stored {run.digest}, of the problem {deal.digest()}"
    if deal.problem.parameters.seed != deal.seed():
        yield f"seed: stored {deal.problem.parameters.seed}, of the problem {deal.seed()}"
    again = compute_teams(deal, run.contract_id)
    for part, value in comparable(again.result).items():
        if run.result.get(part) != value:
            yield f"result.{part}: stored {run.result.get(part)!r}, computed {value!r}"
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
