"""What must always be true of people and organisations, proved over the whole database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform

from marketplace.audit.models import Event
from marketplace.core import clock, sealing
from marketplace.core.errors import DomainError

from . import identifiers, rules, services, services_own
from .models import Credential, Membership, Organisation, OrganisationKind, Role, User
from .states import CredentialState, MembershipState, OrganisationState


def faults() -> Iterator[str]:
    """Every row that breaks a rule, a sentence each; nothing if all hold."""
    yield from _numbers()
    yield from _organisations()
    yield from _memberships()
    yield from _credentials()
    yield from _states()
    yield from _editors()


def _numbers() -> Iterator[str]:
    """Identity numbers can be read, are right, and are found under their own digest."""
    for person in User.objects.order_by("pk").iterator(chunk_size=2_000):
        try:
            number = person.id_number
            right = identifiers.resident_id(number) == number if number else True
        except DomainError:
            right = False
        if not right:
            yield f"person {person.pk}: the identity number is wrong"
        index = sealing.blind_index(person.id_number, services_own.ID_NUMBER_PURPOSE) if person.id_number else None
        if person.id_number_index != index:
            yield f"person {person.pk}: the identity number stands under another's digest"


def _organisations() -> Iterator[str]:
    today = clock.today()
    administrator = Membership.objects.filter(
        rules.active_memberships(today), organisation=OuterRef("pk"), role=Role.ADMIN, user__is_active=True
    )
    for each in Organisation.objects.order_by("pk").iterator(chunk_size=2_000):
        if each.credit_code:
            try:
                identifiers.credit_code(each.credit_code, law_firm=each.kind == OrganisationKind.LAW_FIRM)
            except DomainError as error:
                yield f"organisation {each.pk}: {error}"
        elif each.kind not in rules.PUBLIC_KINDS:
            yield f"organisation {each.pk}: a supplier without a credit code"
    orphans = Organisation.objects.exclude(state=OrganisationState.CLOSED).filter(~Exists(administrator))
    for key in orphans.order_by("pk").values_list("pk", flat=True):
        yield f"organisation {key}: has no administrator"


def _memberships() -> Iterator[str]:
    allowed = Q(pk__in=[])
    for kind, roles in rules.ROLES_OF_KIND.items():
        allowed |= Q(organisation__kind=kind, role__in=roles)
    strange = Membership.objects.exclude(allowed).exclude(state=MembershipState.ENDED).select_related("organisation")
    for each in strange.order_by("pk"):
        yield f"membership {each.pk}: a {each.organisation.kind} gives no role {each.role}"


def _credentials() -> Iterator[str]:
    own = Credential.objects.filter(reviewed_by=F("user"))
    unreviewed = Credential.objects.filter(state=CredentialState.VERIFIED).filter(
        Q(reviewed_by__isnull=True) | Q(reviewed_at__isnull=True)
    )
    for each in own.order_by("pk"):
        yield f"credential {each.pk}: reviewed by its owner"
    for each in unreviewed.order_by("pk"):
        yield f"credential {each.pk}: verified by nobody"


def _states() -> Iterator[str]:
    """Every state is the one that the last recorded step led to; a first state has the record of its beginning."""
    for model in (Organisation, Membership, Credential):
        label = model._meta.label_lower
        mine: Any = Event.objects.filter(
            subject_type=label, subject_id=models.functions.Cast(OuterRef("pk"), models.CharField())
        )
        steps = mine.filter(data__has_key="to").order_by("-id")
        rows = model._default_manager.annotate(
            led_to=Subquery(steps.annotate(target=KeyTextTransform("to", "data")).values("target")[:1]),
            begun=Exists(mine),
        )
        for key, state in (
            rows.filter(Q(begun=False) | Q(led_to__isnull=False) & ~Q(led_to=F("state")))
            .order_by("pk")
            .values_list("pk", "state")
        ):
            yield f"{label} {key}: is {state}, which the record does not say"


def _editors() -> Iterator[str]:
    """The editors' groups hold those whose roles open them, and nobody else."""
    today = clock.today()
    for name, roles in services.EDITORIAL_GROUPS.items():
        entitled = set(
            Membership.objects.filter(
                rules.active_memberships(today),
                role__in=roles,
                organisation__kind__in=rules.SUPERVISING_KINDS,
                user__is_active=True,
            ).values_list("user_id", flat=True)
        )
        inside = set(User.objects.filter(groups__in=Group.objects.filter(name=name)).values_list("pk", flat=True))
        for key in sorted(entitled - inside):
            yield f"person {key}: may use the group {name} but is not in it"
        for key in sorted(inside - entitled):
            yield f"person {key}: is in the group {name} without a role that opens it"
