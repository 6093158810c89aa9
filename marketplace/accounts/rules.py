"""Who may do what. A person acts for an organisation by an active membership with a role.

Memberships are read once for a person object (in a request: once) and kept on it until any membership changes in
this process or the day changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from marketplace.core import clock
from marketplace.regions import codes
from marketplace.regions.models import Region

from .models import Credential, Membership, Organisation, OrganisationKind, Role, Sanction, User
from .states import OrganisationState

_Kind = OrganisationKind
#: Bodies that hold public power or speak for a village: nobody registers one for himself.
PUBLIC_KINDS = frozenset({_Kind.BUREAU, _Kind.FINANCE, _Kind.SUPERVISION, _Kind.VILLAGE})
#: Bodies whose supervisors answer for a region.
SUPERVISING_KINDS = frozenset({_Kind.BUREAU, _Kind.FINANCE, _Kind.SUPERVISION})
_SUPPLIER_ROLES = (Role.ADMIN, Role.BIDDER, Role.LAWYER, Role.COORDINATOR)
#: The roles that an organisation of each kind can give.
ROLES_OF_KIND: dict[str, tuple[Role, ...]] = {
    _Kind.BUREAU: (
        Role.ADMIN,
        Role.OFFICER,
        Role.APPROVER,
        Role.KEY_HOLDER,
        Role.FINANCE,
        Role.SUPERVISOR,
        Role.EDITOR,
        Role.EXPERT,
        Role.COORDINATOR,
    ),
    _Kind.FINANCE: (Role.ADMIN, Role.FINANCE, Role.APPROVER, Role.KEY_HOLDER, Role.SUPERVISOR, Role.EXPERT),
    _Kind.SUPERVISION: (Role.ADMIN, Role.SUPERVISOR, Role.KEY_HOLDER, Role.EDITOR, Role.EXPERT),
    _Kind.VILLAGE: (Role.ADMIN, Role.VILLAGE, Role.COORDINATOR),
    _Kind.ASSOCIATION: _SUPPLIER_ROLES,
    _Kind.LAW_FIRM: _SUPPLIER_ROLES,
    _Kind.LEGAL_SERVICE_OFFICE: _SUPPLIER_ROLES,
    _Kind.NOTARY: _SUPPLIER_ROLES,
    _Kind.FORENSIC: _SUPPLIER_ROLES,
    _Kind.MEDIATION: _SUPPLIER_ROLES,
}

#: Who approves, opens bids or pays, and so needs a second factor.
PROTECTED_ROLES = frozenset({Role.APPROVER, Role.KEY_HOLDER, Role.FINANCE})


def active_memberships(on: date) -> Q:
    """Filter of memberships that count on a day."""
    return (
        Q(state="active", valid_from__lte=on)
        & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        & ~Q(organisation__state=OrganisationState.CLOSED)
    )


def memberships_of(user: Any) -> tuple[Membership, ...]:
    """The memberships of ``user`` that count today, with their organisations."""
    if not getattr(user, "pk", None) or not user.is_active:
        return ()
    key = (Membership.generation, clock.today())
    kept: tuple[Any, tuple[Membership, ...]] | None = getattr(user, "_memberships", None)
    if kept is not None and kept[0] == key:
        return kept[1]
    found = tuple(
        Membership.objects.filter(active_memberships(key[1]), user_id=user.pk)
        .select_related("organisation")
        .order_by("organisation_id", "role", "pk")
    )
    user._memberships = (key, found)
    return found


def _key(organisation: Organisation | int) -> int:
    return organisation if isinstance(organisation, int) else organisation.pk


def roles_of(user: Any, organisation: Organisation | int | None = None) -> frozenset[str]:
    """The roles of ``user`` in one organisation, or in any."""
    wanted = None if organisation is None else _key(organisation)
    return frozenset(m.role for m in memberships_of(user) if wanted is None or m.organisation_id == wanted)


def has_role(user: Any, organisation: Organisation | int, *roles: str) -> bool:
    """Whether ``user`` is an active member of ``organisation`` with one of ``roles`` (any role if none is named)."""
    held = roles_of(user, organisation)
    return bool(held & set(roles)) if roles else bool(held)


def organisations_of(user: Any, *roles: str) -> QuerySet[Organisation]:
    """The organisations in which ``user`` has one of ``roles`` (any role if none is named)."""
    return Organisation.objects.filter(
        pk__in={m.organisation_id for m in memberships_of(user) if not roles or m.role in roles}
    )


def regions_of(user: Any, *roles: str, kinds: Iterable[str] = SUPERVISING_KINDS) -> list[tuple[int, int]]:
    """Half-open code ranges of the regions for which ``user`` answers in one of ``roles``."""
    return sorted(
        {
            codes.code_range(m.organisation.region_id)
            for m in memberships_of(user)
            if m.role in roles and m.organisation.kind in kinds
        }
    )


def inside(field: str, ranges: Iterable[tuple[int, int]]) -> Q:
    """Filter: the region code ``field`` lies in one of ``ranges`` (in none, if there is none)."""
    condition = Q(pk__in=[])
    for low, high in ranges:
        condition |= Q(**{f"{field}__gte": low, f"{field}__lt": high})
    return condition


def _covers(ranges: Iterable[tuple[int, int]], code: int) -> bool:
    return any(low <= code < high for low, high in ranges)


def is_supervisor(user: Any, region: Region | int) -> bool:
    """An active supervisor of an authority whose region contains ``region``; superusers too."""
    if getattr(user, "is_superuser", False) and user.is_active:
        return True
    code = region.code if isinstance(region, Region) else region
    return _covers(regions_of(user, Role.SUPERVISOR), code)


def is_any_supervisor(user: Any) -> bool:
    """A supervisor of some region, or a superuser."""
    return bool(getattr(user, "is_superuser", False) and user.is_active) or bool(regions_of(user, Role.SUPERVISOR))


def can_manage_members(user: Any, organisation: Organisation) -> bool:
    return has_role(user, organisation, Role.ADMIN) or bool(user.is_superuser and user.is_active)


def can_register_public_body(user: Any, region: Region | int) -> bool:
    """Bureaus, finance departments, supervising authorities and villages are registered by who answers for the area."""
    return is_supervisor(user, region)


def reviewing_regions(user: Any) -> list[tuple[int, int]]:
    """Where ``user`` reviews credentials and verifies organisations: as officer or supervisor of a bureau, or supervisor."""
    return regions_of(user, Role.OFFICER, Role.SUPERVISOR, kinds={_Kind.BUREAU}) + regions_of(user, Role.SUPERVISOR)


def can_review(user: Any) -> bool:
    return bool(reviewing_regions(user)) or bool(getattr(user, "is_superuser", False) and user.is_active)


def office_of(person: str = "") -> Coalesce:
    """SQL: the region code of a person's office, else of an organisation, else of the home.

    ``person`` is the path to the person from the row at hand, with its double underscore; empty on people themselves.
    """
    member = Membership.objects.filter(user=OuterRef(person.removesuffix("__") or "pk"), state="active")
    return Coalesce(
        F(f"{person}practitioner__region_id"),
        Subquery(member.order_by("role", "pk").values("organisation__region_id")[:1]),
        F(f"{person}home_region_id"),
        output_field=BigIntegerField(),
    )


def credentials_to_review(user: Any) -> QuerySet[Credential]:
    """The credentials about which ``user`` may decide (in whatever state), never his own."""
    found = Credential.objects.annotate(office=office_of("user__")).exclude(user_id=user.pk)
    if user.is_superuser and user.is_active:
        return found
    return found.filter(inside("office", reviewing_regions(user)))


def organisations_to_verify(user: Any) -> QuerySet[Organisation]:
    """The organisations whose entry ``user`` may compare with the public register, none of his own."""
    found = Organisation.objects.exclude(pk__in={m.organisation_id for m in memberships_of(user)})
    if user.is_superuser and user.is_active:
        return found
    return found.filter(inside("region_id", reviewing_regions(user)))


def can_review_credential(user: Any, credential: Credential) -> bool:
    """A bureau's officer, or a supervisor, whose region contains the person's office; nobody reviews his own."""
    return credential.user_id != user.pk and credentials_to_review(user).filter(pk=credential.pk).exists()


def can_verify_organisation(user: Any, organisation: Organisation) -> bool:
    """Who reviews in the organisation's region and is no member of it."""
    return organisations_to_verify(user).filter(pk=organisation.pk).exists()


def can_see_credential(user: Any, credential: Credential) -> bool:
    return credential.user_id == user.pk or can_review_credential(user, credential)


def visible_memberships(user: Any) -> QuerySet[Membership]:
    """One's own, and those of the organisations one administers."""
    managed = organisations_of(user, Role.ADMIN)
    return Membership.objects.filter(Q(user_id=user.pk) | Q(organisation__in=managed))


def can_impose_sanction(user: Any, party: User | Organisation) -> bool:
    """A supervisor of the region of the organisation or of the person's office or home; never about himself."""
    if isinstance(party, Organisation):
        return is_supervisor(user, party.region_id) and not has_role(user, party)
    if party.pk == user.pk:
        return False
    place = region_of_person(party)
    return bool(user.is_superuser and user.is_active) or (place is not None and is_supervisor(user, place))


def organisations_to_exclude(user: Any) -> QuerySet[Organisation]:
    """Those that pass ``can_impose_sanction``."""
    found = Organisation.objects.exclude(pk__in={m.organisation_id for m in memberships_of(user)})
    if user.is_superuser and user.is_active:
        return found
    return found.filter(inside("region_id", regions_of(user, Role.SUPERVISOR)))


def people_to_exclude(user: Any) -> QuerySet[User]:
    """Those that pass ``can_impose_sanction``."""
    found = User.objects.exclude(pk=user.pk).filter(is_active=True)
    if user.is_superuser and user.is_active:
        return found
    return found.annotate(office=office_of()).filter(inside("office", regions_of(user, Role.SUPERVISOR)))


def visible_sanctions(user: Any) -> QuerySet[Sanction]:
    """One's own, those of one's organisations, and those about which ``user`` may decide."""
    return Sanction.objects.filter(
        Q(user_id=user.pk)
        | Q(organisation__in={m.organisation_id for m in memberships_of(user)})
        | Q(organisation__in=organisations_to_exclude(user))
        | Q(user__in=people_to_exclude(user))
    )


def can_lift_sanction(user: Any, sanction: Sanction) -> bool:
    """Who might impose it anew."""
    return can_impose_sanction(user, sanction.party)


def region_of_person(person: User) -> int | None:
    """The region code of a person's office, else of an organisation, else of the home; None if nothing is known."""
    code: int | None = User.objects.annotate(office=office_of()).values_list("office", flat=True).get(pk=person.pk)
    return code


def people_under(user: Any) -> QuerySet[User]:
    """The people for whom ``user`` answers as supervisor: of an organisation, an office or a home in his region."""
    ranges = regions_of(user, Role.SUPERVISOR)
    member = Membership.objects.filter(inside("organisation__region_id", ranges))
    return User.objects.filter(
        inside("home_region_id", ranges)
        | inside("practitioner__region_id", ranges)
        | Q(pk__in=member.values("user_id"))
    )


def supervised_events(user: Any) -> Q | None:
    """The audit events that a supervisor reads: what the people of his region did. None for who supervises nothing."""
    if not regions_of(user, Role.SUPERVISOR):
        return None
    return Q(actor__in=people_under(user).values("pk"))
