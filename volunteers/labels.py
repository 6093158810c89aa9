"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
