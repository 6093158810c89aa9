"""Reading what is bought: the public list, one tender's page, what a supplier has handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from moneyed import Money

from marketplace.core.i18n import localized
from marketplace.core.units import yuan
from marketplace.core.words import day_words, instant_words
from marketplace.regions import codes
from marketplace.regions.models import Level, Region
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.errors import UnknownDay, UnknownRule
from marketplace.statutes.services import deadline

from .areas import Area, bought_words
from .models_bidding import Bid
from .models_tender import Lot, Notice, NoticeKind, Plan, Question, Tender
from .rules import IS_PUBLIC, suppliers_of, visible_tenders
from .states import BidState, PlanState, TenderState

_ENDED = (TenderState.FAILED, TenderState.CANCELLED)
STAGES = ("open", "judging", "awarded", "failed")


def public_tenders() -> QuerySet[Tender]:
    """What anybody may know of, newest first."""
    return Tender.objects.filter(IS_PUBLIC).select_related("organisation").order_by("-published_at", "-pk")


def visible_to(user: Any) -> QuerySet[Tender]:
    """What ``user`` may know of: the public ones and those of his own bureau."""
    return visible_tenders(user)


def stage_filter(stage: str, now: datetime) -> Q:
    """``open`` (bids are taken now), ``judging``, ``awarded``, ``failed``; anything else is no filter."""
    return {
        "open": Q(state=TenderState.PUBLISHED, bid_deadline__gte=now),
        "judging": Q(state=TenderState.PUBLISHED, bid_deadline__lt=now)
        | Q(state__in=[TenderState.OPENED, TenderState.EVALUATED]),
        "awarded": Q(state__in=[TenderState.AWARDED, TenderState.CONTRACTED]),
        "failed": Q(state__in=[TenderState.FAILED, TenderState.CANCELLED]),
    }.get(stage, Q())


def stage_of(tender: Tender, now: datetime) -> str:
    """The stage in which ``stage_filter`` finds the tender; empty before publication."""
    if tender.state == TenderState.PUBLISHED:
        return "open" if tender.bidding_is_open(now) else "judging"
    return {
        TenderState.OPENED: "judging",
        TenderState.EVALUATED: "judging",
        TenderState.AWARDED: "awarded",
        TenderState.CONTRACTED: "awarded",
        TenderState.FAILED: "failed",
        TenderState.CANCELLED: "failed",
    }.get(TenderState(tender.state), "")


def search(found: QuerySet[Tender], query: str) -> QuerySet[Tender]:
    """Those whose number, title or buyer holds every word of ``query``."""
    for word in query.split()[:8]:
        found = found.filter(
            Q(reference__icontains=word)
            | Q(title__icontains=word)
            | Q(title_en__icontains=word)
            | Q(organisation__name__icontains=word)
            | Q(organisation__name_en__icontains=word)
        )
    return found


def by_deadline(found: QuerySet[Tender], now: datetime) -> QuerySet[Tender]:
    """Open ones first, what closes soonest on top; then the others, newest first."""
    closes = Case(
        When(stage_filter("open", now), then=F("bid_deadline")), default=Value(None), output_field=DateTimeField()
    )
    return found.annotate(closes=closes).order_by(F("closes").asc(nulls_last=True), "-published_at", "-pk")


@dataclass(frozen=True, slots=True)
class Size:
    """How much a tender buys."""

    lots: int = 0
    area: Area = field(default_factory=Area)
    ceiling: Money = field(default_factory=lambda: yuan(0))


def sizes_of(tenders: Iterable[Tender]) -> dict[int, Size]:
    """Lots, where they are served, and ceilings of each tender, in four queries; villages are counted, not read."""
    keys = [t.pk for t in tenders]
    lots = {
        row["tender_id"]: (row["n"], row["total"])
        for row in Lot.objects.filter(tender_id__in=keys)
        .order_by()
        .values("tender_id")
        .annotate(n=Count("pk"), total=Sum("ceiling"))
    }
    served = Lot.regions.through.objects.filter(lot__tender_id__in=keys).order_by("region_id")
    villages = dict(
        served.filter(region__level=Level.VILLAGE)
        .order_by()
        .values_list("lot__tender_id")
        .annotate(n=Count("region_id", distinct=True))
    )
    larger: dict[int, dict[int, Region]] = {}
    for link in served.exclude(region__level=Level.VILLAGE).select_related("lot", "region"):
        larger.setdefault(link.lot.tender_id, {})[link.region_id] = link.region
    # Where posts are not by village, a lot that names no place is served in the buyer's own area.
    unnamed = Lot.objects.filter(tender_id__in=keys, regions=None).exclude(
        product_version__content__staffed_by_village=True
    )
    for lot in unnamed.select_related("tender__organisation__region").order_by("pk"):
        region = lot.tender.organisation.region
        larger.setdefault(lot.tender_id, {})[region.pk] = region
    return {
        pk: Size(lots[pk][0], Area(villages.get(pk, 0), tuple(larger.get(pk, {}).values())), yuan(lots[pk][1]))
        if pk in lots
        else Size()
        for pk in keys
    }


# One tender


def lots_of(tender: Tender) -> list[Lot]:
    """The lots with all that a notice or the linter reads of them."""
    return list(
        tender.lots.select_related("product_version").prefetch_related("regions", "criteria").order_by("number")
    )


def with_ends(plans: QuerySet[Plan]) -> QuerySet[Any]:
    """``ended`` says of a plan that it is approved, was tendered, and that none of its tenders goes on: its money stays
    bound until it is tendered again or given up."""
    own = Tender.objects.filter(plan=OuterRef("pk"), published_at__isnull=False)
    going_on = Tender.objects.filter(plan=OuterRef("pk")).exclude(state__in=_ENDED)
    return plans.annotate(ended=Q(state=PlanState.APPROVED) & Exists(own) & ~Exists(going_on))


def plan_left(plan: Plan, *, but: Tender | None = None) -> Money:
    """What the plan still allows: its amount less the ceilings of its tenders that go on, ``but`` this one."""
    others = Lot.objects.filter(tender__plan=plan).exclude(tender__state__in=_ENDED)
    if but is not None:
        others = others.exclude(tender=but)
    return yuan(plan.amount.amount - (others.aggregate(total=Sum("ceiling"))["total"] or 0))


@dataclass(frozen=True, slots=True)
class Step:
    """One station of the life line. ``state``: did, now, off or empty (to come)."""

    label: str
    detail: str
    state: str = ""


def life_line(tender: Tender, now: datetime, notices: Iterable[Notice]) -> list[Step]:
    """From the approval to the contract: the day of what happened, the time the law allows for what is to come.

    ``notices`` are the tender's own: the days of its result, its end and its contracts are those of their publication.
    """
    stage = stage_of(tender, now)
    published: dict[str, datetime] = {}
    for row in notices:
        published[row.kind] = max(row.published_at, published.get(row.kind, row.published_at))
    official = tender.official_published_at
    steps = [
        Step(_("Approval"), _day(tender.approved_at) or _("a second officer"), "did" if tender.approved_at else "now"),
        Step(
            _("Notice"),
            _("%(day)s · official website") % {"day": _day(official)}
            if official
            else _("first on the official medium"),
            "did" if official else ("now" if tender.state == TenderState.APPROVED else ""),
        ),
    ]
    if stage == "failed":
        steps = [step for step in steps if step.state == "did"]
        bids = [Step(_("Bidding"), _closed(tender), "did")] if tender.bid_deadline and tender.bid_deadline < now else []
        word = (
            pgettext("tender", "Cancelled") if tender.state == TenderState.CANCELLED else capfirst(tender.wording.ended)
        )
        ended = _day(published.get(NoticeKind.FAILURE))
        why = (
            _("%(day)s · the reasons are below") % {"day": ended}
            if ended
            else _("before publication; the reason is on record")
        )
        return [*steps, *bids, Step(word, why, "off")]
    steps.append(
        Step(capfirst(tender.wording.open), _closes(tender), "now")
        if stage == "open"
        else Step(_("Bidding"), _closed(tender), "did" if stage else "")
    )
    opened = _("opened %(day)s") % {"day": _day(tender.opened_at)} if tender.opened_at else _("after the deadline")
    done = stage == "awarded"
    steps.append(Step(_("Opening and evaluation"), opened, "now" if stage == "judging" else ("did" if done else "")))
    steps.append(
        Step(_("Result"), _day(published.get(NoticeKind.RESULT)), "did")
        if done
        else Step(_("Result"), _("within 2 working days"))
    )
    steps.append(
        Step(_("Contract signed"), _day(published.get(NoticeKind.CONTRACT)), "did")
        if tender.state == TenderState.CONTRACTED
        else Step(
            _("Signing of the contract"),
            _signed_by(tender, published.get(NoticeKind.RESULT)) if done else _("within 30 days"),
            "now" if done else "",
        )
    )
    return steps


def _signed_by(tender: Tender, result_at: datetime | None) -> str:
    """The last day to sign, counted from the letter of award, which goes out with the notice of the result."""
    law_day = timezone.localdate(tender.published_at or tender.created_at)
    try:
        by = deadline(
            "contract_sign",
            timezone.localdate(result_at or tender.created_at),
            on=law_day,
            region_code=tender.organisation.region_id,
        )
    except (UnknownDay, UnknownRule):
        return _("within 30 days")
    return _("by %(day)s") % {"day": day_words(by.date)}


def _day(instant: datetime | None) -> str:
    return day_words(timezone.localdate(instant)) if instant else ""


def _closes(tender: Tender) -> str:
    return _("closes %(at)s") % {"at": instant_words(tender.bid_deadline)} if tender.bid_deadline else ""


def _closed(tender: Tender) -> str:
    if tender.bid_deadline is None:
        return _("sealed until the opening")
    return _("closed %(day)s") % {"day": _day(tender.bid_deadline)}


def may_bid_again(bid: Bid, now: datetime) -> bool:
    """Whether a withdrawn bid leaves its lot free: bids are still taken, and its supplier has none sealed there."""
    return (
        bid.state == BidState.WITHDRAWN
        and bid.lot.tender.bidding_is_open(now)
        and not Bid.objects.filter(lot=bid.lot_id, supplier=bid.supplier_id, state=BidState.SEALED).exists()
    )


@dataclass(frozen=True, slots=True)
class Township:
    """The villages of a lot in one township; ``whole`` if these are all it has."""

    region: Region
    villages: list[Region]
    whole: bool


def bought_of(lot: Lot) -> str:
    """How much the lot buys, where that is not a number of villages."""
    return "" if lot.by_village else bought_words(lot.product_version.content, lot.units, lot.seat_count)


@dataclass(frozen=True, slots=True)
class LotView:
    """A lot as its table shows it."""

    lot: Lot
    townships: list[Township]
    area: Area
    criteria: list[Any]
    own_bid: Bid | None = None

    @property
    def bought(self) -> str:
        return bought_of(self.lot)


def lot_views(tender: Tender, user: Any = None) -> list[LotView]:
    """The lots with their villages by township, their criteria, and the user's own bid. A fixed number of queries."""
    lots = list(
        tender.lots.select_related("product_version").prefetch_related("regions", "criteria").order_by("number")
    )
    by_lot: dict[int, dict[int, list[Region]]] = {}
    for lot in lots:
        groups = by_lot.setdefault(lot.pk, {})
        for region in lot.regions.all():
            if region.level == Level.VILLAGE:
                groups.setdefault(codes.ancestor_at(region.code, 4), []).append(region)
    wanted = {code for groups in by_lot.values() for code in groups}
    townships = {region.code: region for region in Region.objects.filter(code__in=wanted)}
    own = {}
    suppliers = [o.pk for o in suppliers_of(user)] if user is not None else []
    if suppliers:
        live = (BidState.SEALED, BidState.OPENED, BidState.INVALID)
        found = Bid.objects.defer("sealed_content").filter(
            lot__tender=tender, supplier_id__in=suppliers, state__in=live
        )
        own = {bid.lot_id: bid for bid in found}
    return [
        LotView(
            lot,
            [
                Township(townships[code], villages, len(villages) == townships[code].village_count)
                for code, villages in sorted(by_lot[lot.pk].items())
                if code in townships
            ],
            Area.of(lot.places),
            list(lot.criteria.all()),
            own.get(lot.pk),
        )
        for lot in lots
    ]


def standard_of(views: list[LotView]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """(product version, its obligations) once for each version the lots cite."""
    versions = {view.lot.product_version_id: view.lot.product_version for view in views}
    return [(version, version.content.get("obligations", [])) for version in versions.values()]


def without_english(tender: Tender, views: list[LotView]) -> list[str]:
    """What of the documents has no English text, so that English pages show the Chinese; in the active language."""
    found = [
        label
        for name, label in (
            ("title", _("Title")),
            ("description", _("Description")),
            ("qualification", _("Who may bid")),
        )
        if not getattr(tender, f"{name}_en")
    ]
    for view in views:
        missing = [] if view.lot.title_en else [_("Scope")]
        missing += [f"“{c.title}”" for c in view.criteria if not (c.title_en and c.guidance_en)]
        if missing:
            found.append(_("Lot %(n)s: ") % {"n": view.lot.number} + _(", ").join(missing))
    return found


def timetable_of(tender: Tender) -> list[Deadline]:
    return [Deadline.from_json(item) for item in tender.timetable]


def submission_rule(tender: Tender) -> Deadline | None:
    """Why bids cannot close earlier."""
    return next((d for d in timetable_of(tender) if d.rule_key.endswith("_submission")), None)


def days_given(tender: Tender) -> str:
    """How many days bidders have, the day of the notice not counted."""
    if tender.bid_deadline is None or tender.official_published_at is None:
        return ""
    days = (timezone.localdate(tender.bid_deadline) - timezone.localdate(tender.official_published_at)).days
    words = ngettext(
        "The day of the notice does not count: %(n)s day here.",
        "The day of the notice does not count: %(n)s days here.",
        days,
    )
    return words % {"n": days}


def notices_of(tender: Tender) -> QuerySet[Notice]:
    return tender.notices.select_related("published_by").order_by("-published_at", "-pk")


# Questions


def answer_due(question: Question) -> Deadline | None:
    """Three working days (条例 art. 52); None where the calendar does not reach."""
    asked = timezone.localdate(question.asked_at)
    try:
        return deadline("enquiry_answer", asked, on=asked)
    except (UnknownDay, UnknownRule):
        return None


def unanswered(tenders: QuerySet[Tender]) -> QuerySet[Question]:
    return Question.objects.filter(tender__in=tenders, answer="").select_related("tender").order_by("asked_at", "pk")


# Bids, for their own suppliers


def own_bids(user: Any) -> QuerySet[Bid]:
    """What the user's firms have handed in, newest first."""
    return (
        Bid.objects.defer("sealed_content")
        .filter(supplier_id__in=[o.pk for o in suppliers_of(user)])
        .select_related("lot", "lot__tender", "lot__award", "lot__failure", "supplier")
        .order_by("-received_at", "-pk")
    )


def outcome_of(bid: Bid) -> tuple[str, str]:
    """Words and tone of how the procedure ended for a bid; empty while it goes on, and where the bid's state says it."""
    if bid.state in (BidState.REPLACED, BidState.WITHDRAWN, BidState.INVALID):
        return "", ""
    if bid.lot.tender.state == TenderState.CANCELLED:
        return _("procurement cancelled"), "stop"
    if hasattr(bid.lot, "failure"):
        return _("lot %(ended)s") % {"ended": bid.lot.tender.wording.ended}, "stop"
    if hasattr(bid.lot, "award"):
        if bid.lot.award.bid_id == bid.pk:
            return str(bid.lot.tender.wording.awarded_to_you), "go"
        return str(bid.lot.tender.wording.not_chosen), "plain"
    return "", ""


def amended_since(bid: Bid) -> Notice | None:
    """The last amendment published after the bid was received."""
    return (
        bid.lot.tender.notices.filter(kind="amendment", published_at__gt=bid.received_at)
        .order_by("-published_at", "-pk")
        .first()
    )


def soon(tender: Tender, now: datetime) -> bool:
    return tender.bid_deadline is not None and timedelta(0) <= tender.bid_deadline - now <= timedelta(days=2)


def title_of(tender: Tender) -> str:
    return localized(tender, "title")
