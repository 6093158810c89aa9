"""Writes about people and organisations: registration, memberships, one's own data. Credentials: services_standing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.audit.services import record
from marketplace.core import sealing
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Region

from . import identifiers, letters, rules, selectors
from .errors import AlreadyMember, LastAdministrator, OwnCase, RoleNotForKind
from .models import KeyHolderKey, Membership, Organisation, OrganisationKind, Role, User
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
    "register_organisation",
    "request_membership",
    "reset_second_factor",
    "review_credential",
    "revoke_credential",
    "set_holder_key",
    "set_id_number",
    "submit_credential",
    "sync_editor_groups",
    "update_person",
    "update_practitioner_profile",
    "verify_organisation",
]

MIN_PASSPHRASE = 12
MIN_PHONE_DIGITS = 7
ID_NUMBER_PURPOSE = "accounts.user.id_number"


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
        InvalidInput: the code is already registered.
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
    name = name.strip()
    if not name:
        raise InvalidInput(_("Enter the name as it stands on the certificate."), field="name")
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


# One's own data


@transaction.atomic
def agree_to_privacy_notice(*, actor: User, version: str, now: datetime) -> None:
    """Consent, on record with the version of the notice (个人信息保护法 arts. 14, 17)."""
    record(actor=actor, action="person.agree", subject=actor, now=now, data={"notice": version})


@transaction.atomic
def update_person(
    *, actor: User, now: datetime, display_name: str, display_name_en: str, phone: str, home_region: Region | None
) -> User:
    """Change one's own name, phone and home. The record names what changed, never the values."""
    person = lock_row(User, actor.pk)
    name = display_name.strip()
    if not name:
        raise InvalidInput(_("Enter the name by which others know you."), field="display_name")
    number = phone.strip()
    if number and identifiers.mobile(number):
        number = identifiers.mobile(number) or ""
    elif number and sum(c.isdigit() for c in number) < MIN_PHONE_DIGITS:
        raise InvalidInput(
            _("This is no telephone number. Enter a mobile number, or a landline with its area code."), field="phone"
        )
    wanted: dict[str, Any] = {
        "display_name": name,
        "display_name_en": display_name_en.strip(),
        "phone": number,
        "home_region_id": home_region.pk if home_region else None,
    }
    changed = sorted(field for field, value in wanted.items() if getattr(person, field) != value)
    if changed:
        for field in changed:
            setattr(person, field, wanted[field])
            setattr(actor, field, wanted[field])
        person.save(update_fields=[field.removesuffix("_id") for field in changed])
        record(actor=actor, action="person.update", subject=person, now=now, data={"fields": _names(changed)})
    return person


@transaction.atomic
def note_home(*, actor: User, region: Region, now: datetime) -> None:
    """Keep ``region`` as one's home where none was said before; a home that was said stays."""
    person = lock_row(User, actor.pk)
    if person.home_region_id is not None:
        return
    person.home_region = actor.home_region = region
    person.save(update_fields=["home_region"])
    record(actor=actor, action="person.update", subject=person, now=now, data={"fields": ["home_region"]})


@transaction.atomic
def set_id_number(*, actor: User, number: str, now: datetime) -> User:
    """Set one's own identity number (encrypted, found again only by its keyed digest); an empty one erases it.

    Raises:
        WrongNumber: form, date or check digit.
        InvalidInput: another account has it.
    """
    person = lock_row(User, actor.pk)
    plain = identifiers.resident_id(number) if number.strip() else ""
    person.id_number = plain
    person.id_number_index = sealing.blind_index(plain, ID_NUMBER_PURPOSE) if plain else None
    try:
        with transaction.atomic():
            person.save(update_fields=["id_number", "id_number_index"])
    except IntegrityError as error:
        raise InvalidInput(
            _("Another account has this identity number. Sign in with that account, or ask the bureau to correct it."),
            code="id_number_taken",
            field="number",
        ) from error
    actor.id_number, actor.id_number_index = person.id_number, person.id_number_index
    record(actor=actor, action="person.identify" if plain else "person.erase_identity", subject=person, now=now)
    return person


@transaction.atomic
def set_holder_key(*, actor: User, passphrase: str, now: datetime) -> KeyHolderKey:
    """Make the key-holder's key pair from a passphrase and keep its public half; the old one retires.

    Shares that were sealed to an old key still need the old passphrase.

    Raises:
        InvalidInput: the passphrase is too short or too plain.
    """
    if len(passphrase) < MIN_PASSPHRASE or len(set(passphrase)) < 6:
        raise InvalidInput(
            _(
                "Take at least %(n)s characters, for example four or five unrelated words, and not the same few repeated."
            ),
            code="weak_passphrase",
            field="passphrase",
            n=MIN_PASSPHRASE,
        )
    if not rules.roles_of(actor) & {Role.KEY_HOLDER}:
        raise PermissionRefused(_("Only key-holders need a key. Ask your administrator for that role first."))
    # Two tabs at once: the second waits and retires the first.
    lock_name(f"holder-key:{actor.pk}")
    salt = os.urandom(16)
    _private, public = sealing.derive_holder_key(passphrase, salt)
    retired = KeyHolderKey.objects.filter(user=actor, retired_at__isnull=True).update(retired_at=now)
    key = KeyHolderKey.objects.create(user=actor, public_key=public, salt=salt, created_at=now)
    record(actor=actor, action="holder_key.set", subject=key, now=now, data={"retired": retired})
    return key


def _names(fields: Iterable[str]) -> list[str]:
    return [field.removesuffix("_id") for field in fields]
