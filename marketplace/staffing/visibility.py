"""Who reads the whole record of this room's objects."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from . import rules
from .models import (
    Assignment,
    AssignmentRun,
    Deal,
    Duty,
    Quarrel,
    Roster,
    RunPart,
    Scenario,
    Swap,
    TeamTerms,
    without_documents,
)
from .rosters.rules import overseen_by


def run(user: Any, key: str) -> bool:
    found = AssignmentRun.objects.select_related("contract__buyer").filter(pk=key).first()
    return found is not None and rules.can_see(user, found.contract)


def run_part(user: Any, key: str) -> bool:
    found = (
        RunPart.objects.select_related("run__contract__buyer").defer(*without_documents("run")).filter(pk=key).first()
    )
    return found is not None and rules.can_see(user, found.run.contract)


def assignment(user: Any, key: str) -> bool:
    found = Assignment.objects.select_related("run__contract__buyer").filter(pk=key).first()
    return found is not None and rules.can_see_assignment(user, found)


def scenario(user: Any, key: str) -> bool:
    found = Scenario.objects.select_related("run__contract").filter(pk=key).first()
    return found is not None and rules.overseen_contracts(user).filter(pk=found.run.contract_id).exists()


def roster(user: Any, key: str) -> bool:
    return Roster.objects.filter(overseen_by(user), pk=key).exists()


def deal(user: Any, key: str) -> bool:
    return Deal.objects.filter(pk=key, roster__in=Roster.objects.filter(overseen_by(user))).exists()


def duty(user: Any, key: str) -> bool:
    found = Duty.objects.filter(pk=key).select_related("shift").first()
    return found is not None and (found.person_id == user.pk or roster(user, str(found.shift.roster_id)))


def swap(user: Any, key: str) -> bool:
    found = Swap.objects.filter(pk=key).select_related("duty__shift").first()
    return found is not None and (
        user.pk in (found.colleague_id, found.duty.person_id) or roster(user, str(found.duty.shift.roster_id))
    )


def quarrel(user: Any, key: str) -> bool:
    """Whoever stated it, nobody else: with its time and parties it would say more than that it exists."""
    return Quarrel.objects.filter(pk=key, stated_by=user.pk).exists()


def team_terms(user: Any, key: str) -> bool:
    return TeamTerms.objects.filter(pk=key, person=user.pk).exists()


def secret() -> Q:
    """Events that no supervisor reads: who may not sit with whom."""
    return Q(subject_type="staffing.quarrel")
