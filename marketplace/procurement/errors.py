"""Why an act of buying is refused. The message says what to do next; the code is stable. The budget's own: ``budget``."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput


class DrafterDecides(DomainError):
    code = "drafter_decides"
    message = _("You drafted or changed this yourself. Another approving officer of your organisation has to decide.")
    http_status = 403


class SplitPurchase(DomainError):
    code = "split_purchase"
    message = _(
        "Together with this year's other plans for the same product and budget line this comes to %(total)s, "
        "%(over)s over the threshold for open tenders. Plan it as one open tender (Regulation on the "
        "Implementation of the Government Procurement Law, art. 28)."
    )


class PlanNotApproved(DomainError):
    code = "plan_not_approved"
    message = _("A tender is drawn up under an approved plan only. Have the plan approved first.")


class LotsExceedPlan(DomainError):
    code = "lots_exceed_plan"
    message = _("The lots add up to %(total)s, %(over)s more than the plan still allows. Lower their ceilings.")


class DocumentsNotReady(DomainError):
    """The linter found what must not be published; ``findings`` lists all of it."""

    code = "documents_not_ready"
    message = _("The documents cannot proceed yet: %(first)s")

    def __init__(self, findings: list[str]) -> None:
        super().__init__(first=findings[0])
        self.findings = findings


class NotAcknowledged(DomainError):
    code = "provisional_not_acknowledged"
    message = _(
        "Some dates are provisional, because the holidays of that year are not announced yet. Tick that you know."
    )


class TooFewKeyHolders(DomainError):
    code = "too_few_key_holders"
    message = _(
        "%(needed)s key-holders must hold a share, %(ready)s can. Ask these to set a passphrase on their account page: %(names)s"
    )


class DeadlineNotLawful(InvalidInput):
    code = "deadline_not_lawful"
    message = _("The law asks for more time. The earliest possible deadline is %(earliest)s.")


class QuestionsClosed(DomainError):
    code = "questions_closed"
    message = _("The time for questions is over. Read the answers on the tender's page.")


class AlreadyAnswered(DomainError):
    code = "already_answered"
    message = _("This question has been answered already; what was published stays.")


# Bidding


class BiddingClosed(DomainError):
    code = "bidding_closed"
    message = _(
        "Bidding is closed: the deadline was %(deadline)s. This bid was not accepted and nothing was kept of it."
    )


class BiddingNotOpen(DomainError):
    code = "bidding_not_open"
    message = _("No bids are taken for this procurement now. Look at its page for where it stands.")


class BidNotFit(InvalidInput):
    """Something in the bid cannot be accepted; ``field`` says what."""

    code = "bid_not_fit"


class FileNotAccepted(InvalidInput):
    code = "file_not_accepted"


class SupplierExcluded(DomainError):
    code = "supplier_excluded"
    message = _("This organisation is excluded from procurement at present. Its sanctions say until when and why.")
    http_status = 403


class NotASupplier(DomainError):
    code = "not_a_supplier"
    message = _(
        "Only a registered supplier with a unified social credit code can bid. Registration is free and takes two minutes."
    )
    http_status = 403


class NothingToWithdraw(DomainError):
    code = "nothing_to_withdraw"
    message = _("There is no sealed bid to withdraw.")


class RequestKeyTaken(DomainError):
    code = "request_key_taken"
    message = _("This form was already used for something else. Open the page again and repeat.")
