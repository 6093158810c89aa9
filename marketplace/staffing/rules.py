"""Who may do what in staffing.

| act | who |
|---|---|
| compute, publish, cancel a run; withdraw a proposal | an officer of the buyer, the supplier's bid manager or administrator |
| let repairs follow by themselves, and stop them | an officer of the buyer |
| ask for scenarios beside a run, delete them | an officer of the buyer |
| see scenarios and the whole fairness page | the buyer's people, the supervisors of its region |
| see the totals of fairness, without names | everybody, once the proposals were sent |
| see a contract's staffing, runs and reasons | these, the buyer's other people, the supervisors of its region |
| see one's own proposals and their reasons | the person asked |
| answer a proposal | the person asked, nobody else |
| call volunteers | an officer of the buyer |
| see who serves a village and why, without other people's names | everybody |
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from marketplace.accounts.models import Role
from marketplace.accounts.rules import has_role, inside, memberships_of, regions_of
from marketplace.contracts.models import Contract
from marketplace.contracts.rules import BUYER_ROLES, SIGNING_ROLES, can_staff
from marketplace.contracts.states import ContractState

from .models import Assignment

__all__ = [
    "can_answer",
    "can_automate",
    "can_call_volunteers",
    "can_plan",
    "can_see",
    "can_see_assignment",
    "can_staff",
    "overseen_contracts",
    "visible_contracts",
]


def visible_contracts(user: Any) -> QuerySet[Contract]:
    """Contracts whose staffing, with the names of all concerned, ``user`` may see.

    The supplier's lawyers see what concerns themselves, not everybody's reasons.
    """
    if not getattr(user, "is_authenticated", False):
        return Contract.objects.none()
    signed = Contract.objects.exclude(state=ContractState.DRAFT)
    if user.is_superuser and user.is_active:
        return signed
    buyers = {m.organisation_id for m in memberships_of(user) if m.role in BUYER_ROLES}
    firms = {m.organisation_id for m in memberships_of(user) if m.role in SIGNING_ROLES}
    supervised = inside("buyer__region_id", regions_of(user, Role.SUPERVISOR))
    return signed.filter(Q(buyer__in=buyers) | Q(supplier__in=firms) | supervised)


def overseen_contracts(user: Any) -> QuerySet[Contract]:
    """Those of ``visible_contracts`` that ``user`` sees for the public side: what the buyer considers is not the supplier's."""
    visible = visible_contracts(user)
    if not getattr(user, "is_authenticated", False) or (user.is_superuser and user.is_active):
        return visible
    buyers = {m.organisation_id for m in memberships_of(user) if m.role in BUYER_ROLES}
    return visible.filter(Q(buyer__in=buyers) | inside("buyer__region_id", regions_of(user, Role.SUPERVISOR)))


def can_see(user: Any, contract: Contract) -> bool:
    return visible_contracts(user).filter(pk=contract.pk).exists()


def can_answer(user: Any, assignment: Assignment) -> bool:
    return bool(user.pk == assignment.person_id)


def can_see_assignment(user: Any, assignment: Assignment) -> bool:
    return can_answer(user, assignment) or can_see(user, assignment.run.contract)


def can_automate(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.OFFICER)


def can_plan(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.OFFICER)


def can_call_volunteers(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.OFFICER)
