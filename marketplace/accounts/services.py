"""Writes about organisations and their members. Oneself: services_own; credentials and exclusions: services_standing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.audit.services import record
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Region

from . import identifiers, letters, rules, selectors
from .errors import AlreadyMember, LastAdministrator, OwnCase, RoleNotForKind
from .models import Membership, Organisation, OrganisationKind, Role, User
from .services_own import agree_to_privacy_notice, note_home, set_holder_key, set_id_number, update_person
from .services_standing import (
    declare_relation,
    impose_sanction,
    lift_sanction,
    reset_second_factor,
    review_credential,
    revoke_credential,
    submit_credential,
    update_practitioner_profile,
)
from .states import MEMBERSHIP, ORGANISATION, MembershipState

__all__ = [
    "accept_membership",
    "agree_to_privacy_notice",
    "approve_membership",
    "declare_relation",
    "end_membership",
    "impose_sanction",
    "invite_member",
    "lift_sanction",
    "note_home",
    "register_organisation",
    "request_membership",
    "reset_second_factor",
    "review_credential",
    "revise_organisation",
    "revoke_credential",
    "set_holder_key",
    "set_id_number",
    "submit_credential",
    "sync_editor_groups",
    "update_person",
    "update_practitioner_profile",
    "verify_organisation",
]
#: what an officer compares with the public register before the organisation stands verified
COMPARED = frozenset({"name", "region_id"})


# Organisations


@transaction.atomic
def register_organisation(
    *,
    actor: User,
    kind: str,
    name: str,
    credit_code: str | None,
    region: Region,
    now: datetime,
    name_en: str = "",
    address: str = "",
    phone: str = "",
    head_name: str = "",
    small_or_micro: bool = False,
    administrator: User | None = None,
) -> Organisation:
    """Register an organisation; ``administrator`` (default: ``actor``) becomes its administrator.

    Anyone may register a supplier at any moment, free, and may bid at once (财库〔2019〕38号): its administrator is also
    its bid manager, and verification changes nothing about that. Public bodies are registered by the supervisor of
    their region and stand verified.

    Raises:
        WrongNumber: the credit code.
        PermissionRefused: a public body, by somebody who does not answer for its region.
        InvalidInput: no name, no telephone number, or a code that is already registered.
    """
    kind = OrganisationKind(kind)
    public = kind in rules.PUBLIC_KINDS
    if public:
        require(
            rules.can_register_public_body,
            actor,
            region,
            message=_("Public bodies are registered by the supervising authority of their region. Ask it to do so."),
        )
    name, number = _certified_name(name), identifiers.telephone(phone)
    # A village committee may not have its code at hand; a supplier always has one.
    if credit_code or not public:
        credit_code = identifiers.credit_code(credit_code or "", law_firm=kind == OrganisationKind.LAW_FIRM)
    else:
        credit_code = None
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(
                kind=kind,
                name=name,
                name_en=name_en.strip(),
                credit_code=credit_code,
                region=region,
                address=address.strip(),
                phone=number,
                head_name=head_name.strip(),
                small_or_micro=small_or_micro,
                created_at=now,
            )
    except IntegrityError as error:
        raise InvalidInput(
            _("This organisation is already registered: ask its administrator to invite you."),
            code="credit_code_taken",
            field="credit_code",
        ) from error
    record(actor=actor, action="organisation.register", subject=organisation, now=now, data={"kind": str(kind)})
    administrator = administrator or actor
    first_roles = [Role.ADMIN, Role.BIDDER] if Role.BIDDER in rules.ROLES_OF_KIND[kind] else [Role.ADMIN]
    for role in first_roles:
        _create_membership(
            actor=actor, user=administrator, organisation=organisation, role=role, state=MembershipState.ACTIVE, now=now
        )
    if public:
        apply_transition(ORGANISATION, organisation, "verify", actor=actor, now=now)
    return organisation


@transaction.atomic
def revise_organisation(
    *,
    actor: User,
    organisation: Organisation,
    name: str,
    name_en: str,
    region: Region,
    address: str,
    phone: str,
    head_name: str,
    small_or_micro: bool,
    now: datetime,
) -> Organisation:
    """Keep the entry true; its administrator does. Notices, contracts and bids keep what they said on their day.

    Name and seat are what an officer compared with the public register: a supplier that changes them is compared anew.
    Those of a public body are changed by who registers such bodies there. The code names the organisation for life.

    Raises:
        PermissionRefused: by somebody else, or name and seat of a public body by its own administrator.
        InvalidInput: no name, or no telephone number.
    """
    organisation = lock_row(Organisation, organisation.pk)
    require(rules.can_manage_members, actor, organisation)
    wanted: dict[str, Any] = {
        "name": _certified_name(name),
        "name_en": name_en.strip(),
        "region_id": region.pk,
        "address": address.strip(),
        "phone": identifiers.telephone(phone),
        "head_name": head_name.strip(),
        "small_or_micro": small_or_micro,
    }
    changes = {field: value for field, value in wanted.items() if getattr(organisation, field) != value}
    if not changes:
        return organisation
    if COMPARED & changes.keys() and organisation.kind in rules.PUBLIC_KINDS:
        for place in {organisation.region_id, region.pk}:
            require(
                rules.can_register_public_body,
                actor,
                place,
                message=_("Name and seat of a public body are changed by the supervising authority. Ask it to do so."),
            )
    data = {"fields": sorted(field.removesuffix("_id") for field in changes)}
    if COMPARED & changes.keys() and organisation.kind not in rules.PUBLIC_KINDS:
        apply_transition(ORGANISATION, organisation, "revise", actor=actor, now=now, changes=changes, data=data)
        return organisation
    for field, value in changes.items():
        setattr(organisation, field, value)
    organisation.save(update_fields=list(changes))
    record(actor=actor, action="organisation.update", subject=organisation, now=now, data=data)
    return organisation


def _certified_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidInput(_("Enter the name as it stands on the certificate."), field="name")
    return name


@transaction.atomic
def verify_organisation(*, actor: User, organisation: Organisation, now: datetime, note: str = "") -> Organisation:
    """A bureau officer of the region has compared the entry with the public register."""
    organisation = lock_row(Organisation, organisation.pk)
    require(rules.can_verify_organisation, actor, organisation)
    apply_transition(ORGANISATION, organisation, "verify", actor=actor, now=now, reason=note)
    return organisation


# Memberships


@transaction.atomic
def invite_member(*, actor: User, organisation: Organisation, person: User, role: str, now: datetime) -> Membership:
    """Offer a role; it counts once the person has accepted.

    An administrator of a supplier takes a role himself at once; in a public body another administrator has to give it.
    """
    require(rules.can_manage_members, actor, organisation)
    state = MembershipState.INVITED
    if person.pk == actor.pk and not actor.is_superuser:
        if organisation.kind in rules.PUBLIC_KINDS:
            raise OwnCase(_("In a public body nobody gives themselves a role. Ask another administrator."))
        state = MembershipState.ACTIVE
    membership = _create_membership(
        actor=actor, user=person, organisation=organisation, role=role, state=state, now=now
    )
    if state == MembershipState.INVITED:
        letters.invited(membership)
    return membership


@transaction.atomic
def request_membership(*, actor: User, organisation: Organisation, role: str, now: datetime) -> Membership:
    """Ask to join; an administrator of the organisation decides."""
    try:
        membership = _create_membership(
            actor=actor, user=actor, organisation=organisation, role=role, state=MembershipState.REQUESTED, now=now
        )
    except AlreadyMember as error:
        raise AlreadyMember(
            _("You have this role here already, or your request or an invitation for it is waiting."), field="role"
        ) from error
    administrators = selectors.members_with_role(organisation, Role.ADMIN, on=timezone.localdate(now))
    letters.asked_to_join(membership, administrators)
    return membership


@transaction.atomic
def accept_membership(*, actor: User, membership: Membership, now: datetime) -> Membership:
    """The invited person says yes."""
    membership = lock_row(Membership, membership.pk)
    if membership.user_id != actor.pk:
        raise PermissionRefused(_("Only the person who was invited can accept."))
    return _activate(membership, "accept", actor=actor, now=now)


@transaction.atomic
def approve_membership(*, actor: User, membership: Membership, now: datetime) -> Membership:
    """An administrator lets a person in who asked."""
    membership = lock_row(Membership, membership.pk)
    require(rules.can_manage_members, actor, membership.organisation)
    if membership.user_id == actor.pk and membership.organisation.kind in rules.PUBLIC_KINDS and not actor.is_superuser:
        raise OwnCase(_("In a public body nobody gives themselves a role. Ask another administrator."))
    membership = _activate(membership, "approve", actor=actor, now=now)
    if membership.user_id != actor.pk:
        letters.let_in(membership)
    return membership


@transaction.atomic
def end_membership(*, actor: User, membership: Membership, now: datetime, reason: str = "") -> Membership:
    """Leave, or be removed by an administrator; also declines an invitation or a request.

    What had begun keeps its last day; what never began has none (see ``selectors.conflicts``).

    Raises:
        PermissionRefused, LastAdministrator, IllegalTransition
        InvalidInput: somebody else's role or request ends without a ``reason``, which the person is told.
    """
    lock_row(Organisation, membership.organisation_id)
    membership = lock_row(Membership, membership.pk)
    reason = reason.strip()
    # An invitation that is taken back unanswered is nobody's loss.
    told = membership.user_id != actor.pk and membership.state != MembershipState.INVITED
    if membership.user_id != actor.pk:
        require(rules.can_manage_members, actor, membership.organisation)
    if told and not reason and MEMBERSHIP.allows("end", membership.state):
        raise InvalidInput(
            _("Say why: the person is told, and every later reader sees only this reason."), field="reason"
        )
    changes: dict[str, Any] = {}
    if membership.state == MembershipState.ACTIVE:
        if membership.role == Role.ADMIN and not (
            Membership.objects.filter(
                rules.active_memberships(timezone.localdate(now)),
                organisation_id=membership.organisation_id,
                role=Role.ADMIN,
                user__is_active=True,
            )
            .exclude(pk=membership.pk)
            .exists()
        ):
            raise LastAdministrator
        changes["valid_to"] = max(timezone.localdate(now), membership.valid_from)
    was = membership.state
    apply_transition(MEMBERSHIP, membership, "end", actor=actor, now=now, reason=reason, changes=changes)
    _memberships_changed(membership.user)
    if told:
        tell_it = letters.role_ended if was == MembershipState.ACTIVE else letters.not_let_in
        tell_it(membership, reason)
    return membership


def _create_membership(
    *, actor: User, user: User, organisation: Organisation, role: str, state: MembershipState, now: datetime
) -> Membership:
    if role not in rules.ROLES_OF_KIND[organisation.kind]:
        raise RoleNotForKind(field="role")
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                user=user, organisation=organisation, role=Role(role), state=state, valid_from=timezone.localdate(now)
            )
    except IntegrityError as error:
        raise AlreadyMember(field="role") from error
    verb = {MembershipState.INVITED: "invite", MembershipState.REQUESTED: "request"}.get(state, "begin")
    record(
        actor=actor,
        action=f"membership.{verb}",
        subject=membership,
        now=now,
        data={"organisation": organisation.pk, "person": user.pk, "role": str(role)},
    )
    if state == MembershipState.ACTIVE:
        _memberships_changed(user)
    return membership


def _activate(membership: Membership, action: str, *, actor: User, now: datetime) -> Membership:
    changes = {"valid_from": timezone.localdate(now)}
    apply_transition(MEMBERSHIP, membership, action, actor=actor, now=now, changes=changes)
    _memberships_changed(membership.user)
    return membership


def _memberships_changed(user: User) -> None:
    Membership.generation += 1
    sync_editor_groups(user)


#: Wagtail's groups by the roles that open them: who edits, and who approves what was edited.
EDITORIAL_GROUPS: dict[str, tuple[Role, ...]] = {"Editors": (Role.EDITOR,), "Moderators": (Role.SUPERVISOR,)}


@transaction.atomic
def sync_editor_groups(user: User) -> None:
    """Give and take the editors' groups by the person's present roles. Called when a membership changes."""
    roles = {m.role for m in rules.memberships_of(user) if m.organisation.kind in rules.SUPERVISING_KINDS}
    for name, opened_by in EDITORIAL_GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        if roles & set(opened_by):
            user.groups.add(group)
        else:
            user.groups.remove(group)
