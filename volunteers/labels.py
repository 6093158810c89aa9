"""This room's acts in words, for the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.words import hours_words

from .models import Opportunity, SignUp, VolunteerProfile

ACTIONS = {
    "volunteer.join": _("joined as a volunteer"),
    "volunteer.update": _("changed the volunteer profile"),
    "volunteer.leave": _("stopped volunteering"),
    "volunteer.readmit": _("let the volunteer sign up again"),
    "opportunity.create": _("wrote a call for volunteers"),
    "opportunity.revise": _("changed the draft of the call"),
    "opportunity.meet": _("said where to meet and whom to call"),
    "opportunity.open": _("opened the call"),
    "opportunity.close": _("closed the call"),
    "opportunity.answer": _("closed the call: what it sought was found"),
    "opportunity.cancel": _("called it off"),
    "sign_up.create": _("signed up"),
    "sign_up.offer": _("a place was offered"),
    "sign_up.accept_offer": _("took the offered place"),
    "sign_up.lapse": _("the offer lapsed"),
    "sign_up.cancel": _("gave up the place"),
    "sign_up.release": _("the waiting list ended with the call"),
    "sign_up.pass_over": _("was passed over in the queue"),
    "sign_up.open_contact": _("opened the emergency contact"),
    "sign_up.attend": _("attendance recorded"),
    "sign_up.miss": _("absence recorded"),
}

DATA = {
    "missed": _("missed shifts"),
    "shifts": _("shifts"),
    "state": _("state"),
}


def calls(keys: Iterable[int]) -> dict[int, str]:
    return {
        call.pk: localized(call, "title")
        for call in Opportunity.objects.filter(pk__in=list(keys)).only("title", "title_en")
    }


def sign_ups(keys: Iterable[int]) -> dict[int, str]:
    found = SignUp.objects.filter(pk__in=list(keys)).select_related("volunteer", "shift")
    return {
        each.pk: f"{localized(each.volunteer, 'display_name')} · {hours_words(each.shift.starts_at, each.shift.ends_at)}"
        for each in found
    }


def volunteers(keys: Iterable[int]) -> dict[int, str]:
    found = VolunteerProfile.objects.filter(pk__in=list(keys)).select_related("user")
    return {profile.pk: localized(profile.user, "display_name") for profile in found}
