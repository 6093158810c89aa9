"""Dated policies that turn confirmed minutes into subsidies, points, stars and honours; claims and payouts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from djmoney.models.fields import MoneyField

from marketplace.accounts.models import Organisation, User
from marketplace.regions.models import Region
from marketplace.timesheets.models import ServiceSession

from .states import ClaimState, PolicyState


class Policy(models.Model):
    """Rules in force in a region over a span of days.

    ``rules``: ``{"points_per_minute": "0.5", "subsidy_per_day": "120.00", "day_minutes": 240, "daily_cap_minutes": 480,
    "annual_target_minutes": 3000, "annual_target_cases": 2, "tier_uplift": {"western": "1.10", "formerly_poor": "1.20"},
    "stars": [{"level": 1, "minutes": 6000}, …]}``; numbers that are not whole are strings, read as Decimal.
    """

    STATE_TONES: ClassVar = {"draft": "wait", "adopted": "go", "replaced": "neutral", "discarded": "plain"}

    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=160, blank=True)
    instrument = models.CharField(pgettext_lazy("policy", "document"), max_length=160)
    region = models.ForeignKey(Region, verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    payer = models.ForeignKey(Organisation, verbose_name=_("paid by"), on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to (inclusive)"), null=True, blank=True)
    rules = models.JSONField(_("rules"))
    state = models.CharField(_("state"), max_length=10, choices=PolicyState.choices, default=PolicyState.DRAFT)
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    adopted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    adopted_at = models.DateTimeField(_("adopted"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-valid_from", "pk"]
        verbose_name = _("incentive policy")
        verbose_name_plural = _("incentive policies")
        constraints: ClassVar = [
            ExclusionConstraint(
                name="one_policy_a_region_and_day",
                expressions=[
                    (
                        Func(
                            F("region_id"),
                            F("region_id"),
                            function="int8range",
                            template="%(function)s(%(expressions)s, '[]')",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("valid_from"),
                            F("valid_to"),
                            function="daterange",
                            template="%(function)s(%(expressions)s, '[]')",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state="adopted"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "discarded"]) | Q(adopted_by__isnull=False, adopted_at__isnull=False),
                name="adopted_policy_has_adopter",
            ),
            models.CheckConstraint(condition=~Q(adopted_by=F("drafted_by")), name="drafter_does_not_adopt"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="policy_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class EntitlementKind(models.TextChoices):
    MINUTES = "minutes", _("volunteer time")
    POINTS = "points", _("points")
    SUBSIDY = "subsidy", _("subsidy")


class Entitlement(models.Model):
    """What one confirmed session (or one day of sessions, for a subsidy) gave to a person under one policy. Never changed."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="entitlements")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="entitlements")
    session = models.ForeignKey(ServiceSession, on_delete=models.PROTECT, related_name="entitlements")
    kind = models.CharField(max_length=8, choices=EntitlementKind.choices)
    service_date = models.DateField(_("day of service"))
    amount = MoneyField(_("amount"), max_digits=18, decimal_places=2, default_currency="CNY")
    explanation = models.JSONField(default=dict)
    transfer_id = models.BigIntegerField(_("ledger transfer"))
    granted_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-service_date", "-pk"]
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "kind"], name="one_entitlement_a_session_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.kind} {self.amount}"


class StarGrant(models.Model):
    """A star level reached, with the minutes that carried it."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="stars")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(_("stars"))
    minutes = models.PositiveIntegerField(_("minutes reached"))
    granted_at = models.DateTimeField(_("granted"))

    class Meta:
        ordering: ClassVar = ["person_id", "-level"]
        verbose_name = _("star")
        verbose_name_plural = _("stars")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "level"], name="one_star_level_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.level}★"


class PayoutClaim(models.Model):
    """A person's claim to have a subsidy balance paid; one officer approves, a finance officer pays."""

    STATE_TONES: ClassVar = {"submitted": "wait", "approved": "wait", "paid": "go", "returned": "stop"}

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="payout_claims")
    payer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    amount = MoneyField(_("amount"), max_digits=16, decimal_places=2, default_currency="CNY")
    state = models.CharField(_("state"), max_length=10, choices=ClaimState.choices, default=ClaimState.SUBMITTED)
    request_key = models.UUIDField(unique=True)
    submitted_at = models.DateTimeField(_("submitted"))
    approved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    paid_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering: ClassVar = ["-submitted_at", "-pk"]
        verbose_name = _("payout claim")
        verbose_name_plural = _("payout claims")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "payer"], condition=Q(state__in=["submitted", "approved"]), name="one_open_claim"
            ),
            models.CheckConstraint(condition=~Q(approved_by=F("person")), name="nobody_approves_own_claim"),
            models.CheckConstraint(condition=~Q(paid_by=F("approved_by")), name="payer_is_not_approver"),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.amount}"
