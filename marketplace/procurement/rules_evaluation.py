"""Who may open, judge, compute and award, and who may look at what on the way."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.models import Role
from marketplace.accounts.rules import has_role, is_supervisor

from .models import Bid, Evaluator, KeyShare, Tender
from .states import BidState, EvaluatorState, TenderState

#: From the opening on, what was opened may be read by those named below.
OPENED_STATES = (TenderState.OPENED, TenderState.EVALUATED, TenderState.AWARDED, TenderState.CONTRACTED)
DECIDED_STATES = (TenderState.AWARDED, TenderState.CONTRACTED)


def seat_of(user: Any, tender: Tender) -> Evaluator | None:
    """The person's own seat on the panel, recused or not."""
    if not getattr(user, "pk", None):
        return None
    return Evaluator.objects.filter(tender_id=tender.pk, user_id=user.pk).first()


def share_of(user: Any, tender: Tender) -> KeyShare | None:
    if not getattr(user, "pk", None):
        return None
    return KeyShare.objects.filter(tender_id=tender.pk, holder_id=user.pk).first()


def can_release_share(user: Any, tender: Tender) -> bool:
    """Each holder for himself only."""
    return bool(user.is_active) and share_of(user, tender) is not None


def can_run(user: Any, tender: Tender) -> bool:
    """Checks bids, draws the panel, computes: a procurement officer of the buyer who does not judge himself."""
    return has_role(user, tender.organisation_id, Role.OFFICER) and not _judges(user, tender)


def can_open(user: Any, tender: Tender) -> bool:
    return can_run(user, tender) or can_release_share(user, tender)


def can_decide(user: Any, tender: Tender) -> bool:
    """Awards, or gives the procurement up: an approving officer of the buyer who neither drafted nor judged."""
    return (
        has_role(user, tender.organisation_id, Role.APPROVER)
        and user.pk != tender.drafted_by_id
        and not _judges(user, tender)
    )


def can_state_failure(user: Any, tender: Tender) -> bool:
    """States a failure that follows from facts."""
    return can_run(user, tender) or can_decide(user, tender)


def can_watch(user: Any, tender: Tender) -> bool:
    """Sees how the procedure stands, without any bid: the buyer's people in it, and the supervisor."""
    return (
        has_role(user, tender.organisation_id, Role.OFFICER, Role.APPROVER, Role.KEY_HOLDER)
        or share_of(user, tender) is not None
        or is_supervisor(user, tender.organisation.region_id)
    )


def can_see_panel(user: Any, tender: Tender) -> bool:
    """The names are secret until the result: only the buyer's officers and approvers and the supervisor know them."""
    if _sits(user, tender):
        return False
    return has_role(user, tender.organisation_id, Role.OFFICER, Role.APPROVER) or is_supervisor(
        user, tender.organisation.region_id
    )


def can_see_bids(user: Any, tender: Tender) -> bool:
    """The content of the opened bids: the buyer, the supervisor, and an evaluator who has declared."""
    if tender.state not in OPENED_STATES:
        return False
    seat = seat_of(user, tender)
    if seat is not None:
        return seat.state in (EvaluatorState.DECLARED, EvaluatorState.SUBMITTED)
    return has_role(user, tender.organisation_id, Role.OFFICER, Role.APPROVER) or is_supervisor(
        user, tender.organisation.region_id
    )


def can_see_scores(user: Any, tender: Tender) -> bool:
    """Everybody's points, once all have handed in: those who may see the bids; of the panel only who handed in."""
    if tender.state not in OPENED_STATES or not all_handed_in(tender):
        return False
    seat = seat_of(user, tender)
    if seat is not None:
        return seat.state == EvaluatorState.SUBMITTED
    return can_see_bids(user, tender)


def can_see_letter(user: Any, bid: Bid) -> bool:
    """The supplier's own people and the buyer's, once it is decided."""
    tender = bid.lot.tender
    if tender.state not in DECIDED_STATES or bid.state not in (BidState.OPENED, BidState.INVALID):
        return False
    return has_role(user, bid.supplier_id) or has_role(user, tender.organisation_id, Role.OFFICER, Role.APPROVER)


def can_see_contract(user: Any, bid: Bid) -> bool:
    """The contract that came of a bid, signed or not: who acts or serves for the supplier, who buys."""
    return has_role(user, bid.supplier_id, Role.BIDDER, Role.ADMIN, Role.LAWYER) or has_role(
        user, bid.lot.tender.organisation_id, Role.OFFICER, Role.APPROVER
    )


def sheets_missing(tender: Tender) -> int | None:
    """How many seats have not handed in, those included that wait for somebody else; None where no panel sits."""
    seats = Evaluator.objects.filter(tender_id=tender.pk, replacement__isnull=True).values_list("state", flat=True)
    return sum(state != EvaluatorState.SUBMITTED for state in seats) if seats else None


def all_handed_in(tender: Tender) -> bool:
    """Whether points of every seat are in. Who is yet to take a free seat must not read those of the others."""
    return sheets_missing(tender) == 0


def _sits(user: Any, tender: Tender) -> bool:
    return seat_of(user, tender) is not None


_judges = _sits
