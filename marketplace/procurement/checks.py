"""What must be true of the front half of buying, over the whole database; each check yields the rows that break it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from marketplace.audit.models import Event
from marketplace.core.canonical import digest
from marketplace.ledger import codes
from marketplace.ledger.models import Account, Transfer

from . import budget
from .models_bidding import Bid, BidDraft, DraftAttachment
from .models_tender import BudgetLine, Lot, Notice, Plan, Tender
from .receipts import verify
from .rules import KNOWN_STATES
from .states import BidState, PlanState, TenderState

_VERSION = 1


def budget_adds_up() -> Iterator[str]:
    """Reserved + committed + spent + available is what was appropriated, and no part is below zero."""
    lines = list(BudgetLine.objects.order_by("pk"))
    for pk, state in budget.states_of(lines).items():
        parts = (state.available, state.reserved, state.committed, state.spent)
        if sum((p.amount for p in parts), Decimal(0)) != state.appropriated.amount:
            yield f"budget line {pk}: its parts do not add up to {state.appropriated}"
        if min(p.amount for p in parts) < 0:
            yield f"budget line {pk}: a part is below zero"


def publication_reserved_the_ceilings() -> Iterator[str]:
    """Every published tender reserved exactly the ceilings of its lots, once, and none other did."""
    moved = dict(
        Transfer.objects.filter(purpose=codes.Purpose.RESERVE)
        .order_by()
        .values_list("reference")
        .annotate(total=Sum("amount"))
    )
    ceilings = dict(Lot.objects.order_by().values_list("tender_id").annotate(total=Sum("ceiling")))
    for pk, published_at in Tender.objects.order_by("pk").values_list("pk", "published_at"):
        reserved = moved.get(f"procurement.tender:{pk}", Decimal(0))
        wanted = ceilings.get(pk, Decimal(0)) if published_at else Decimal(0)
        if reserved != wanted:
            yield f"tender {pk}: reserved {reserved}, its lots make {wanted}"


def nothing_stays_reserved_without_a_tender() -> Iterator[str]:
    """A line with no running tender has nothing reserved."""
    running = set(
        Tender.objects.filter(
            state__in=[
                TenderState.PUBLISHED,
                TenderState.OPENED,
                TenderState.EVALUATED,
                TenderState.AWARDED,
                TenderState.CONTRACTED,
            ]
        ).values_list("plan__budget_line_id", flat=True)
    )
    for pk in BudgetLine.objects.exclude(pk__in=running).order_by("pk").values_list("pk", flat=True):
        account = Account.objects.filter(code=codes.budget_reserved(pk)).first()
        if account is not None and account.balance != 0:
            yield f"budget line {pk}: {account.balance} reserved for no tender"


def bids_came_in_time() -> Iterator[str]:
    """No bid was received after its tender's deadline, or for a tender that was never published."""
    late = Bid.objects.filter(
        Q(received_at__gt=F("lot__tender__bid_deadline")) | Q(lot__tender__published_at__isnull=True)
    )
    for pk in late.order_by("pk").values_list("pk", flat=True):
        yield f"bid {pk}: received after the deadline or before publication"


def bids_are_what_was_received() -> Iterator[str]:
    """Ciphertext, digest and signed receipt of every bid fit one another, and its audit event is there."""
    for bid in Bid.objects.order_by("pk").iterator(chunk_size=50):
        if hashlib.sha256(bytes(bid.sealed_content)).hexdigest() != bid.digest:
            yield f"bid {bid.pk}: the digest is not that of the stored content"
        elif (problem := verify(bid.receipt).problem) and problem != "key":
            yield f"bid {bid.pk}: its receipt does not verify ({problem})"
        event = Event.objects.filter(pk=bid.receipt.get("audit_event"), action="bid.submit").first()
        if event is None or event.subject_id != str(bid.pk):
            yield f"bid {bid.pk}: the audit event its receipt names is not there"


def sealed_is_unreadable() -> Iterator[str]:
    """No column of an unopened bid or of a draft holds plaintext: each begins as an envelope does, none as JSON or PDF."""
    for bid in Bid.objects.filter(opened__isnull=True).order_by("pk").iterator(chunk_size=50):
        head = bytes(bid.sealed_content[:1])
        if head != bytes([_VERSION]) or b"%PDF" in bytes(bid.sealed_content) or b'"price"' in bytes(bid.sealed_content):
            yield f"bid {bid.pk}: the content is not sealed"
    for model, column in ((BidDraft, "content"), (DraftAttachment, "content"), (DraftAttachment, "name")):
        table = model._meta.db_table
        plain = model.objects.extra(  # noqa: S610 (constant SQL)
            where=[f"octet_length({table}.{column}) > 0 AND get_byte({table}.{column}, 0) <> {_VERSION}"]
        )
        for pk in plain.order_by("pk").values_list("pk", flat=True):
            yield f"{table} {pk}: {column} is not encrypted"


def nothing_was_opened_early() -> Iterator[str]:
    """Content in the clear exists only for tenders whose bids were opened after the deadline."""
    early = Bid.objects.filter(opened__isnull=False).filter(
        Q(lot__tender__opened_at__isnull=True) | Q(opened__opened_at__lte=F("lot__tender__bid_deadline"))
    )
    for pk in early.order_by("pk").values_list("pk", flat=True):
        yield f"bid {pk}: opened before the deadline"


def one_live_bid_a_supplier() -> Iterator[str]:
    live = (BidState.SEALED, BidState.OPENED, BidState.INVALID)
    twice = Bid.objects.filter(state__in=live).order_by().values("lot_id", "supplier_id").annotate(n=Count("pk"))
    for row in twice.filter(n__gt=1):
        yield f"lot {row['lot_id']}: supplier {row['supplier_id']} has {row['n']} live bids"


def two_people_decided() -> Iterator[str]:
    """Who drafted or changed a plan or a tender did not approve it."""
    for kind, rows in (
        ("plan", Plan.objects.filter(state=PlanState.APPROVED).values_list("pk", "decided_by_id")),
        ("tender", Tender.objects.filter(approved_by__isnull=False).values_list("pk", "approved_by_id")),
    ):
        for pk, decider in rows.order_by("pk"):
            verbs = [f"{kind}.{verb}" for verb in ("draft", "edit", "submit")]
            events = Event.objects.filter(subject_type=f"procurement.{kind}", subject_id=str(pk))
            if events.filter(action__in=verbs, actor_id=decider).exists():
                yield f"{kind} {pk}: approved by somebody who drew it up"


def notices_are_unaltered() -> Iterator[str]:
    """Every notice fits its digest, and every public tender has its procurement notice."""
    for notice in Notice.objects.order_by("pk").iterator():
        if digest(notice.content) != notice.digest:
            yield f"notice {notice.pk}: the content does not fit its digest"
    without = Tender.objects.filter(state__in=KNOWN_STATES).exclude(notices__kind="tender")
    for pk in without.order_by("pk").values_list("pk", flat=True):
        yield f"tender {pk}: public without a notice"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    budget_adds_up,
    publication_reserved_the_ceilings,
    nothing_stays_reserved_without_a_tender,
    bids_came_in_time,
    bids_are_what_was_received,
    sealed_is_unreadable,
    nothing_was_opened_early,
    one_live_bid_a_supplier,
    two_people_decided,
    notices_are_unaltered,
)
