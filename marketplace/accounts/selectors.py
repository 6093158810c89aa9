"""What other rooms ask about people: what they may practise, what bars them, what ties them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized

from .models import (
    Credential,
    CredentialKind,
    DeclaredRelation,
    KeyHolderKey,
    Membership,
    Organisation,
    Role,
    Sanction,
    User,
)
from .rules import active_memberships
from .states import CredentialState, MembershipState

#: 政府采购法实施条例 art. 9: ties within the three years before the procurement bar from taking part.
RELATION_YEARS = 3


def valid_credential(user: User, kind: str, on: date) -> Credential | None:
    """The verified credential of ``kind`` that is valid on the day (the one that lasts longest), or None."""
    return valid_credentials(on).filter(user_id=user.pk, kind=kind).order_by("-valid_until", "pk").first()


def valid_credentials(on: date) -> QuerySet[Credential]:
    return Credential.objects.filter(state=CredentialState.VERIFIED, valid_from__lte=on, valid_until__gte=on)


def renewed() -> Exists:
    """Condition on a credential: its person has handed in one of the same kind that lasts longer."""
    later = Credential.objects.filter(
        user=OuterRef("user"),
        kind=OuterRef("kind"),
        state__in=[CredentialState.SUBMITTED, CredentialState.VERIFIED],
        valid_until__gt=OuterRef("valid_until"),
    )
    return Exists(later)


def sanctions_on(on: date) -> QuerySet[Sanction]:
    return Sanction.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=on),
        Q(lifted_on__isnull=True) | Q(lifted_on__gt=on),
        valid_from__lte=on,
    )


def is_sanctioned(party: User | Organisation, on: date) -> bool:
    """Whether a person or an organisation is excluded on the day."""
    field = "organisation_id" if isinstance(party, Organisation) else "user_id"
    return sanctions_on(on).filter(**{field: party.pk}).exists()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a person must not judge an organisation. ``code``: ``declared``, ``member`` or ``head``."""

    organisation: Organisation
    code: str
    reason: Any

    def __str__(self) -> str:
        return str(self.reason)


def years_before(on: date, years: int = RELATION_YEARS) -> date:
    try:
        return on.replace(year=on.year - years)
    except ValueError:  # 29 February
        return on.replace(year=on.year - years, day=28)


def conflicts(user: User, organisations: Iterable[Organisation], on: date) -> list[Conflict]:
    """What bars ``user`` from judging any of ``organisations`` on the day, by 实施条例 art. 9.

    Declared ties and memberships that lasted into the three years before; and a head of the same name, which may be
    a chance, but has to be looked at by somebody else. Sorted by organisation; empty if nothing is known.
    """
    parties = {o.pk: o for o in organisations}
    since = years_before(on)
    found = [
        Conflict(
            parties[relation.organisation_id],
            "declared",
            _("declared connection with %(name)s: %(kind)s")
            % {"name": localized(parties[relation.organisation_id], "name"), "kind": relation.get_kind_display()},
        )
        for relation in DeclaredRelation.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=since),
            user_id=user.pk,
            organisation__in=parties,
            valid_from__lte=on,
        )
    ]
    # An invitation or request that ended unanswered has no last day: nobody is barred by what others offered him.
    held = Membership.objects.filter(
        Q(state=MembershipState.ACTIVE) & (Q(valid_to__isnull=True) | Q(valid_to__gte=since))
        | Q(state=MembershipState.ENDED, valid_to__gte=since),
        user_id=user.pk,
        organisation__in=parties,
        valid_from__lte=on,
    )
    found += [
        Conflict(
            parties[key],
            "member",
            _("member of %(name)s within three years") % {"name": localized(parties[key], "name")},
        )
        for key in sorted(set(held.values_list("organisation_id", flat=True)))
    ]
    found += [
        Conflict(party, "head", _("has the same name as the head of %(name)s") % {"name": localized(party, "name")})
        for party in parties.values()
        if party.head_name and party.head_name.strip() == user.display_name.strip()
    ]
    return sorted(found, key=lambda c: (c.organisation.pk, c.code))


def members_with_role(organisation: Organisation, *roles: str, on: date) -> QuerySet[User]:
    """People who hold one of ``roles`` in ``organisation`` on the day, by name."""
    held = Membership.objects.filter(
        active_memberships(on), organisation=organisation, role__in=roles, user=OuterRef("pk")
    )
    return User.objects.filter(Exists(held), is_active=True).order_by("display_name", "pk")


def practitioners_of(organisation: Organisation, on: date) -> QuerySet[User]:
    """The organisation's practitioners who have a profile (``user.practitioner``), by name."""
    return (
        members_with_role(organisation, Role.LAWYER, on=on)
        .filter(practitioner__isnull=False)
        .select_related("practitioner", "practitioner__region")
    )


def licensed(people: QuerySet[User], on: date, kinds: Iterable[str] = CredentialKind.values) -> QuerySet[User]:
    """Those of ``people`` with a valid verified credential of one of ``kinds`` on the day and no sanction."""
    return people.filter(
        Exists(valid_credentials(on).filter(user=OuterRef("pk"), kind__in=list(kinds))),
        ~Exists(sanctions_on(on).filter(user=OuterRef("pk"))),
    )


def public_cards(on: date) -> QuerySet[User]:
    """Who has a card that everybody may read (``accounts:practitioner``): a profile and a valid credential."""
    return licensed(User.objects.filter(is_active=True, practitioner__isnull=False), on)


def holder_key(user: User) -> KeyHolderKey | None:
    """The key-holder's present key, or None until a passphrase is set."""
    return KeyHolderKey.objects.filter(user_id=user.pk, retired_at__isnull=True).first()
