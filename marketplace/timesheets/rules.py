"""Who may do what with a service session.

| act | who |
|---|---|
| check in, check out, report, withdraw, answer an objection | the person |
| confirm, dispute | a village representative, administrator or coordinator of the host; never the person |
| decide a dispute | a supervisor of the place served; never the person, never a member of the host |
| see | the person, the host's members, supervisors of the place; officers of organisations that pay (through their own pages) |
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import has_role, is_supervisor, organisations_of

from .models import ServiceSession

HOST_ROLES = (Role.VILLAGE, Role.ADMIN, Role.COORDINATOR)


def can_confirm(user: User, session: ServiceSession) -> bool:
    return user.pk != session.person_id and has_role(user, session.host, *HOST_ROLES)


def can_decide(user: User, session: ServiceSession) -> bool:
    return (
        user.pk != session.person_id
        and is_supervisor(user, session.region_id)
        and not has_role(user, session.host, *HOST_ROLES)
    )


def visible_to(user: User) -> QuerySet[ServiceSession]:
    """The sessions a person may see, whatever the page."""
    hosts = organisations_of(user, *HOST_ROLES)
    seen = Q(person=user) | Q(host__in=hosts)
    for organisation in organisations_of(user, Role.SUPERVISOR).select_related("region"):
        low, high = organisation.region.code_range
        seen |= Q(region_id__gte=low, region_id__lt=high)
    everything = ServiceSession.objects.select_related("person", "region", "host")
    return everything if user.is_superuser else everything.filter(seen)
