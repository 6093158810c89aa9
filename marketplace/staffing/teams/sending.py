"""What must hold when the seats of a team are proposed and answered. What changed since the computation is respected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import PostState
from marketplace.core.locks import lock_name
from marketplace.staffing.errors import MayNotSitTogether
from marketplace.staffing.models import Assignment
from marketplace.staffing.states import AssignmentState

from .freezing import foes_of, most_teams, quarrels_among, teams_of


def lock_people(people: Iterable[int]) -> None:
    """Two runs that ask one person at once must see each other; before posts, as whoever answers does."""
    for who in sorted(set(people)):
        lock_name(f"adviser:{who}")


def obstacles(contract: Contract, proposed: Sequence[tuple[int, int]], *, on: date) -> list[tuple[list[int], str]]:
    """Which of ``proposed`` ((assignment, person) in order) are not sent, by why: the person holds or is asked for another
    seat of the team, sits in as many teams as he will, or may not sit with somebody who does. Of two who may not sit
    together the first in order is asked."""
    people = {who for _key, who in proposed}
    sitting = set(sitting_in(contract))
    load, most = teams_of(people, on), most_teams(people)
    apart = quarrels_among({*people, *sitting})
    found: dict[str, list[int]] = {"sits_already": [], "teams_full": [], "may_not_sit_together": []}
    for key, who in proposed:
        if who in sitting:
            found["sits_already"].append(key)
        elif load[who] >= most[who]:
            found["teams_full"].append(key)
        elif any((min(who, other), max(who, other)) in apart for other in sitting):
            found["may_not_sit_together"].append(key)
        else:
            sitting.add(who)
    return [(keys, why) for why, keys in found.items() if keys]


def sitting_in(contract: Contract) -> list[int]:
    """Who serves a seat of the team or may still answer for one."""
    served = Post.objects.filter(contract=contract, state=PostState.FILLED).values_list("adviser_id", flat=True)
    asked = Assignment.objects.filter(team=contract, state=AssignmentState.PROPOSED).values_list("person_id", flat=True)
    return [who for who in {*served, *asked} if who]


def check_seat(actor: User, assignment: Assignment) -> None:
    """Raises ``MayNotSitTogether`` if somebody who serves in the team may not sit with ``actor``."""
    # Two who may not sit together and answer at once must see each other.
    lock_name(f"team:{assignment.team_id}")
    served = Post.objects.filter(contract=assignment.team_id, state=PostState.FILLED)
    if served.filter(adviser__in=foes_of([actor.pk])).exists():
        raise MayNotSitTogether
