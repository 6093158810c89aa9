"""What was bought: contracts, posts, obligations, instalments with their acceptance and payment."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from djmoney.models.fields import MoneyField
from moneyed import Money

from marketplace.accounts.models import Organisation, User
from marketplace.procurement.models import Award
from marketplace.regions.models import Region

from .states import ContractState, InstalmentState, PostState


class Contract(models.Model):
    """Created from an award, signed by both sides; the buyer's signature commits the budget."""

    STATE_TONES: ClassVar = {"draft": "wait", "active": "go", "completed": "neutral", "terminated": "stop"}

    award = models.OneToOneField(Award, verbose_name=_("award"), on_delete=models.PROTECT, related_name="contract")
    number = models.CharField(_("number"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=160)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True)
    buyer = models.ForeignKey(
        Organisation, verbose_name=_("buyer"), on_delete=models.PROTECT, related_name="contracts_as_buyer"
    )
    supplier = models.ForeignKey(
        Organisation, verbose_name=_("supplier"), on_delete=models.PROTECT, related_name="contracts_as_supplier"
    )
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=2, default_currency="CNY")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (inclusive)"))
    state = models.CharField(_("state"), max_length=12, choices=ContractState.choices, default=ContractState.DRAFT)
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    supplier_signed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    supplier_signed_at = models.DateTimeField(_("signed by the supplier"), null=True, blank=True)
    buyer_signed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    buyer_signed_at = models.DateTimeField(_("signed by the buyer"), null=True, blank=True)
    sign_by = models.JSONField(_("signing deadline and its reason"), default=dict)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    end_reason = models.TextField(_("why it ended early"), blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state__in=["active", "completed"])
                | Q(supplier_signed_at__isnull=False, buyer_signed_at__isnull=False),
                name="active_contract_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["completed", "terminated"]) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="ended_contract_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="terminated") | ~Q(end_reason=""), name="terminated_contract_says_why"
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="contract_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(buyer_signed_by=F("drafted_by")), name="contract_drafter_does_not_sign"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class SignedPaper(models.Model):
    """The paper of a contract as both sides signed it, in one language. Rows never change or go."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="papers")
    language = models.CharField(max_length=10)
    content = models.BinaryField()
    digest = models.CharField(_("SHA-256"), max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["contract_id", "language"]
        verbose_name = _("signed paper")
        verbose_name_plural = _("signed papers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contract", "language"], name="one_signed_paper_a_language")
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.language}"


class Obligation(models.Model):
    """One line of the frozen standard, as it binds this contract (``standard.obligations_of``).

    Every post owes ``quantity``; where it is ``shared_by`` several seats they owe it together, in even parts.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="obligations")
    code = models.CharField(max_length=30)
    kind = models.CharField(_("kind"), max_length=12)
    title = models.CharField(_("obligation"), max_length=120)
    title_en = models.CharField(_("obligation in English"), max_length=160, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    quantity_unit = models.CharField(_("unit"), max_length=12)
    period = models.CharField(_("period"), max_length=8)
    tolerance = models.PositiveSmallIntegerField(_("tolerance (percent)"), default=0)
    shared_by = models.PositiveSmallIntegerField(_("shared by so many seats"), default=1, db_default=1)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    evidence_en = models.CharField(_("evidence in English"), max_length=240, blank=True)

    class Meta:
        ordering: ClassVar = ["contract_id", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contract", "code"], name="one_contract_obligation_a_code")
        ]
        verbose_name = _("obligation")
        verbose_name_plural = _("obligations")

    def __str__(self) -> str:
        return self.title


class Post(models.Model):
    """One thing to be staffed: a village, or a seat of an office, for the contract's term.

    ``adviser`` is who serves it now; who served before stands in the audit trail of the post.
    """

    STATE_TONES: ClassVar = {"vacant": "stop", "filled": "go", "closed": "neutral"}

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="posts")
    region = models.ForeignKey(Region, verbose_name=_("village"), on_delete=models.PROTECT, related_name="posts")
    seat = models.PositiveSmallIntegerField(_("seat"), default=1)
    amount = MoneyField(_("share of the contract"), max_digits=16, decimal_places=2, default_currency="CNY")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (inclusive)"))
    state = models.CharField(_("state"), max_length=8, choices=PostState.choices, default=PostState.VACANT)
    adviser = models.ForeignKey(
        User, verbose_name=_("adviser"), null=True, blank=True, on_delete=models.PROTECT, related_name="posts"
    )
    adviser_since = models.DateField(_("adviser since"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["contract_id", "region_id", "seat"]
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        indexes: ClassVar = [models.Index(fields=["region", "state"], name="post_region_state")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contract", "region", "seat"], name="one_post_a_seat_and_contract"),
            models.UniqueConstraint(
                fields=["contract", "region", "adviser"],
                condition=Q(state="filled"),
                name="one_seat_a_person_and_place",
                violation_error_message=_("This person holds a seat here already. Choose somebody else."),
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="post_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state="closed")
                | Q(state="filled", adviser__isnull=False)
                | Q(state="vacant", adviser__isnull=True),
                name="filled_post_has_adviser",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract.number} · {self.region}"


class Instalment(models.Model):
    """A part of the price for a period of service: delivered by the supplier, accepted itemised, paid by finance."""

    STATE_TONES: ClassVar = {
        "planned": "neutral",
        "delivered": "wait",
        "accepted": "wait",
        "paid": "go",
        "refused": "stop",
        "void": "neutral",
    }

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField(_("instalment"))
    period_from = models.DateField(_("from"))
    period_to = models.DateField(_("to (inclusive)"))
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=2, default_currency="CNY")
    state = models.CharField(
        _("state"), max_length=10, choices=InstalmentState.choices, default=InstalmentState.PLANNED
    )
    delivery = models.JSONField(_("what was delivered"), default=dict)
    delivered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    acceptance = models.JSONField(_("what was accepted"), default=dict)
    acceptance_note = models.TextField(_("findings"), blank=True)
    deduction = MoneyField(
        _("deducted for what was not delivered"), max_digits=16, decimal_places=2, default=0, default_currency="CNY"
    )
    pay_by = models.JSONField(_("payment deadline and its reason"), default=dict)
    paid_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["contract_id", "number"]
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contract", "number"], name="one_instalment_a_number"),
            models.CheckConstraint(condition=~Q(paid_by=F("accepted_by")), name="payer_did_not_accept"),
            models.CheckConstraint(
                condition=Q(deduction__gte=0, deduction__lte=F("amount")), name="deduction_within_instalment"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "void"]) | Q(delivered_by__isnull=False, delivered_at__isnull=False),
                name="delivered_instalment_has_supplier",
            ),
            models.CheckConstraint(condition=~Q(accepted_by=F("delivered_by")), name="supplier_did_not_accept"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_by__isnull=False, paid_at__isnull=False, accepted_by__isnull=False),
                name="paid_instalment_was_accepted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract.number} #{self.number}"

    @property
    def payable(self) -> Money:
        """What is paid once the deduction is taken off."""
        payable: Money = self.amount - self.deduction
        return payable


class VillageRating(models.Model):
    """What the served say of a post's service: one a person and quarter, one to five, with words."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="ratings")
    rated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    quarter = models.CharField(_("quarter"), max_length=7)
    stars = models.PositiveSmallIntegerField(_("rating"))
    comment = models.TextField(pgettext_lazy("rating", "comment"), blank=True)
    rated_at = models.DateTimeField(_("rated"))

    class Meta:
        ordering: ClassVar = ["-rated_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "rated_by", "quarter"], name="one_rating_a_quarter"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="rating_one_to_five"),
        ]
        verbose_name = _("village's rating")
        verbose_name_plural = _("villages' ratings")

    def __str__(self) -> str:
        return f"{self.post} {self.stars}"
