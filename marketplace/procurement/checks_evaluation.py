"""What must be true of the back half of buying, over the whole database; each check yields the rows that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import F, Func, IntegerField, Q
from django.utils import timezone

from marketplace.accounts.selectors import conflicts
from marketplace.audit.models import Event

from . import panel, scoring
from . import selectors_evaluation as selectors
from .models import Award, Bid, BidResult, Evaluator, KeyShare, Lot, LotFailure, Method, OpenedBid, Tender
from .rules_evaluation import DECIDED_STATES
from .services_evaluation import sheet_digest
from .states import BidState, EvaluatorState, TenderState

_RANKED = (TenderState.EVALUATED, *DECIDED_STATES)


def no_share_stands_open() -> Iterator[str]:
    """Shares are released after the deadline only, and wiped once the bids are open."""
    shares = KeyShare.objects.filter(released_at__isnull=False).select_related("tender").defer("released")
    length = Func(F("released"), function="octet_length", output_field=IntegerField())
    for share in shares.annotate(length=length).order_by("pk"):
        if not (share.tender.bid_deadline and share.released_at and share.released_at > share.tender.bid_deadline):
            yield f"key share {share.pk}: released before the deadline"
        if share.length and share.tender.state != TenderState.PUBLISHED:
            yield f"key share {share.pk}: not wiped at the opening"


def what_was_in_the_box_was_opened() -> Iterator[str]:
    """The recorded digest is that of the bids in the database, and every bid of a lot that was opened came out."""
    for tender in Tender.objects.filter(opened_at__isnull=False).order_by("pk"):
        event = Event.objects.filter(
            action="tender.open", subject_type="procurement.tender", subject_id=str(tender.pk)
        ).first()
        if event is None or event.data.get("digest") != selectors.opening_digest(tender):
            yield f"tender {tender.pk}: the bids are not those that were recorded at the opening"
    left = OpenedBid.objects.filter(bid__state=BidState.SEALED).order_by("pk")
    for pk in left.values_list("pk", flat=True):
        yield f"opened bid {pk}: its bid counts as sealed"
    shut = Bid.objects.filter(state=BidState.SEALED, lot__tender__state__in=(TenderState.OPENED, *_RANKED))
    for pk in shut.filter(lot__failure__isnull=True).order_by("pk").values_list("pk", flat=True):
        yield f"bid {pk}: left sealed in a lot that was opened"


def nobody_judges_with_a_tie() -> Iterator[str]:
    """Who holds a seat has no recorded tie to a bidder on the day he was drawn, and no other part in the tender."""
    seats = Evaluator.objects.exclude(state=EvaluatorState.RECUSED).select_related("tender", "user").order_by("pk")
    for seat in seats:
        on = timezone.localdate(seat.declared_at or seat.tender.opened_at)
        for found in conflicts(seat.user, selectors.bidders(seat.tender), on):
            yield f"evaluator {seat.pk}: {found.code} tie to organisation {found.organisation.pk}"
        parts = (seat.tender.drafted_by_id, seat.tender.approved_by_id)
        if seat.user_id in parts or seat.tender.key_shares.filter(holder_id=seat.user_id).exists():
            yield f"evaluator {seat.pk}: has another part in the tender"


def panels_are_lawful() -> Iterator[str]:
    """A ranked tender was judged by an odd panel of the lawful size, two thirds experts, all of whom handed in."""
    for tender in Tender.objects.filter(state__in=_RANKED).order_by("pk"):
        members = [seat for seat in selectors.seats(tender) if seat.state != EvaluatorState.RECUSED]
        if any(seat.state != EvaluatorState.SUBMITTED for seat in members):
            yield f"tender {tender.pk}: ranked before all had handed in"
        if len(members) % 2 == 0 or len(members) < selectors.smallest_panel(tender, complex_matter=False):
            yield f"tender {tender.pk}: a panel of {len(members)}"
        if sum(seat.is_expert for seat in members) * 3 < len(members) * 2:
            yield f"tender {tender.pk}: fewer than two thirds of the panel are experts"


def draws_repeat() -> Iterator[str]:
    """Every seat is where the recorded seed and pool put it."""
    for seat in Evaluator.objects.order_by("pk"):
        if not panel.repeat_draw(seat):
            yield f"evaluator {seat.pk}: the lottery gives another place"


def sheets_are_as_handed_in() -> Iterator[str]:
    """The scores of who has handed in fit the digest recorded then."""
    for seat in Evaluator.objects.filter(state=EvaluatorState.SUBMITTED).order_by("pk"):
        event = Event.objects.filter(
            action="evaluator.submit_scores", subject_type="procurement.evaluator", subject_id=str(seat.pk)
        ).first()
        if event is None or event.data.get("digest") != sheet_digest(seat):
            yield f"evaluator {seat.pk}: the scores are not those that were handed in"


def rankings_compute_again() -> Iterator[str]:
    """Price points, means, totals and ranks follow from prices and scores."""
    for tender in Tender.objects.filter(state__in=_RANKED).order_by("pk"):
        members = [seat for seat in selectors.seats(tender) if seat.state == EvaluatorState.SUBMITTED]
        for lot in selectors.live_lots(tender):
            rows = {row.bid.pk: row for row in selectors.result_rows(lot, members)}
            if not rows or any(row.result is None for row in rows.values()):
                yield f"lot {lot.pk}: not every valid bid is ranked"
                continue
            again = scoring.rank(
                [
                    scoring.Offer(key, row.bid.price.amount, row.bid.small_or_micro, dict(enumerate(row.member_points)))
                    for key, row in rows.items()
                ],
                price_weight=selectors.price_weight(lot),
                cut_percent=tender.small_firm_cut,
                seed=selectors.opening_digest(tender),
                other_points_break_ties=tender.method == Method.CONSULTATION,
            )
            for place in again:
                kept = rows[place.key].result
                if (kept.price_points, kept.other_points, kept.total_points, kept.rank) != (
                    place.price_points,
                    place.other_points,
                    place.total,
                    place.rank,
                ):
                    yield f"result {kept.pk}: computes to rank {place.rank} with {place.total}"


def each_lot_ends_once() -> Iterator[str]:
    """A decided tender has for each lot an award or a failure, never both; a failed one only failures."""
    for lot in Lot.objects.filter(tender__state__in=(*DECIDED_STATES, TenderState.FAILED)).order_by("pk"):
        awarded = Award.objects.filter(lot=lot).exists()
        failed = LotFailure.objects.filter(lot=lot).exists()
        if awarded == failed or (awarded and lot.tender.state == TenderState.FAILED):
            yield f"lot {lot.pk}: {'an award and a failure' if awarded and failed else 'does not end as its tender does'}"
    early = Award.objects.exclude(lot__tender__state__in=DECIDED_STATES).order_by("pk")
    for pk in early.values_list("pk", flat=True):
        yield f"award {pk}: its tender is not awarded"


def awards_go_to_the_first() -> Iterator[str]:
    """Each award is to the first-ranked bid of its lot, at its price, decided by somebody without another part in it."""
    wrong = Award.objects.filter(
        ~Q(bid__lot_id=F("lot_id"))
        | ~Q(amount=F("bid__opened__price"))
        | Q(decided_by_id=F("lot__tender__drafted_by_id"))
    )
    for pk in wrong.order_by("pk").values_list("pk", flat=True):
        yield f"award {pk}: not to a bid of its lot at its price, or decided by who drafted"
    for award in Award.objects.select_related("lot").order_by("pk"):
        result = BidResult.objects.filter(opened_bid__bid_id=award.bid_id).first()
        if result is None or result.rank != 1:
            yield f"award {award.pk}: not to the first-ranked bid"
        if Evaluator.objects.filter(tender_id=award.lot.tender_id, user_id=award.decided_by_id).exists():
            yield f"award {award.pk}: decided by a member of the panel"


def decisions_are_published() -> Iterator[str]:
    """What was awarded or failed has its notice."""
    for states, kind in ((DECIDED_STATES, "result"), ((TenderState.FAILED,), "failure")):
        silent = Tender.objects.filter(state__in=states).exclude(notices__kind=kind).order_by("pk")
        for pk in silent.values_list("pk", flat=True):
            yield f"tender {pk}: no {kind} notice"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    no_share_stands_open,
    what_was_in_the_box_was_opened,
    nobody_judges_with_a_tie,
    panels_are_lawful,
    draws_repeat,
    sheets_are_as_handed_in,
    rankings_compute_again,
    each_lot_ends_once,
    awards_go_to_the_first,
    decisions_are_published,
)
