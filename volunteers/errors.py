"""Refusals about volunteering."""

from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Organisation
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.i18n import localized


class NotAVolunteer(DomainError):
    code = "not_a_volunteer"
    message = _("Join as a volunteer first: it takes a minute and you can leave at any time.")


class ConsentNeeded(InvalidInput):
    code = "consent_needed"
    message = _("Please agree to the volunteer rules. Without your agreement nothing is recorded.")


class NotOpen(DomainError):
    code = "not_open"
    message = _("This call is not open any more. Look for another one near you.")


class NotADraft(DomainError):
    code = "not_a_draft"
    message = _("The call has been opened: people rely on what it says. Cancel it with a reason and make a new one.")


class ShiftOver(DomainError):
    code = "shift_over"
    message = _("This shift has begun already. Choose a later one.")


class CredentialMissing(DomainError):
    code = "credential_missing"
    message = _("This shift needs a verified %(credential)s. Submit yours under My account, or choose another shift.")


class Clash(DomainError):
    code = "clash"
    message = _("You already have something at that time: %(other)s. Cancel it first, or choose another shift.")


class AlreadySignedUp(DomainError):
    code = "already_signed_up"
    message = _("You are already signed up for this shift.")


class TooManyMissed(DomainError):
    code = "too_many_missed"
    message = _(
        "You missed %(times)s shifts within a year, so you cannot sign up. Talk to %(organiser)s: its coordinator can let you."
    )

    def __init__(self, *, times: int, organiser: Organisation) -> None:
        self.organiser = organiser
        super().__init__(times=times, organiser=localized(organiser, "name"))


class NotBarred(DomainError):
    code = "not_barred"
    message = _("Nothing keeps this volunteer from signing up.")


class OfferOver(DomainError):
    code = "offer_over"
    message = _("This offer has lapsed and the place has gone to the next person. You may join the waiting list again.")


class TooEarly(DomainError):
    code = "too_early"
    message = _("Attendance can be recorded once the shift has begun.")


class TimeRecorded(DomainError):
    code = "time_recorded"
    message = _(
        "Time was recorded for this shift, so it cannot be marked as missed. If nobody came, question that record: a supervisor "
        "decides."
    )


class CallOver(DomainError):
    code = "call_over"
    message = _("This call was called off; nobody meets any more.")


class NotOnTheDay(DomainError):
    code = "not_on_the_day"
    message = _("An emergency contact can be opened only on the day of the shift, for somebody who is expected there.")


class ContactClosed(DomainError):
    code = "contact_closed"
    message = _(
        "This volunteer gave no emergency contact, or has not agreed yet that it may be opened: saving the profile agrees. "
        "In an emergency call 120."
    )


class BadShift(InvalidInput):
    code = "bad_shift"
    message = _("A shift must be in the future, end after it begins, on the same day, and have at least one place.")


class NoShift(InvalidInput):
    code = "no_shift"
    message = _("Add at least one shift, so that people know when to come.")


class ReasonNeeded(InvalidInput):
    code = "reason_needed"
    message = _("Say why in a few words: the people who signed up will read it.")
