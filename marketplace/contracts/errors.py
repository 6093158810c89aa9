"""Why an act on a contract is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, StaleState


class NotAwarded(StaleState):
    code = "not_awarded"
    message = _("The procurement has no published result at present. A contract is drawn up from a published result.")


class ContractExists(DomainError):
    code = "contract_exists"
    message = _("There is a contract for this award already. Open it from the list of contracts.")


class SupplierSanctioned(DomainError):
    code = "supplier_sanctioned"
    message = _("The supplier is excluded from procurement at present. Its sanctions say until when and why.")


class AlreadySigned(StaleState):
    code = "already_signed"
    message = _("This side has signed already.")


class SupplierSignsFirst(DomainError):
    code = "supplier_signs_first"
    message = _("The supplier signs first. You will find the contract in your work once it has.")


class DrafterSigns(DomainError):
    code = "drafter_signs"
    message = _("You drew this contract up yourself. Another approving officer of your organisation has to sign it.")
    http_status = 403


class NothingToStaff(DomainError):
    code = "nothing_to_staff"
    message = _("The lot names no place to serve. Correct the lot before a contract is signed.")


class NotInPerformance(StaleState):
    code = "not_in_performance"
    message = _("The contract is not in performance. Look at its page for where it stands.")


class NoCredential(InvalidInput):
    code = "no_credential"
    message = _("%(person)s has no valid verified credential for this service. Have it submitted and reviewed first.")


class NotAPractitioner(InvalidInput):
    code = "not_a_practitioner"
    message = _("%(person)s is not a practitioner of %(supplier)s. Its administrator can invite this person.")


class AdviserSanctioned(InvalidInput):
    code = "adviser_sanctioned"
    message = _("%(person)s is excluded at present. Choose somebody else.")


class SitsAlready(InvalidInput):
    code = "sits_already"
    message = _("%(person)s holds a seat of this contract here already. Choose somebody else for this one.")


class TooManyVillages(InvalidInput):
    code = "too_many_villages"
    message = _("%(person)s serves %(count)s villages already; the standard allows %(limit)s. Choose somebody else.")


class PeriodNotOver(DomainError):
    code = "period_not_over"
    message = _("The period runs until %(until)s. Hand it over when it has ended.")


class OwnDelivery(DomainError):
    code = "own_delivery"
    message = _("You are also a member of the supplier. Somebody else at the buyer has to decide this.")
    http_status = 403


class ServedNotHeard(InvalidInput):
    code = "served_not_heard"
    message = _("No village has rated this period. Say in the findings how you consulted the people served.")


class DeductionNotFit(InvalidInput):
    code = "deduction_not_fit"
    message = _("The deduction lies between ¥0 and %(proposed)s, which is what the standard's formula gives.")


class FindingsMissing(InvalidInput):
    code = "findings_missing"
    message = _("Say what you found: it is recorded with the decision and shown to the other side.")


class AccepterPays(DomainError):
    code = "accepter_pays"
    message = _("You accepted this delivery yourself. Another finance officer has to pay it.")
    http_status = 403


class RatingNotPossible(InvalidInput):
    code = "rating_not_possible"
    message = _("A village rates the service of this quarter or of the one before, while its post is served.")


class NotFinished(DomainError):
    code = "not_finished"
    message = _("A contract is completed when its term is over and every instalment is paid. %(open)s are still open.")


class TermNotOver(DomainError):
    code = "term_not_over"
    message = _("The contract runs until %(until)s. It can be completed after that day, or ended early with a reason.")
