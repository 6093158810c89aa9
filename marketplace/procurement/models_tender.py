"""From the budget line to the published notice."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField

from catalog.models import ProductVersion
from catalog.pages import ServicePage
from marketplace.accounts.models import Organisation, User
from marketplace.regions.models import Level, Region

from .repeats import Requested
from .states import PlanState, TenderState
from .wording import Wording, wording

#: of a product's units, and of people at a time, that a lot may buy
MOST_UNITS, MOST_SEATS = 1_000_000, 200


class Method(models.TextChoices):
    """Methods of procurement; which of them can be run end to end stands in ``services_tender.SUPPORTED_METHODS``."""

    OPEN = "open", _("open tender")
    CONSULTATION = "consultation", _("competitive consultation")


class BudgetLine(Requested):
    """Money appropriated to a buyer for a year. Its movements stand in the ledger (``budget:<pk>:available`` …)."""

    organisation = models.ForeignKey(
        Organisation, verbose_name=_("buyer"), on_delete=models.PROTECT, related_name="budget_lines"
    )
    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    code = models.CharField(_("budget code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=160, blank=True)
    appropriated = MoneyField(_("approved budget"), max_digits=16, decimal_places=2, default_currency="CNY")

    class Meta:
        ordering: ClassVar = ["organisation_id", "-fiscal_year", "code"]
        verbose_name = _("budget line")
        verbose_name_plural = _("budget lines")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "fiscal_year", "code"],
                name="one_budget_line_a_code",
                violation_error_message=_("This budget code already stands for this year."),
            ),
            models.CheckConstraint(condition=Q(appropriated__gt=0), name="budget_line_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.code} {self.name}"


class Plan(Requested):
    """What a bureau means to buy, from which budget, by which method and why. Approved by a second officer."""

    STATE_TONES: ClassVar = {
        "draft": "neutral",
        "submitted": "wait",
        "approved": "go",
        "returned": "stop",
        "cancelled": "stop",
    }

    organisation = models.ForeignKey(
        Organisation, verbose_name=_("buyer"), on_delete=models.PROTECT, related_name="plans"
    )
    budget_line = models.ForeignKey(
        BudgetLine, verbose_name=_("budget line"), on_delete=models.PROTECT, related_name="plans"
    )
    product = models.ForeignKey(
        ServicePage, verbose_name=_("catalogue product"), on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=160, blank=True)
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=2, default_currency="CNY")
    method = models.CharField(_("method"), max_length=16, choices=Method.choices)
    method_reason = models.TextField(_("why this method"))
    need = models.TextField(_("findings of the needs survey"))
    service_from = models.DateField(_("service from"))
    service_to = models.DateField(_("service to (inclusive)"))
    state = models.CharField(_("state"), max_length=10, choices=PlanState.choices, default=PlanState.DRAFT)
    drafted_by = models.ForeignKey(User, verbose_name=_("drafted by"), on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        User, verbose_name=_("decided by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision_note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(pgettext_lazy("procurement", "created"))

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("procurement plan")
        verbose_name_plural = _("procurement plans")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(decided_by=F("drafted_by")), name="plan_drafter_does_not_decide"),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(decided_by__isnull=False), name="approved_plan_has_approver"
            ),
            models.CheckConstraint(
                condition=Q(service_to__gte=F("service_from")), name="plan_service_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="plan_amount_positive"),
        ]

    def __str__(self) -> str:
        return self.title


class Tender(models.Model):
    """One procurement procedure under an approved plan."""

    STATE_TONES: ClassVar = {
        "draft": "neutral",
        "submitted": "wait",
        "returned": "stop",
        "approved": "wait",
        "published": "go",
        "opened": "wait",
        "evaluated": "wait",
        "awarded": "go",
        "contracted": "go",
        "failed": "stop",
        "cancelled": "stop",
    }

    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="tenders")
    organisation = models.ForeignKey(
        Organisation, verbose_name=_("buyer"), on_delete=models.PROTECT, related_name="tenders"
    )
    reference = models.CharField(_("number"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=160, blank=True)
    method = models.CharField(_("method"), max_length=16, choices=Method.choices)
    description = models.TextField(pgettext_lazy("procurement", "description"))
    description_en = models.TextField(_("description in English"), blank=True)
    qualification = models.TextField(_("who may bid"))
    qualification_en = models.TextField(_("who may bid, in English"), blank=True)
    small_firm_cut = models.DecimalField(
        _("price deduction for small and micro enterprises (percent)"), max_digits=4, decimal_places=1, default=15
    )
    state = models.CharField(_("state"), max_length=12, choices=TenderState.choices, default=TenderState.DRAFT)
    drafted_by = models.ForeignKey(User, verbose_name=_("drafted by"), on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        User, verbose_name=_("approved by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    decision_note = models.TextField(_("note"), blank=True)
    official_published_at = models.DateTimeField(_("published on the official medium"), null=True, blank=True)
    official_url = models.URLField(_("official notice"), blank=True)
    published_at = models.DateTimeField(_("published here"), null=True, blank=True)
    question_deadline = models.DateTimeField(_("questions until"), null=True, blank=True)
    bid_deadline = models.DateTimeField(_("bids until"), null=True, blank=True)
    timetable = models.JSONField(_("dates and their reasons"), default=list)
    public_key = models.BinaryField(null=True, blank=True)
    key_threshold = models.PositiveSmallIntegerField(_("key-holders needed to open"), default=2)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    failure_reason = models.TextField(_("why it failed"), blank=True)
    failure_reason_en = models.TextField(_("why it failed, in English"), blank=True)
    created_at = models.DateTimeField(pgettext_lazy("procurement", "created"))

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("tender")
        verbose_name_plural = _("tenders")
        indexes: ClassVar = [models.Index(fields=["state", "-bid_deadline"], name="tender_state_deadline")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(approved_by=F("drafted_by")), name="tender_drafter_does_not_approve"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "returned", "cancelled"]) | Q(approved_by__isnull=False),
                name="tender_past_approval_has_approver",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "returned", "approved", "cancelled"])
                | Q(
                    published_at__isnull=False,
                    official_published_at__isnull=False,
                    bid_deadline__isnull=False,
                    public_key__isnull=False,
                ),
                name="published_tender_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "submitted", "returned", "approved", "published", "cancelled", "failed"]
                )
                | Q(opened_at__gte=F("bid_deadline")),
                name="opened_after_the_deadline",
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(failure_reason=""), name="failed_tender_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def wording(self) -> Wording:
        """The words of its method."""
        return wording(self.method)

    def get_state_display(self) -> str:  # type: ignore[no-redef]  # in place of Django's own
        """The state's word; the opening and the ends have different ones in an open tender and in a consultation."""
        words = {
            TenderState.OPENED: self.wording.opened,
            TenderState.FAILED: self.wording.ended,
            TenderState.AWARDED: self.wording.awarded,
        }
        state = TenderState(self.state)
        return str(words.get(state, state.label))

    def bidding_is_open(self, now: datetime) -> bool:
        """Derived from the clock: published and not yet past the deadline, whose own instant is in time."""
        return self.state == TenderState.PUBLISHED and self.bid_deadline is not None and now <= self.bid_deadline


class Lot(Requested):
    """A product version for a set of villages (or posts), under a ceiling.

    ``quantity`` counts the product's units and ``seats`` the people who serve at a time; both are empty where the product has one
    post a village, whose units and seats are the villages.
    """

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="lots")
    number = models.PositiveSmallIntegerField(_("lot"))
    title = models.CharField(_("scope"), max_length=160)
    title_en = models.CharField(_("scope in English"), max_length=200, blank=True)
    product_version = models.ForeignKey(
        ProductVersion, verbose_name=_("product"), on_delete=models.PROTECT, related_name="+"
    )
    regions = models.ManyToManyField(Region, verbose_name=_("villages served"), related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"), null=True, blank=True)
    seats = models.PositiveSmallIntegerField(_("seats"), null=True, blank=True)
    ceiling = MoneyField(_("ceiling"), max_digits=16, decimal_places=2, default_currency="CNY")

    class Meta:
        ordering: ClassVar = ["tender_id", "number"]
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tender", "number"], name="one_lot_a_number"),
            models.CheckConstraint(condition=Q(ceiling__gt=0), name="lot_ceiling_positive"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="lot_quantity_positive"),
            models.CheckConstraint(condition=Q(seats__gt=0), name="lot_seats_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.tender.reference}/{self.number}"

    @property
    def by_village(self) -> bool:
        """Whether there is one post a village."""
        return bool(self.product_version.content.get("staffed_by_village"))

    @property
    def places(self) -> list[Region]:
        """Where it is served: the (prefetched) places named; the buyer's own area where none is and posts are not by village."""
        return list(self.regions.all()) or ([] if self.by_village else [self.tender.organisation.region])

    @property
    def units(self) -> int:
        """How many of the product's units are bought; reads the (prefetched) villages."""
        if not self.by_village:
            return self.quantity or 1
        villages = sum(1 if region.level == Level.VILLAGE else region.village_count for region in self.regions.all())
        return max(villages, 1)

    @property
    def seat_count(self) -> int:
        """How many people serve at a time where posts are not by village."""
        return self.seats or self.product_version.content.get("posts_per_unit") or 1


class CriterionKind(models.TextChoices):
    PRICE = "price", _("price")
    OBJECTIVE = "objective", _("objective")
    JUDGED = "judged", _("judged")


class Criterion(models.Model):
    """One scored factor of a lot; the points of a lot add up to 100."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="criteria")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=CriterionKind.choices)
    title = models.CharField(_("factor"), max_length=120)
    title_en = models.CharField(_("factor in English"), max_length=160, blank=True)
    guidance = models.TextField(_("how it is scored"))
    guidance_en = models.TextField(_("how it is scored, in English"), blank=True)
    points = models.DecimalField(_("points"), max_digits=5, decimal_places=2)

    class Meta:
        ordering: ClassVar = ["lot_id", "position", "pk"]
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lot"], condition=Q(kind="price"), name="one_price_criterion_a_lot"),
            models.CheckConstraint(condition=Q(points__gt=0, points__lte=100), name="criterion_points_in_range"),
        ]

    def __str__(self) -> str:
        return self.title


class Question(Requested):
    """A supplier's question; published with its answer, without the asker's name."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="questions")
    asker = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("question"))
    asked_at = models.DateTimeField(_("asked"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["tender_id", "asked_at", "pk"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(answer="") | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="answer_has_author_and_time",
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


class NoticeKind(models.TextChoices):
    TENDER = "tender", _("procurement notice")
    AMENDMENT = "amendment", _("amendment notice")
    RESULT = "result", _("result notice")
    FAILURE = "failure", _("failure notice")
    CONTRACT = "contract", _("contract notice")


class Notice(models.Model):
    """What was published, as it was published. Rows never change or go."""

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=12, choices=NoticeKind.choices)
    content = models.JSONField(_("content"))
    digest = models.CharField(_("digest"), max_length=64)
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["-published_at", "-pk"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        return f"{self.heading} {self.tender.reference}"

    @property
    def heading(self) -> str:
        """What it is: a cancelled procedure did not fail, a consultation is terminated where its notice says so."""
        if self.content.get("outcome") == "cancelled":
            return gettext("cancellation notice")
        return gettext("termination notice") if self.content.get("terminated") else self.get_kind_display()
