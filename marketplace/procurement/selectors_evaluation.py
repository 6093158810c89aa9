"""Reads of opening, evaluation and award."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from marketplace.accounts.models import CredentialKind, Membership, Organisation, Role, User
from marketplace.accounts.rules import active_memberships
from marketplace.accounts.selectors import licensed, valid_credentials
from marketplace.audit.models import Event
from marketplace.core.canonical import digest
from marketplace.regions import codes
from marketplace.statutes import selectors as law
from marketplace.statutes import services as statutes
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.errors import UnknownDay, UnknownRule
from marketplace.statutes.models import StatutoryParameter

from . import scoring
from .models import Award, Bid, Criterion, CriterionKind, Evaluator, Lot, Method, Notice, OpenedBid, Score, Tender
from .states import BidState, EvaluatorState

#: The rule of the law that says from which percentage on a sign shows.
LOW_PRICE_RULES = {
    "low_price_of_mean": scoring.LowPrice.OF_MEAN,
    "low_price_of_next": scoring.LowPrice.OF_NEXT,
    "low_price_of_ceiling": scoring.LowPrice.OF_CEILING,
}
#: From this budget on a panel of an open tender has at least seven members (令87 art. 47).
LARGE_BUDGET = Decimal(10_000_000)

#: Of tenders: seats whose holder left and that nobody took over (see ``panel.is_free``).
FREE_SEATS = Q(evaluators__state=EvaluatorState.RECUSED, evaluators__replacement__isnull=True)

LIVE_BIDS = (BidState.SEALED, BidState.OPENED, BidState.INVALID)


# What the law asks, by the notice's own date


def law_day(tender: Tender) -> date:
    return timezone.localdate(tender.official_published_at or tender.published_at)


def fewest_bidders(tender: Tender) -> int:
    """Bidders a lot needs to go on: three; two in a consultation, for public services (财库〔2015〕124号)."""
    key = "open_suppliers_min" if tender.method == Method.OPEN else "consultation_suppliers_continue"
    return int(law.value(key, law_day(tender), tender.organisation.region_id))


def smallest_panel(tender: Tender, *, complex_matter: bool) -> int:
    if tender.method != Method.OPEN:
        key = "consultation_panel_min"
    else:
        budget = sum((lot.ceiling.amount for lot in tender.lots.all()), Decimal(0))
        key = "open_panel_large_min" if complex_matter or budget >= LARGE_BUDGET else "open_panel_min"
    return int(law.value(key, law_day(tender), tender.organisation.region_id))


def decision_deadline(tender: Tender) -> Deadline | None:
    """When the buyer has to decide: five working days from the computed ranking, by the law of the notice's day."""
    computed = (
        Event.objects.filter(
            action="tender.evaluate", subject_type="procurement.tender", subject_id=str(tender.pk)
        ).first()
        if tender.state == "evaluated"
        else None
    )
    if computed is None:
        return None
    return statutes.deadline(
        f"{tender.method}_decision",
        timezone.localdate(computed.occurred_at),
        on=law_day(tender),
        region_code=tender.organisation.region_id,
    )


def contract_deadline(award: Award) -> Deadline | None:
    """Until when the contract is signed: thirty days from the letter of award, which goes out with the decision."""
    tender = award.lot.tender
    return _date("contract_sign", timezone.localdate(award.decided_at), law_day(tender), tender)


@dataclass(frozen=True, slots=True)
class Redress:
    """How long a notice of a result is public, and until when it can be challenged."""

    public: Deadline
    challenge: Deadline


def redress(notice: Notice) -> Redress | None:
    """The time for challenges of a result, by the law of the notice's own day.

    It starts where the notice's period ends (政府采购质疑和投诉办法, 令94 art. 10; 实施条例 art. 53 item 3; 令87 art. 69).
    None where the calendar does not reach so far.
    """
    on = timezone.localdate(notice.published_at)
    public = _date("result_public", on, on, notice.tender)
    challenge = _date("challenge_file", public.date, on, notice.tender) if public else None
    return Redress(public, challenge) if public and challenge else None


def _date(rule: str, counted_from: date, on: date, tender: Tender) -> Deadline | None:
    try:
        return statutes.deadline(rule, counted_from, on=on, region_code=tender.organisation.region_id)
    except (UnknownDay, UnknownRule):
        return None


# The opening


def opening_list(tender: Tender) -> list[dict[str, str]]:
    """What was in the box at the deadline: lot, receipt, digest and time of each bid, in the order of the receipts."""
    return [
        {
            "lot": str(bid.lot.number),
            "receipt": str(bid.receipt_id),
            "digest": bid.digest,
            "received_at": bid.received_at.isoformat(),
        }
        for bid in Bid.objects.filter(lot__tender_id=tender.pk, state__in=LIVE_BIDS)
        .select_related("lot")
        .defer("sealed_content")
        .order_by("receipt_id")
    ]


def opening_digest(tender: Tender) -> str:
    """The commitment to all bids: fixed when bidding closed, recorded at the opening, the seed of every later draw."""
    return digest({"tender": tender.reference, "bids": opening_list(tender)})


def live_lots(tender: Tender) -> list[Lot]:
    """The lots that have not failed."""
    return list(tender.lots.filter(failure__isnull=True).order_by("number"))


def opened_bids(tender: Tender) -> QuerySet[OpenedBid]:
    return (
        OpenedBid.objects.filter(bid__lot__tender_id=tender.pk)
        .select_related("bid__lot", "bid__supplier", "checked_by")
        .defer("bid__sealed_content")
        .order_by("bid__lot__number", "bid__received_at", "pk")
    )


def low_price_limits(tender: Tender) -> dict[scoring.LowPrice, StatutoryParameter]:
    """By sign of an abnormally low price: the percentage below which it shows, by the law of the notice's own day.

    A sign for which no number was in force then is left out: the panel's own judgement remains (令87 art. 60).
    """
    found: dict[scoring.LowPrice, StatutoryParameter] = {}
    rows = law.parameters_on(law_day(tender), tender.organisation.region_id)
    for row in rows.filter(rule__key__in=LOW_PRICE_RULES):
        found.setdefault(LOW_PRICE_RULES[row.rule.key], row)
    return found


def low_price_signs(tender: Tender, bids: Iterable[OpenedBid]) -> dict[int, list[scoring.LowPrice]]:
    """By opened bid: the signs of an abnormally low price, among the bids of each lot that still count."""
    percents = {sign: row.value for sign, row in low_price_limits(tender).items()}
    by_lot: dict[int, list[OpenedBid]] = {}
    for bid in bids:
        if bid.qualified is not False and bid.price is not None:
            by_lot.setdefault(bid.bid.lot_id, []).append(bid)
    found: dict[int, list[scoring.LowPrice]] = {}
    for rivals in by_lot.values():
        found |= scoring.low_prices(
            {b.pk: b.price.amount for b in rivals}, ceiling=rivals[0].bid.lot.ceiling.amount, percents=percents
        )
    return found


# The panel


def bidders(tender: Tender) -> list[Organisation]:
    """Everybody who bid, valid or not."""
    return list(
        Organisation.objects.filter(bids__lot__tender_id=tender.pk, bids__state__in=LIVE_BIDS).distinct().order_by("pk")
    )


def areas(tender: Tender) -> list[int]:
    """Where experts are looked for, nearest first: the buyer's prefecture, its province, the nation (0)."""
    seat = tender.organisation.region_id
    found = [code for code in (codes.ancestor_at(seat, 2), codes.ancestor_at(seat, 1)) if code]
    return [*dict.fromkeys(found), 0]


def expert_pool(tender: Tender, area: int, on: date) -> list[User]:
    """Registered experts of the area who have no part in the tender, by key. ``law_expert`` says who is licensed in law.

    A person's place is the office, else the organisation that lists him as an expert, else home. Ties to bidders are
    not looked at here: see ``services_evaluation``.
    """
    of_buyer = Membership.objects.filter(
        active_memberships(on), organisation_id=tender.organisation_id, user=OuterRef("pk")
    ).exclude(role=Role.EXPERT)
    listed = Membership.objects.filter(active_memberships(on), role=Role.EXPERT, user=OuterRef("pk")).order_by("pk")
    legal = (CredentialKind.LAWYER, CredentialKind.NOTARY, CredentialKind.GRASSROOTS)
    people = licensed(User.objects.filter(is_active=True), on, [CredentialKind.EXPERT]).filter(~Exists(of_buyer))
    people = people.exclude(pk__in=[pk for pk in (tender.drafted_by_id, tender.approved_by_id) if pk]).exclude(
        key_shares__tender_id=tender.pk
    )
    people = people.annotate(
        place=Coalesce(
            F("practitioner__region_id"),
            Subquery(listed.values("organisation__region_id")[:1]),
            F("home_region_id"),
            output_field=BigIntegerField(),
        ),
        law_expert=Exists(valid_credentials(on).filter(user=OuterRef("pk"), kind__in=legal)),
    )
    if area:
        low, high = codes.code_range(area)
        people = people.filter(place__gte=low, place__lt=high)
    return list(people.order_by("pk"))


def seats(tender: Tender) -> list[Evaluator]:
    """The panel in the order of its seats, who left included."""
    return list(Evaluator.objects.filter(tender_id=tender.pk).select_related("user", "replaces").order_by("pk"))


# The sheets


def scored_criteria(lot: Lot) -> list[Criterion]:
    """What members score: everything but the price."""
    return [c for c in lot.criteria.all() if c.kind != CriterionKind.PRICE]


def price_weight(lot: Lot) -> Decimal:
    """Points of the price; 0 where it is not scored (national fixed prices)."""
    return sum((c.points for c in lot.criteria.all() if c.kind == CriterionKind.PRICE), Decimal(0))


def valid_bids(lot: Lot) -> list[OpenedBid]:
    return list(
        OpenedBid.objects.filter(bid__lot=lot, qualified=True, bid__state=BidState.OPENED)
        .select_related("bid__supplier", "bid__lot")
        .defer("bid__sealed_content")
        .order_by("bid__received_at", "pk")
    )


def empty_cells(seat: Evaluator, lots: Iterable[Lot]) -> int:
    """How many fields of the member's sheets are still empty."""
    wanted = sum(len(scored_criteria(lot)) * len(valid_bids(lot)) for lot in lots)
    filled = Score.objects.filter(
        evaluator=seat, opened_bid__bid__lot__in=[lot.pk for lot in lots], opened_bid__qualified=True
    ).count()
    return wanted - filled


@dataclass(frozen=True, slots=True)
class Difference:
    """An objective factor on which members who handed in disagree."""

    opened_bid_id: int
    criterion: Criterion
    supplier: Organisation
    lot_number: int
    #: Key of the seat -> points.
    points: Mapping[int, Decimal]


def objective_differences(tender: Tender, also: Evaluator | None = None) -> list[Difference]:
    """Where the objective points of members who handed in (and of ``also``) differ, by lot, bid and factor."""
    scores = (
        Score.objects.filter(
            evaluator__tender_id=tender.pk,
            criterion__kind=CriterionKind.OBJECTIVE,
            opened_bid__qualified=True,
            opened_bid__bid__lot__failure__isnull=True,
        )
        .exclude(evaluator__state=EvaluatorState.RECUSED)
        .select_related("criterion", "opened_bid__bid__supplier", "opened_bid__bid__lot", "evaluator")
        .defer("opened_bid__bid__sealed_content", "opened_bid__content")
        .order_by("opened_bid__bid__lot__number", "opened_bid__bid__received_at", "criterion__position", "pk")
    )
    cells: dict[tuple[int, int], list[Score]] = {}
    for score in scores:
        if score.evaluator.state == EvaluatorState.SUBMITTED or (also is not None and score.evaluator_id == also.pk):
            cells.setdefault((score.opened_bid_id, score.criterion_id), []).append(score)
    return [
        Difference(
            bid,
            found[0].criterion,
            found[0].opened_bid.bid.supplier,
            found[0].opened_bid.bid.lot.number,
            {score.evaluator_id: score.points for score in found},
        )
        for (bid, _criterion), found in cells.items()
        if len({score.points for score in found}) > 1
        and (also is None or any(score.evaluator_id == also.pk for score in found))
    ]


def differing_tenders(tenders: Iterable[int]) -> set[int]:
    """Keys of those tenders with an objective factor on which members who handed in disagree."""
    cells = (
        Score.objects.filter(
            evaluator__tender__in=list(tenders),
            evaluator__state=EvaluatorState.SUBMITTED,
            criterion__kind=CriterionKind.OBJECTIVE,
            opened_bid__qualified=True,
            opened_bid__bid__lot__failure__isnull=True,
        )
        .order_by()
        .values("evaluator__tender_id", "opened_bid_id", "criterion_id")
        .annotate(least=Min("points"), most=Max("points"))
    )
    return set(cells.filter(least__lt=F("most")).values_list("evaluator__tender_id", flat=True))


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A bid of the results table: its points by member (in the order of the seats), its place once computed."""

    bid: OpenedBid
    member_points: list[Decimal]
    result: Any


def result_rows(lot: Lot, members: list[Evaluator]) -> list[ResultRow]:
    """The valid bids of a lot with the members' points beside the price; by rank once computed, else by receipt."""
    points: dict[tuple[int, int], Decimal] = {}
    for score in Score.objects.filter(evaluator__in=[m.pk for m in members], criterion__lot=lot):
        key = (score.opened_bid_id, score.evaluator_id)
        points[key] = points.get(key, Decimal(0)) + score.points
    bids = list(
        OpenedBid.objects.filter(bid__lot=lot, qualified=True)
        .select_related("bid__supplier", "bid__lot", "result")
        .defer("bid__sealed_content")
        .order_by("bid__received_at", "pk")
    )
    rows = [
        ResultRow(bid, [points.get((bid.pk, m.pk), Decimal(0)) for m in members], getattr(bid, "result", None))
        for bid in bids
    ]
    return sorted(rows, key=lambda r: r.result.rank if r.result else 0)
