"""Tenders: drawn up, approved by a second officer, published with a key nobody holds alone. Questions: ``services_notice``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from catalog.pages import ServicePage
from catalog.services import freeze_version
from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core.errors import InvalidInput
from marketplace.core.i18n import localized
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import yuan
from marketplace.core.words import money_words
from marketplace.regions.models import Region
from marketplace.statutes.selectors import value

from . import keys, rules, selectors
from .defaults import CriterionData, default_criteria, default_qualification
from .errors import (
    DrafterDecides,
    LotsExceedPlan,
    PlanNotApproved,
)
from .lint import check_documents
from .models_tender import MOST_SEATS, MOST_UNITS, Criterion, Lot, Method, Plan, Tender
from .numbering import next_reference
from .repeats import made_before
from .services_notice import amend_deadline, answer_question, ask_question
from .services_plan import has_edited
from .services_publication import cancel_tender, publish_tender
from .states import TENDER, PlanState, TenderState

__all__ = [
    "SUPPORTED_METHODS",
    "add_lot",
    "amend_deadline",
    "answer_question",
    "approve_tender",
    "ask_question",
    "cancel_tender",
    "draft_tender",
    "publish_tender",
    "remove_lot",
    "return_tender",
    "set_criteria",
    "submit_tender",
    "update_lot",
    "update_tender",
]

#: Methods that can be run from the notice to the award.
SUPPORTED_METHODS = (Method.CONSULTATION, Method.OPEN)
_TEXTS = ("title", "title_en", "description", "description_en", "qualification", "qualification_en")
_ENDED = (TenderState.FAILED, TenderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class TenderTexts:
    """What the officer writes. Chinese texts are required before approval, English twins are not."""

    title: str
    description: str
    qualification: str
    title_en: str = ""
    description_en: str = ""
    qualification_en: str = ""


# Drawing up


@transaction.atomic
def draft_tender(
    *,
    actor: User,
    plan: Plan,
    now: datetime,
    texts: TenderTexts | None = None,
    key_threshold: int = keys.MIN_THRESHOLD,
    small_firm_cut: Decimal | None = None,
) -> Tender:
    """Begin a tender under an approved plan; it takes the plan's method and draws its number.

    Without ``texts``, one that the actor has begun and given no lot yet is answered again: a double click begins one.

    Raises:
        PlanNotApproved
    """
    plan = lock_row(Plan, plan.pk)
    require(rules.can_draft, actor, plan.organisation)
    if plan.state != PlanState.APPROVED:
        raise PlanNotApproved
    if texts is None:
        begun = plan.tenders.filter(state=TenderState.DRAFT, drafted_by=actor, lots=None).order_by("pk").first()
        if begun is not None:
            return begun
        qualification, qualification_en = default_qualification(plan.product)
        texts = TenderTexts(
            title=plan.title,
            title_en=plan.title_en,
            description=plan.need,
            qualification=qualification,
            qualification_en=qualification_en,
        )
    if small_firm_cut is None:
        # The middle of what the law allows.
        on, region = timezone.localdate(now), plan.organisation.region_id
        small_firm_cut = (value("small_price_cut_min", on, region) + value("small_price_cut_max", on, region)) / 2
    tender = Tender(
        plan=plan,
        organisation=plan.organisation,
        reference=next_reference(plan.organisation, plan.method, now),
        method=plan.method,
        drafted_by=actor,
        created_at=now,
        key_threshold=_threshold(key_threshold),
        small_firm_cut=small_firm_cut,
    )
    _write_texts(tender, texts)
    tender.save()
    record(actor=actor, action="tender.draft", subject=tender, now=now, data={"reference": tender.reference})
    return tender


@transaction.atomic
def update_tender(
    *,
    actor: User,
    tender: Tender,
    texts: TenderTexts,
    now: datetime,
    key_threshold: int | None = None,
    small_firm_cut: Decimal | None = None,
) -> Tender:
    """Change the texts of a draft or a returned tender. Whoever changes it cannot approve it."""
    tender = _lock_for_edit(actor, tender)
    _write_texts(tender, texts)
    if key_threshold is not None:
        tender.key_threshold = _threshold(key_threshold)
    if small_firm_cut is not None:
        tender.small_firm_cut = small_firm_cut
    tender.save()
    record(actor=actor, action="tender.edit", subject=tender, now=now)
    return tender


@transaction.atomic
def add_lot(
    *,
    actor: User,
    tender: Tender,
    title: str,
    ceiling: Money,
    regions: Iterable[Region],
    now: datetime,
    title_en: str = "",
    quantity: int | None = None,
    seats: int | None = None,
    product: ServicePage | None = None,
    criteria: Sequence[CriterionData] | None = None,
    request_key: uuid.UUID | None = None,
) -> Lot:
    """Add a lot: a frozen version of the plan's product, the villages served, a ceiling, criteria (or the usual ones).
    The same ``request_key`` answers with the first result.

    ``quantity`` (units of the product; one unless said) and ``seats`` (people at a time; as many as the product says unless said)
    are not kept for a product that has one post a village.

    Raises:
        LotsExceedPlan, ProductNotPublished, RequestKeyTaken
        InvalidInput: a village of another place, or one that another lot has; a quantity or seats out of range.
    """
    tender = _lock_for_edit(actor, tender)
    if (made := made_before(Lot, request_key, tender_id=tender.pk)) is not None:
        return made
    version = freeze_version(page=product or tender.plan.product, actor=actor, now=now)
    last = tender.lots.order_by("-number").values_list("number", flat=True).first() or 0
    lot = Lot(
        tender=tender,
        number=last + 1,
        title=title.strip(),
        title_en=title_en.strip(),
        product_version=version,
        ceiling=_ceiling(tender, ceiling),  # type: ignore[misc]
        request_key=request_key,
    )
    _set_amounts(lot, quantity, seats)
    lot.save()
    _write_regions(lot, regions)
    if criteria is None:
        criteria = default_criteria(tender.method, by_village=lot.by_village)
    _write_criteria(lot, criteria)
    record(actor=actor, action="tender.edit", subject=tender, now=now, data={"lot": lot.number, "added": True})
    return lot


@transaction.atomic
def update_lot(
    *,
    actor: User,
    lot: Lot,
    title: str,
    ceiling: Money,
    regions: Iterable[Region],
    now: datetime,
    title_en: str = "",
    quantity: int | None = None,
    seats: int | None = None,
) -> Lot:
    """Change a lot of a draft. The product's version is frozen anew: it is the one that is published now."""
    tender = _lock_for_edit(actor, lot.tender)
    lot = lock_row(Lot, lot.pk)
    lot.title, lot.title_en = title.strip(), title_en.strip()
    lot.ceiling = _ceiling(tender, ceiling, but=lot)
    lot.product_version = freeze_version(page=lot.product_version.page, actor=actor, now=now)
    _set_amounts(lot, quantity, seats)
    lot.save()
    _write_regions(lot, regions)
    record(actor=actor, action="tender.edit", subject=tender, now=now, data={"lot": lot.number})
    return lot


@transaction.atomic
def set_criteria(*, actor: User, lot: Lot, criteria: Sequence[CriterionData], now: datetime) -> list[Criterion]:
    """Replace the criteria of a lot of a draft. That they add up to 100 is asked at submission."""
    tender = _lock_for_edit(actor, lot.tender)
    written = _write_criteria(lot, criteria)
    record(actor=actor, action="tender.edit", subject=tender, now=now, data={"criteria_of_lot": lot.number})
    return written


@transaction.atomic
def remove_lot(*, actor: User, lot: Lot, now: datetime) -> None:
    """Take a lot out of a draft; the others keep their numbers."""
    tender = _lock_for_edit(actor, lot.tender)
    number = lot.number
    lot.criteria.all().delete()
    lot.regions.clear()
    lot.delete()
    record(actor=actor, action="tender.edit", subject=tender, now=now, data={"lot": number, "removed": True})


# Deciding


@transaction.atomic
def submit_tender(*, actor: User, tender: Tender, now: datetime) -> Tender:
    """Hand the documents to the approving officer.

    Raises:
        DocumentsNotReady: with everything the linter found.
    """
    tender = _lock_for_edit(actor, tender)
    check_documents(tender, now)
    apply_transition(TENDER, tender, "submit", actor=actor, now=now)
    return tender


@transaction.atomic
def return_tender(*, actor: User, tender: Tender, note: str, now: datetime) -> Tender:
    """Give the documents back with what has to change."""
    tender = lock_row(Tender, tender.pk)
    _check_decider(actor, tender)
    if not note.strip():
        raise InvalidInput(_("Say what has to be changed: this note is all the drafter will see."), field="note")
    apply_transition(
        TENDER, tender, "return", actor=actor, now=now, reason=note.strip(), changes={"decision_note": note.strip()}
    )
    return tender


@transaction.atomic
def approve_tender(*, actor: User, tender: Tender, now: datetime, note: str = "") -> Tender:
    """A second officer agrees that exactly these documents are published.

    Raises:
        DrafterDecides, DocumentsNotReady, IllegalTransition
    """
    tender = lock_row(Tender, tender.pk)
    _check_decider(actor, tender)
    check_documents(tender, now)
    apply_transition(
        TENDER,
        tender,
        "approve",
        actor=actor,
        now=now,
        reason=note.strip(),
        changes={"approved_by": actor, "approved_at": now, "decision_note": note.strip()},
    )
    return tender


# Checks and writing


def _lock_for_edit(actor: User, tender: Tender) -> Tender:
    tender = lock_row(Tender, tender.pk)
    require(rules.can_edit_tender, actor, tender)
    return tender


def _check_decider(actor: User, tender: Tender) -> None:
    require(rules.can_decide_tender, actor, tender)
    if tender.drafted_by_id == actor.pk or has_edited(actor, tender):
        raise DrafterDecides


def _threshold(wanted: int) -> int:
    if not keys.MIN_THRESHOLD <= wanted <= keys.MAX_HOLDERS:
        raise InvalidInput(
            _("Between %(low)s and %(high)s key-holders must be needed to open."),
            field="key_threshold",
            low=keys.MIN_THRESHOLD,
            high=keys.MAX_HOLDERS,
        )
    return wanted


def _write_texts(tender: Tender, texts: TenderTexts) -> None:
    for name in _TEXTS:
        setattr(tender, name, getattr(texts, name).strip())
    if not tender.title:
        raise InvalidInput(_("Enter a title."), field="title")


def _ceiling(tender: Tender, ceiling: Money, *, but: Lot | None = None) -> Money:
    if str(ceiling.currency) != "CNY" or ceiling.amount <= 0:
        raise InvalidInput(_("Enter an amount above zero, in yuan."), field="ceiling")
    others = tender.lots.exclude(pk=but.pk if but else 0).aggregate(total=Sum("ceiling"))["total"] or 0
    total, left = yuan(ceiling.amount + others), selectors.plan_left(tender.plan, but=tender)
    if total > left:
        raise LotsExceedPlan(field="ceiling", total=money_words(total), over=money_words(total - left))
    return ceiling


def _set_amounts(lot: Lot, quantity: int | None, seats: int | None) -> None:
    if lot.by_village:
        lot.quantity = lot.seats = None
        return
    lot.quantity = 1 if quantity is None else quantity
    lot.seats = int(lot.product_version.content.get("posts_per_unit") or 1) if seats is None else seats
    for field, number, most in (("quantity", lot.quantity, MOST_UNITS), ("seats", lot.seats, MOST_SEATS)):
        if not 1 <= number <= most:
            raise InvalidInput(_("This number lies between 1 and %(most)s."), field=field, most=most)


def _write_regions(lot: Lot, regions: Iterable[Region]) -> None:
    wanted = {region.code: region for region in regions}
    low, high = lot.tender.organisation.region.code_range
    outside = [localized(r, "name") for r in wanted.values() if not low <= r.code < high]
    if outside:
        raise InvalidInput(
            _("%(names)s lies outside the area of your organisation."),
            field="regions",
            names=gettext(", ").join(outside[:5]),
        )
    taken = Region.objects.filter(
        pk__in=Lot.regions.through.objects.filter(lot__tender_id=lot.tender_id, region_id__in=wanted)
        .exclude(lot_id=lot.pk)
        .values("region_id")
    ).order_by("code")
    names = [localized(region, "name") for region in taken]
    if names:
        raise InvalidInput(
            _("%(names)s: another lot of this tender has it already. Leave each village in one lot."),
            code="village_in_two_lots",
            field="regions",
            names=gettext(", ").join(names[:5]) + ("…" if len(names) > 5 else ""),
        )
    lot.regions.set(wanted.values())


def _write_criteria(lot: Lot, criteria: Sequence[CriterionData]) -> list[Criterion]:
    for data in criteria:
        if not 0 < data.points <= 100:
            raise InvalidInput(_("Points lie above 0 and at most at 100."), field="points")
        if not data.title.strip():
            raise InvalidInput(_("Every criterion needs a name."), field="title")
    if sum(data.kind == "price" for data in criteria) > 1:
        raise InvalidInput(_("There is one price criterion a lot."), field="kind")
    lot.criteria.all().delete()
    return Criterion.objects.bulk_create(
        Criterion(
            lot=lot,
            position=position,
            kind=data.kind,
            title=data.title.strip(),
            title_en=data.title_en.strip(),
            guidance=data.guidance.strip(),
            guidance_en=data.guidance_en.strip(),
            points=data.points,
        )
        for position, data in enumerate(criteria)
    )
