"""Why an act of opening, judging or awarding is refused. The message says what to do next; the code is stable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketplace.core.errors import DomainError, InvalidInput, StaleState

# Opening


class TooEarly(DomainError):
    code = "too_early_to_open"
    message = _("Bids may come until %(deadline)s. No share is released and nothing is opened before.")


class TooManyTries(DomainError):
    code = "too_many_tries"
    message = _("Too many wrong passphrases. Wait fifteen minutes and try again; every try is on record.")
    http_status = 429


class TooFewShares(DomainError):
    code = "too_few_shares"
    message = _(
        "%(released)s of the %(needed)s shares that are needed have been released. Ask the other key-holders to release theirs."
    )


class TooFewBidders(DomainError):
    code = "too_few_bidders"
    message = _(
        "No lot has the %(fewest)s bidders that the law asks for. End the procurement and tell the bidders why."
    )


# Check of the bids


class CheckClosed(DomainError):
    code = "check_closed"
    message = _("The check of the bids ended when the panel was drawn. What was found then stands.")


class BidUnreadable(DomainError):
    code = "bid_unreadable"
    message = _("This bid could not be read at the opening; it stays invalid.")


class OverCeiling(DomainError):
    code = "over_ceiling"
    message = _("The price is above the ceiling of the lot, so the bid is invalid. Choose that ground.")


class LowPriceUnexplained(InvalidInput):
    code = "low_price_unexplained"
    message = _(
        "The price of %(supplier)s is unusually low. Ask the bidder to explain it and enter the explanation, "
        "or find the bid invalid."
    )


class CheckIncomplete(DomainError):
    code = "check_incomplete"
    message = _("%(open)s bids are not checked yet. Check them first; then the panel can be drawn.")


class ReasonMissing(InvalidInput):
    code = "reason_missing"
    message = _("Say why. The reason is kept on record and told to those it concerns.")


# Panel


class PanelUnlawful(InvalidInput):
    code = "panel_unlawful"


class PoolTooSmall(DomainError):
    code = "pool_too_small"
    message = _(
        "The register has %(found)s experts without a tie to a bidder, %(needed)s are needed. "
        "Ask the supervising authority to register more."
    )


class NoLawExpert(DomainError):
    code = "no_law_expert"
    message = _("A complex matter needs a law expert on the panel, but none without a tie to a bidder is registered.")


class PanelComplete(StaleState):
    code = "panel_complete"
    message = _("The panel is complete. A seat is drawn again only when a member steps back.")


class HasConflict(DomainError):
    code = "has_conflict"
    message = _(
        "You cannot declare this: there is a recorded tie (%(tie)s). Recuse yourself; somebody else will be drawn."
    )
    http_status = 403


class NotOnPanel(DomainError):
    code = "not_on_panel"
    message = _("You have no seat on this panel.")
    http_status = 403


class NotDeclared(DomainError):
    code = "not_declared"
    message = _("Declare first that you have no conflict of interest. Only then are the bids shown.")
    http_status = 403


# Scores


class SheetLocked(StaleState):
    code = "sheet_locked"
    message = _("You have submitted your scores. They are locked.")


class ScoreNotFit(InvalidInput):
    code = "score_not_fit"


class SheetIncomplete(DomainError):
    code = "sheet_incomplete"
    message = _("%(missing)s fields are still empty. Fill them in; then submit.")


class ObjectiveScoresDiffer(DomainError):
    code = "objective_scores_differ"
    message = _(
        "An objective factor leaves no room for judgement, yet the points differ from a colleague's: %(where)s. "
        "Check them against the bid."
    )


class NotAllHandedIn(DomainError):
    code = "not_all_handed_in"
    message = _("%(missing)s members of the panel have not submitted yet. Results are computed when all have.")


class NothingToReview(StaleState):
    code = "nothing_to_review"
    message = _("The objective points agree: there is nothing to review.")


# Decision


class AlreadyDecided(StaleState):
    code = "already_awarded"
    message = _("This procurement has been decided already. Look at the result.")


class NotFirstRanked(DomainError):
    code = "not_first_ranked"
    message = _("The award goes to the bid ranked first. Another one comes in question only if the first refuses.")


class GroundNotMet(DomainError):
    code = "ground_not_met"
    message = _("The facts do not support this ground: %(facts)s. Choose another one, or continue the procurement.")
