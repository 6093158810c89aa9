"""Why an act of staffing is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, StaleState


class NothingVacant(DomainError):
    code = "nothing_vacant"
    message = _(
        "Every post of this contract is served or has a proposal waiting for an answer. There is nothing to compute."
    )


class NoSeatEmpty(NothingVacant):
    message = _(
        "Every seat of this team is served or has a proposal waiting for an answer. There is nothing to compute."
    )


class NotActive(StaleState):
    code = "contract_not_active"
    message = _("People are proposed only for contracts under way. This one is not: see its page for its status.")


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


class NothingToRepair(DomainError):
    code = "nothing_to_repair"
    message = _("Nothing has become vacant since the proposals were sent. There is no gap to fill.")


class NoSeatFellFree(NothingToRepair):
    message = _("No seat has become vacant since the proposals were sent. There is no gap to fill.")


class NotComputed(StaleState):
    code = "not_computed"
    message = _("This computation has no result yet. Wait for it, or look at a finished one.")


class NoScenarios(DomainError):
    code = "no_scenarios"
    message = _(
        "Scenarios can be computed only for village by village computations. Here, change what counts "
        "and compute again."
    )


class NoChange(InvalidInput):
    code = "no_change"
    message = _("Change at least one thing: a scenario without a change is the plan itself.")


class NameTaken(InvalidInput):
    code = "name_taken"
    message = _("This run has a scenario of that name. Choose another.")


class TooManyScenarios(DomainError):
    code = "too_many_scenarios"
    message = _("A run has at most %(most)s scenarios. Delete one that you no longer need.")


class TeamTooLarge(DomainError):
    code = "team_too_large"
    message = _(
        "A computation fills at most %(most)s seats of a team at once; %(seats)s are empty. Name people for some of them on the "
        "contract's page, then compute the rest."
    )


class MayNotSitTogether(DomainError):
    code = "may_not_sit_together"
    message = _(
        "You and a member of this team may not sit in one team, as one of you stated. Decline the seat; somebody else will be "
        "asked."
    )


class NotAColleague(InvalidInput):
    code = "not_a_colleague"
    message = _("Choose a lawyer of a firm for which you practise: only they can be asked for the same team.")


class StatedAlready(InvalidInput):
    code = "stated_already"
    message = _("You have stated this already.")


class NoTeamWaits(DomainError):
    code = "no_team_waits"
    message = _("Choose at least one contract whose team has an empty seat.")
