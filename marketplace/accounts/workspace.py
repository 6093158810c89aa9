"""What waits for a person in this room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem

from . import rules, selectors
from .access import has_second_factor
from .models import Membership, Role
from .states import CredentialState, MembershipState

#: A renewal takes a bureau about a month; two leave time to hand in the new licence.
RENEWAL_DAYS = 60
#: Who has not renewed for a year has left the trade and is not reminded any more.
LAPSED_DAYS = 365


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    yield from _reviews(user)
    yield from _memberships(user)
    yield from _credentials(user, now)
    yield from _safety(user)


def _reviews(user: Any) -> Iterator[WorkItem]:
    if not rules.can_review(user):
        return
    waiting = rules.credentials_to_review(user).filter(state=CredentialState.SUBMITTED).count()
    if waiting:
        title = ngettext("Review %(n)s credential", "Review %(n)s credentials", waiting) % {"n": waiting}
        yield WorkItem(
            title, reverse("accounts:review_queue"), _("People may serve once you have verified them."), weight=40
        )


def _memberships(user: Any) -> Iterator[WorkItem]:
    managed = rules.organisations_of(user, Role.ADMIN)
    asked = Membership.objects.filter(organisation__in=managed, state=MembershipState.REQUESTED)
    for request in asked.select_related("user", "organisation").order_by("pk")[:5]:
        yield WorkItem(
            _("%(name)s asks to join") % {"name": localized(request.user, "display_name")},
            reverse("accounts:members", args=[request.organisation_id]),
            f"{localized(request.organisation, 'name')} · {request.get_role_display()}",
            weight=50,
        )
    invited = Membership.objects.filter(user_id=user.pk, state=MembershipState.INVITED)
    for invitation in invited.select_related("organisation").order_by("pk")[:5]:
        yield WorkItem(
            _("%(name)s invites you") % {"name": localized(invitation.organisation, "name")},
            reverse("accounts:profile"),
            invitation.get_role_display(),
            weight=30,
        )


def _credentials(user: Any, now: datetime) -> Iterator[WorkItem]:
    today = timezone.localdate(now)
    for returned in user.credentials.filter(state=CredentialState.REJECTED):
        yield WorkItem(
            _("Correct your credential"),
            reverse("accounts:credential_correct", args=[returned.pk]),
            returned.review_note,
            weight=20,
        )
    expiring = user.credentials.filter(
        state=CredentialState.VERIFIED,
        valid_until__gte=today - timedelta(days=LAPSED_DAYS),
        valid_until__lte=today + timedelta(days=RENEWAL_DAYS),
    )
    for credential in expiring.filter(~selectors.renewed()):
        renew = f"{reverse('accounts:credential_submit')}?renews={credential.pk}"
        if credential.valid_until < today:
            yield WorkItem(
                _("Your %(kind)s has expired") % {"kind": credential.get_kind_display()},
                renew,
                _("Submit the renewed one. Until it is verified you cannot be given posts."),
                weight=20,
            )
        else:
            last = timezone.make_aware(datetime.combine(credential.valid_until, time(23, 59)))
            yield WorkItem(
                _("Renew your %(kind)s") % {"kind": credential.get_kind_display()},
                renew,
                _("After its last day you cannot be given posts."),
                due_at=last,
            )


def _safety(user: Any) -> Iterator[WorkItem]:
    roles = rules.roles_of(user)
    if Role.KEY_HOLDER in roles and selectors.holder_key(user) is None:
        yield WorkItem(
            _("Set your key-holder's passphrase"),
            reverse("accounts:holder_key"),
            _("Without it no tender can be sealed to you."),
            weight=10,
        )
    if settings.MFA_REQUIRED and roles & rules.PROTECTED_ROLES and not has_second_factor(user):
        yield WorkItem(
            _("Set up two-step verification"),
            reverse("mfa_index"),
            _("You cannot approve, open bids or pay without it."),
            weight=5,
        )
