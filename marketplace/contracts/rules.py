"""Who may do what with a contract, and which rows a person may know of. A stranger's object answers 404.

| act | who |
|---|---|
| draw up | an officer of the buyer |
| sign for the supplier | its bid manager or administrator (a signatory) |
| sign for the buyer | an approving officer who did not draw it up and does not belong to the supplier |
| fill or vacate a post | an officer of the buyer, the supplier's signatory; the adviser, asked by staffing or of his own |
| deliver | the supplier's signatory |
| accept, send back | an officer or approving officer of the buyer who does not belong to the supplier |
| pay | a finance officer of the buyer, or of the finance department over it, who did not accept and is not of the supplier |
| rate | a representative of the village served; never its adviser |
| complete | an officer or approving officer of the buyer |
| end early | an approving officer of the buyer |
| see | from the signatures on, everybody; before, both parties and the buyer's supervisors |
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplace.accounts.models import Organisation, OrganisationKind, Role
from marketplace.accounts.rules import has_role, inside, is_supervisor, memberships_of, regions_of
from marketplace.procurement.models import Award

from .models import Contract, Instalment, Post
from .states import ContractState, InstalmentState

BUYER_ROLES = (Role.OFFICER, Role.APPROVER, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN)
SUPPLIER_ROLES = (Role.BIDDER, Role.ADMIN, Role.LAWYER)
SIGNING_ROLES = (Role.BIDDER, Role.ADMIN)
PUBLIC_STATES = (ContractState.ACTIVE, ContractState.COMPLETED)
#: A contract that was terminated before it was signed was never public.
IS_PUBLIC = Q(state__in=PUBLIC_STATES) | Q(state=ContractState.TERMINATED, buyer_signed_at__isnull=False)


def is_public(contract: Contract) -> bool:
    return contract.state in PUBLIC_STATES or (
        contract.state == ContractState.TERMINATED and contract.buyer_signed_at is not None
    )


def _signed_in(user: Any) -> bool:
    return bool(getattr(user, "is_authenticated", False))


def own(user: Any) -> Q:
    """Filter: contracts of the organisations for which ``user`` acts, and those whose posts he serves."""
    buyers = {m.organisation_id for m in memberships_of(user) if m.role in BUYER_ROLES}
    suppliers = {m.organisation_id for m in memberships_of(user) if m.role in SUPPLIER_ROLES}
    villages = {
        m.organisation.region_id
        for m in memberships_of(user)
        if m.role == Role.VILLAGE and m.organisation.kind == OrganisationKind.VILLAGE
    }
    served = Exists(Post.objects.filter(Q(adviser=user.pk) | Q(region__in=villages), contract=OuterRef("pk")))
    return Q(buyer__in=buyers) | Q(supplier__in=suppliers) | Q(served)


def visible_to(user: Any) -> QuerySet[Contract]:
    """Signed contracts are public; drafts are known to both parties and to the buyer's supervisors."""
    if not _signed_in(user):
        return Contract.objects.filter(IS_PUBLIC)
    if user.is_superuser:
        return Contract.objects.all()
    mine = Q(buyer__in={m.organisation_id for m in memberships_of(user) if m.role in BUYER_ROLES})
    mine |= Q(supplier__in={m.organisation_id for m in memberships_of(user) if m.role in SUPPLIER_ROLES})
    return Contract.objects.filter(IS_PUBLIC | mine | inside("buyer__region_id", regions_of(user, Role.SUPERVISOR)))


def is_party(user: Any, contract: Contract) -> bool:
    """Both parties' people and the buyer's supervisors see what is not published: deliveries, notes, trail."""
    return _signed_in(user) and (
        user.is_superuser
        or has_role(user, contract.buyer_id, *BUYER_ROLES)
        or has_role(user, contract.supplier_id, *SUPPLIER_ROLES)
        or is_supervisor(user, contract.buyer.region_id)
    )


def can_draft(user: Any, award: Award) -> bool:
    return has_role(user, award.lot.tender.organisation_id, Role.OFFICER)


def can_sign_as_supplier(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.supplier_id, *SIGNING_ROLES)


def belongs_to_supplier(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.supplier_id)


def can_sign_as_buyer(user: Any, contract: Contract) -> bool:
    """The drafter is told apart, with a message of his own: see ``services``."""
    return has_role(user, contract.buyer_id, Role.APPROVER) and not belongs_to_supplier(user, contract)


def can_staff(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.OFFICER) or has_role(user, contract.supplier_id, *SIGNING_ROLES)


def can_fill(user: Any, post: Post, adviser: Any) -> bool:
    return user.pk == adviser.pk or can_staff(user, post.contract)


def can_vacate(user: Any, post: Post) -> bool:
    return user.pk == post.adviser_id or can_staff(user, post.contract)


def can_deliver(user: Any, instalment: Instalment) -> bool:
    return has_role(user, instalment.contract.supplier_id, *SIGNING_ROLES)


def can_accept(user: Any, instalment: Instalment) -> bool:
    return has_role(user, instalment.contract.buyer_id, Role.OFFICER, Role.APPROVER)


def can_pay(user: Any, instalment: Instalment) -> bool:
    buyer = instalment.contract.buyer
    over = regions_of(user, Role.FINANCE, kinds={OrganisationKind.FINANCE})
    return has_role(user, buyer, Role.FINANCE) or any(low <= buyer.region_id < high for low, high in over)


def can_see_sheet(user: Any, instalment: Instalment) -> bool:
    """What was accepted is published (实施条例 art. 45); before, it is between the parties and who pays."""
    published = instalment.state in (InstalmentState.ACCEPTED, InstalmentState.PAID)
    return published or is_party(user, instalment.contract) or (_signed_in(user) and can_pay(user, instalment))


def villages_of(user: Any) -> dict[int, Organisation]:
    """Region code → village committee for which ``user`` speaks."""
    return {
        m.organisation.region_id: m.organisation
        for m in memberships_of(user)
        if m.role == Role.VILLAGE and m.organisation.kind == OrganisationKind.VILLAGE
    }


def can_rate(user: Any, post: Post) -> bool:
    return user.pk != post.adviser_id and post.region_id in villages_of(user)


def can_complete(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.OFFICER, Role.APPROVER)


def can_terminate(user: Any, contract: Contract) -> bool:
    return has_role(user, contract.buyer_id, Role.APPROVER) and not belongs_to_supplier(user, contract)
