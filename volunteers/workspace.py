"""What waits for a volunteer or an organiser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.core.i18n import localized
from marketplace.core.words import letter_words
from marketplace.core.workspace import WorkItem

from . import absences
from .models import Opportunity, Shift, SignUp, VolunteerProfile
from .rules import managed_by
from .selectors import sign_ups_of
from .sign_ups import SERVED
from .states import OpportunityState, SignUpState

AHEAD = timedelta(days=14)
SOON = timedelta(hours=36)


def work_items(user: User, now: datetime) -> Iterator[WorkItem]:
    mine = (
        SignUp.objects.filter(volunteer=user, shift__starts_at__gt=now)
        .filter(state__in=[SignUpState.OFFERED, SignUpState.CONFIRMED], shift__starts_at__lt=now + AHEAD)
        .select_related("shift__opportunity__region")
        .order_by("shift__starts_at", "pk")[:10]
    )
    for sign_up in mine:
        call = sign_up.shift.opportunity
        place = localized(call.region, "name")
        if call.meeting_point:
            place = f"{place} · {localized(call, 'meeting_point')}"
        if call.answered_at is not None:
            place = f"{place} · {_('The village has an adviser now; your place stays yours.')}"
        if sign_up.state == SignUpState.OFFERED:
            yield WorkItem(
                _("A place is free for you: %(title)s") % {"title": localized(call, "title")},
                reverse("volunteers:mine"),
                place,
                due_at=sign_up.offer_until,
            )
        else:
            yield WorkItem(
                localized(call, "title"), reverse("volunteers:opportunity", args=[call.pk]), place,
                due_at=sign_up.shift.starts_at, tone="soon" if sign_up.shift.starts_at < now + SOON else "info",
            )  # fmt: skip
    for queued in sign_ups_of(user, now).filter(state=SignUpState.WAITING, shift__starts_at__gt=now)[:5]:
        call = queued.shift.opportunity
        yield WorkItem(
            _("Number %(n)s on the waiting list: %(title)s") % {"n": queued.queue, "title": localized(call, "title")},
            reverse("volunteers:opportunity", args=[call.pk]),
            f"{letter_words(queued.shift.starts_at)} · {localized(call.region, 'name')}",
            tone="wait",
        )
    called_off = SignUp.objects.filter(
        volunteer=user,
        state=SignUpState.CANCELLED,
        shift__starts_at__gt=now,
        shift__opportunity__state=OpportunityState.CANCELLED,
    ).exclude(note="")
    for ended in called_off.select_related("shift__opportunity").order_by("shift__starts_at", "pk")[:5]:
        call = ended.shift.opportunity
        yield WorkItem(
            _("Called off: %(call)s") % {"call": localized(call, "title")},
            reverse("volunteers:opportunity", args=[call.pk]),
            f"{letter_words(ended.shift.starts_at)} · {ended.note}",
            tone="info",
        )
    released = SignUp.objects.filter(
        volunteer=user,
        state=SignUpState.CANCELLED,
        shift__starts_at__gt=now,
        ended_at=F("shift__opportunity__answered_at"),
    ).select_related("shift__opportunity__region")
    for sign_up in released.order_by("pk")[:5]:
        yield WorkItem(
            _("The waiting list has ended: %(place)s has its legal adviser")
            % {"place": localized(sign_up.shift.opportunity.region, "name")},
            reverse("volunteers:find"),
            _("Thank you for waiting. Other villages look for volunteers."),
            tone="info",
        )
    asked = VolunteerProfile.objects.filter(user=user, active=True, contact_agreed_at=None).first()
    if asked is not None and asked.emergency_contact:
        yield WorkItem(
            _("May your emergency contact be opened on the day of a shift?"),
            reverse("volunteers:join"),
            _("You gave it before that was asked, so nobody can open it. Read the line under the field and save."),
            tone="info",
        )
    unmarked = (
        SignUp.objects.filter(
            state=SignUpState.CONFIRMED, shift__ends_at__lt=now, shift__opportunity__in=managed_by(user)
        )
        .exclude(volunteer=user)
        .values_list("shift__opportunity_id", "shift__opportunity__title", "shift__opportunity__title_en")
        .order_by("shift__opportunity_id")
        .distinct()[:5]
    )
    for pk, title, title_en in unmarked:
        shown = localized(Opportunity(title=title, title_en=title_en), "title")
        yield WorkItem(
            _("Who came to %(title)s?") % {"title": shown}, reverse("volunteers:manage", args=[pk]), weight=60
        )
    soon = (
        Shift.objects.filter(opportunity__in=managed_by(user), opportunity__state__in=SERVED)
        .filter(starts_at__gt=now, starts_at__lt=now + SOON)
        .select_related("opportunity")
        .order_by("starts_at", "pk")[:5]
    )
    for shift in soon:
        yield WorkItem(
            _("Volunteers are coming: %(title)s") % {"title": localized(shift.opportunity, "title")},
            reverse("volunteers:manage", args=[shift.opportunity_id]),
            _("%(taken)s of %(places)s places filled") % {"taken": shift.taken, "places": shift.places},
            due_at=shift.starts_at,
            tone="soon",
        )
    refusal = absences.refusal(user, now)
    if refusal is not None:
        yield WorkItem(_("You cannot sign up for shifts now"), reverse("volunteers:mine"), str(refusal), tone="info")
    for person in absences.decided_by(user, now)[:5]:
        yield WorkItem(
            _("%(name)s missed too many shifts and cannot sign up") % {"name": localized(person, "display_name")},
            reverse("volunteers:absences", args=[person.pk]),
            _("Talk to each other; then let them sign up again, or leave it."),
            tone="info",
        )
    drafts = managed_by(user).filter(state=OpportunityState.DRAFT).order_by("pk")[:5]
    for draft in drafts:
        yield WorkItem(
            _("Open the call %(title)s") % {"title": localized(draft, "title")},
            reverse("volunteers:manage", args=[draft.pk]),
            weight=80,
        )
