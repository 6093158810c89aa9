"""As what the posts of a computation are spoken of. Seats are a team's only where they were dealt as one."""

from __future__ import annotations

from collections.abc import Collection

from marketplace.contracts.kinds import PostKind, kind_of, kinds_of

from .models import Assignment, AssignmentRun
from .states import RunShape


def kind_of_run(run: AssignmentRun) -> PostKind:
    """One query at most."""
    return PostKind.TEAM if run.shape == RunShape.TEAM else alone(kind_of(run.contract))


def kinds_of_assignments(rows: Collection[Assignment]) -> dict[int, PostKind]:
    """Assignment → what its post is. The runs are fetched already. One query."""
    kinds = kinds_of({row.run.contract_id for row in rows})
    return {row.pk: PostKind.TEAM if row.team_id is not None else alone(kinds[row.run.contract_id]) for row in rows}


def kind_of_assignment(assignment: Assignment) -> PostKind:
    return PostKind.TEAM if assignment.team_id is not None else alone(kind_of(assignment.run.contract))


def alone(kind: PostKind) -> PostKind:
    """The kind of posts that are dealt one by one."""
    return PostKind.VILLAGE if kind == PostKind.VILLAGE else PostKind.PLACE
