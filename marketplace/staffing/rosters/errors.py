"""Why an act on a roster is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, StaleState


class NoDuty(DomainError):
    code = "no_duty"
    message = _("This contract asks for no duty at a place. Its posts are staffed one by one: go to its staffing page.")


class BadPattern(InvalidInput):
    code = "bad_pattern"
    message = _("A roster runs over at most %(days)s days to come, within the term of the contract.")


class NoShifts(InvalidInput):
    code = "no_shifts"
    message = _("No shift comes of this. Choose days and times that lie in the future, or add single shifts.")


class BadShift(InvalidInput):
    code = "bad_roster_shift"
    message = _(
        "A shift lies in the future and in the roster's period, ends after it begins on the same day, and has a place."
    )


class ShiftTwice(InvalidInput):
    code = "roster_shift_twice"
    message = _("There is a shift at this time already. Change its places instead.")


class NotDraft(StaleState):
    code = "roster_not_draft"
    message = _(
        "Shifts can be changed while the roster is a draft. People have been asked: cancel it and draft another."
    )


class BadDeadline(InvalidInput):
    code = "bad_offer_deadline"
    message = _("Offers close after today's hour and before the first shift begins, which is %(first)s.")


class OnlyLawyers(InvalidInput):
    code = "every_shift_needs_a_lawyer"
    message = _(
        "Every shift of this roster needs a lawyer, so volunteers could offer for none. Mark a shift that needs no lawyer, "
        "or keep the roster to lawyers."
    )


class NotInvited(DomainError):
    code = "not_invited"
    message = _(
        "Offers for this roster are made by the supplier's licensed lawyers and, where volunteers are welcome, "
        "by registered volunteers nearby. Check your licence, or join as a volunteer."
    )


class OffersClosed(StaleState):
    code = "offers_closed"
    message = _("Offers for this roster are closed. Ask the person who keeps it whether a place is still open.")


class NotForYou(InvalidInput):
    code = "shift_not_for_you"
    message = _(
        "One of these shifts needs a lawyer's licence, has begun or is full. Choose among those that are shown."
    )


class BadLimit(InvalidInput):
    code = "bad_limit"
    message = _("Give the hours as a whole number between 1 and 400, or leave the field empty.")


class NothingOffered(DomainError):
    code = "nothing_offered"
    message = _("No place can be allocated now: there are no offers, or all places are held. Take offers for longer.")


class DealUnderWay(DomainError):
    code = "deal_under_way"
    message = _("The shifts of this roster are already being allocated. Wait for the result.")


class NotClosed(StaleState):
    code = "offers_not_closed"
    message = _(
        "Offers are still taken, or the roster is a draft or cancelled. Close the offers first, then "
        "allocate the shifts."
    )


class NotYours(DomainError):
    code = "duty_not_yours"
    message = _("This shift was proposed to somebody else. Yours are listed under “My duty shifts”.")
    http_status = 403


class AnswerTooLate(StaleState):
    code = "duty_answer_too_late"
    message = _("The time to answer has passed, and the place may go to a colleague. Offer again if it is still open.")


class ReasonMissing(InvalidInput):
    code = "reason_missing"
    message = _("Say why in a few words: whoever keeps the roster plans by it.")


class Occupied(DomainError):
    code = "duty_clash"
    message = _("You have another duty at that time: %(other)s. Give one of the two up first.")


class TooLateToGiveBack(StaleState):
    code = "too_late_to_give_back"
    message = _(
        "A shift can be given back until the day before. Hand it over to a colleague, or call whoever keeps the roster."
    )


class NotConfirmed(StaleState):
    code = "duty_not_confirmed"
    message = _("Only a coming shift that you have confirmed can be given back or handed over.")


class NoColleague(InvalidInput):
    code = "no_colleague"
    message = _("Choose a colleague who offered to take this shift and is free at that time.")


class BadReturn(InvalidInput):
    code = "bad_return"
    message = _("Choose in return a shift that the colleague holds and for which you offered.")


class SwapOver(StaleState):
    code = "swap_over"
    message = _("This request was answered or withdrawn, or the shift has begun. Look at the roster for how it stands.")


class TooMuch(DomainError):
    code = "duty_too_much"
    message = _(
        "With this shift the hours of the day or of the roster would be more than its limit. Ask for one in return, or let "
        "another colleague take it."
    )
