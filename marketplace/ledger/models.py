"""Double entry in three units: yuan (CNY), service minutes (XMN) and points (XPT)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Floor, Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField

#: what a memo holds at most
MEMO_LENGTH = 200


class Unit(models.TextChoices):
    YUAN = "CNY", _("yuan")
    MINUTE = "XMN", _("service minutes")
    POINT = "XPT", _("points")


class Account(models.Model):
    """A place where one unit is kept.

    ``balance`` = credits − debits; only the trigger of a transfer moves it, under the row's lock. ``holder`` names whom
    it belongs to (``user:12``, ``organisation:3``, ``budget:7``, ``system``): the ledger knows no room beside it.
    """

    code = models.CharField(_("code"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=160)
    unit = models.CharField(_("unit"), max_length=3, choices=Unit.choices)
    holder = models.CharField(_("holder"), max_length=40, db_index=True)
    never_negative = models.BooleanField(_("never below zero"), default=True)
    balance = models.DecimalField(_("balance"), max_digits=18, decimal_places=2, default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(never_negative=False) | Q(balance__gte=0),
                name="account_not_below_zero",
                violation_error_message=_("There is not enough on this account."),
            ),
            models.CheckConstraint(condition=Q(unit__in=["CNY", "XMN", "XPT"]), name="account_unit_known"),
        ]

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """``amount`` moves from ``debit`` to ``credit``. Rows never change or go; a correction is a reversal, once."""

    # Each index is paid with every posting: two in the order of a statement serve both sides, none serves what nobody
    # asks.
    debit = models.ForeignKey(
        Account, verbose_name=_("from"), on_delete=models.PROTECT, related_name="debits", db_index=False
    )
    credit = models.ForeignKey(
        Account, verbose_name=_("to"), on_delete=models.PROTECT, related_name="credits", db_index=False
    )
    amount = MoneyField(_("amount"), max_digits=18, decimal_places=2, default_currency="CNY")
    purpose = models.CharField(_("purpose"), max_length=40)
    memo = models.CharField(_("memo"), max_length=MEMO_LENGTH, blank=True)
    memo_en = models.CharField(_("memo (English)"), max_length=MEMO_LENGTH, blank=True, default="", db_default="")
    reference = models.CharField(_("concerning"), max_length=80, blank=True)
    idempotency_key = models.CharField(max_length=120)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    reverses = models.OneToOneField(
        "self", verbose_name=_("reverses"), null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        indexes: ClassVar = [
            models.Index(fields=["debit", "occurred_at", "id"], name="transfer_debit"),
            models.Index(fields=["credit", "occurred_at", "id"], name="transfer_credit"),
            models.Index(fields=["reference"], name="transfer_reference", condition=~Q(reference="")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["idempotency_key"], name="one_transfer_a_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(amount_currency="CNY")
                | Q(amount_currency__in=["XMN", "XPT"]) & Q(Exact(F("amount"), Floor("amount"))),
                name="transfer_whole_numbers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.debit_id}→{self.credit_id}"
