"""Writes about oneself: name, telephone, home, identity number, and a key-holder's passphrase."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from marketplace.audit.services import record
from marketplace.core import sealing
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.locks import lock_name, lock_row
from marketplace.regions.models import Region

from . import identifiers, rules
from .models import KeyHolderKey, Role, User

MIN_PASSPHRASE = 12
ID_NUMBER_PURPOSE = "accounts.user.id_number"


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
    wanted: dict[str, Any] = {
        "display_name": name,
        "display_name_en": display_name_en.strip(),
        "phone": identifiers.telephone(phone),
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
                "Use at least %(n)s characters, for example four or five unrelated words, and not the same few repeated."
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
