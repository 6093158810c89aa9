"""Who may do what about incentives.

| act | who |
|---|---|
| draft a policy, throw a draft away | an officer or approver of the paying organisation |
| adopt, end | an approver of the paying organisation who did not draft it |
| submit a claim | the person |
| approve, return a claim | an officer or approver of the payer, never the person |
| pay, top up the fund | a finance officer of the payer who did not approve |
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from marketplace.accounts.models import Organisation, Role, User
from marketplace.accounts.rules import has_role, organisations_of

from .models import PayoutClaim, Policy


def can_draft_policy(user: User, payer: Organisation) -> bool:
    return has_role(user, payer, Role.OFFICER, Role.APPROVER)


def can_adopt(user: User, policy: Policy) -> bool:
    return has_role(user, policy.payer, Role.APPROVER)


def can_approve_claim(user: User, claim: PayoutClaim) -> bool:
    return user.pk != claim.person_id and has_role(user, claim.payer, Role.OFFICER, Role.APPROVER)


def can_pay_claim(user: User, claim: PayoutClaim) -> bool:
    return user.pk not in (claim.person_id, claim.approved_by_id) and has_role(user, claim.payer, Role.FINANCE)


def can_fund(user: User, payer: Organisation) -> bool:
    return has_role(user, payer, Role.FINANCE)


def claims_visible_to(user: User) -> QuerySet[PayoutClaim]:
    payers = organisations_of(user, Role.OFFICER, Role.APPROVER, Role.FINANCE)
    claims = PayoutClaim.objects.select_related("person", "payer")
    return claims if user.is_superuser else claims.filter(Q(person=user) | Q(payer__in=payers))
