"""Why an act of staffing is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, StaleState


class NothingVacant(DomainError):
    code = "nothing_vacant"
    message = _(
        "Every village of this contract is served or has a proposal waiting for an answer. There is nothing to compute."
    )


class NotActive(StaleState):
    code = "contract_not_active"
    message = _(
        "People are proposed for contracts in performance. This one is not: look at its page for where it stands."
    )


class RunUnderWay(DomainError):
    code = "run_under_way"
    message = _("A computation for this contract is already under way. Wait for its result.")


class PlaceUnknown(DomainError):
    code = "place_unknown"
    message = _("No place is known for %(villages)s. Have the place entered under Places, then compute again.")


class BadWish(InvalidInput):
    code = "bad_wish"
    message = _("This cannot be asked of the computation. Choose from what the form offers.")


class NotYours(DomainError):
    code = "not_yours"
    message = _("Only the person who was asked can answer a proposal.")
    http_status = 403


class AnswerTooLate(DomainError):
    code = "answer_too_late"
    message = _("The time to answer ended %(until)s. Ask the bureau or your firm for a new proposal.")


class ReasonMissing(InvalidInput):
    code = "reason_missing"
    message = _("Say why in a few words, so that the next proposal fits better.")


class NoGap(DomainError):
    code = "no_gap"
    message = _(
        "No village is left to call volunteers for: each is served, proposed to a lawyer, or has its call already."
    )


class NoRoundYet(DomainError):
    code = "no_round_yet"
    message = _(
        "Propose lawyers first. Volunteers are called for the villages that the contract's lawyers leave empty."
    )
