"""Evaluators, their scores, the ranking and the award."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField

from marketplace.accounts.models import User

from .models_bidding import Bid, OpenedBid
from .models_tender import Criterion, Lot, Tender
from .states import EvaluatorState, TenderState


class Evaluator(models.Model):
    """A member of the panel: drawn, declares, scores alone, hands in."""

    STATE_TONES: ClassVar = {"drawn": "wait", "declared": "go", "recused": "stop", "submitted": "go"}

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="evaluators")
    user = models.ForeignKey(User, verbose_name=_("panel member"), on_delete=models.PROTECT, related_name="evaluations")
    is_expert = models.BooleanField(_("expert (not of the buyer)"), default=True)
    is_law_expert = models.BooleanField(_("law expert"), default=False)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replacement", verbose_name=_("replaces")
    )
    draw = models.JSONField(_("how the draw was made"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=EvaluatorState.choices, default=EvaluatorState.DRAWN)
    declared_at = models.DateTimeField(_("declared"), null=True, blank=True)
    declaration = models.TextField(_("declaration"), blank=True)
    recusal_reason = models.TextField(_("why recused"), blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    reopened_at = models.DateTimeField(_("sent back for re-review"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["tender_id", "pk"]
        verbose_name = _("panel member")
        verbose_name_plural = _("panel members")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tender", "user"], name="one_seat_an_evaluator"),
            models.CheckConstraint(
                condition=~Q(state="submitted") | Q(submitted_at__isnull=False), name="submitted_scores_have_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["declared", "submitted"]) | (Q(declared_at__isnull=False) & ~Q(declaration="")),
                name="who_sees_bids_has_declared",
            ),
            models.CheckConstraint(
                condition=~Q(state="recused") | ~Q(recusal_reason=""), name="recused_evaluator_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.tender.reference}"

    @property
    def waits_for(self) -> str:
        """What this member has still to do; empty where nothing is."""
        if self.tender.state != TenderState.OPENED:
            return ""
        if self.state == EvaluatorState.DRAWN:
            return gettext("declaration awaited")
        if self.state == EvaluatorState.DECLARED:
            return gettext("points to be checked again") if self.reopened_at else gettext("points not submitted")
        return ""


class Score(models.Model):
    """One evaluator's points for one bid on one criterion. Locked once the evaluator has handed in (a trigger says so)."""

    evaluator = models.ForeignKey(Evaluator, on_delete=models.PROTECT, related_name="scores")
    opened_bid = models.ForeignKey(OpenedBid, on_delete=models.PROTECT, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="scores")
    points = models.DecimalField(_("points"), max_digits=5, decimal_places=2)
    note = models.TextField(_("reason"), blank=True)

    class Meta:
        ordering: ClassVar = ["evaluator_id", "opened_bid_id", "criterion_id"]
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluator", "opened_bid", "criterion"], name="one_score_a_cell"),
            models.CheckConstraint(condition=Q(points__gte=0, points__lte=100), name="score_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.points}"


class ReviewedScore(models.Model):
    """A member's points for an objective factor as they stood when the sheets went back. Rows never change or go.

    What became of them is the row of the next re-review, or else the score.
    """

    evaluator = models.ForeignKey(Evaluator, on_delete=models.PROTECT, related_name="reviewed_scores")
    opened_bid = models.ForeignKey(OpenedBid, on_delete=models.PROTECT, related_name="+")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    points = models.DecimalField(_("points"), max_digits=5, decimal_places=2)
    reopened_at = models.DateTimeField(_("sent back for re-review"))

    class Meta:
        ordering: ClassVar = ["reopened_at", "evaluator_id", "opened_bid_id", "criterion_id"]
        verbose_name = _("score before a re-review")
        verbose_name_plural = _("scores before a re-review")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["evaluator", "opened_bid", "criterion", "reopened_at"], name="one_reviewed_score_a_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.points}"


class BidResult(models.Model):
    """A bid's computed place, with everything needed to compute it again."""

    opened_bid = models.OneToOneField(OpenedBid, on_delete=models.PROTECT, related_name="result")
    adjusted_price = MoneyField(_("price for evaluation"), max_digits=16, decimal_places=2, default_currency="CNY")
    price_points = models.DecimalField(_("price points"), max_digits=5, decimal_places=2)
    other_points = models.DecimalField(_("other points"), max_digits=5, decimal_places=2)
    total_points = models.DecimalField(_("total"), max_digits=5, decimal_places=2)
    rank = models.PositiveSmallIntegerField(_("rank"))
    explanation = models.JSONField(_("how it was computed"), default=dict)

    class Meta:
        ordering: ClassVar = ["opened_bid__bid__lot_id", "rank", "pk"]
        verbose_name = _("result")
        verbose_name_plural = _("results")

    def __str__(self) -> str:
        return f"{self.rank}: {self.total_points}"


class FailureGround(models.TextChoices):
    """On which ground a procurement is given up; ``wording`` has the article of each method."""

    TOO_FEW = "too_few", _("too few bidders, or too few that meet the conditions")
    UNLAWFUL = "unlawful", _("unlawful acts that affect fairness")
    OVER_BUDGET = "over_budget", _("every price is above what the buyer can pay")
    CANCELLED = "cancelled", _("the task is cancelled by a major change of circumstances")


class LotFailure(models.Model):
    """A lot that ends without an award, on which ground. A lot has an award or a failure, never both."""

    lot = models.OneToOneField(Lot, on_delete=models.PROTECT, related_name="failure")
    ground = models.CharField(_("ground"), max_length=12, choices=FailureGround.choices)
    reason = models.TextField(_("reason"))
    reason_en = models.TextField(_("reason in English"), blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        ordering: ClassVar = ["lot_id"]
        verbose_name = _("failed lot")
        verbose_name_plural = _("failed lots")
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(reason=""), name="failed_lot_says_why")]

    def __str__(self) -> str:
        return f"{self.lot}: {self.get_ground_display()}"


class Award(models.Model):
    """At most one a lot. ``reasons`` is published with it."""

    lot = models.OneToOneField(Lot, on_delete=models.PROTECT, related_name="award")
    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, related_name="award")
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=2, default_currency="CNY")
    reasons = models.TextField(_("reasons"))
    reasons_en = models.TextField(_("reasons in English"), blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        ordering: ClassVar = ["lot_id"]
        verbose_name = _("award")
        verbose_name_plural = _("awards")

    def __str__(self) -> str:
        return f"{self.lot}: {self.amount}"
