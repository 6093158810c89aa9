"""Who reads the whole record of this room's objects."""

from __future__ import annotations

from typing import Any

from . import rules
from .models import Assignment, AssignmentRun


def run(user: Any, key: str) -> bool:
    found = AssignmentRun.objects.select_related("contract__buyer").filter(pk=key).first()
    return found is not None and rules.can_see(user, found.contract)


def assignment(user: Any, key: str) -> bool:
    found = Assignment.objects.select_related("run__contract__buyer").filter(pk=key).first()
    return found is not None and rules.can_see_assignment(user, found)
