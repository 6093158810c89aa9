"""Sealed bids. Before opening, the tables below hold nothing that anybody could read."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from djmoney.models.fields import MoneyField

from marketplace.accounts.models import KeyHolderKey, Organisation, User
from marketplace.core.sealing import EncryptedTextField

from .models_tender import Lot, Tender
from .states import BidState


class KeyShare(models.Model):
    """One key-holder's share of a tender's private key, sealed to the holder's own key.

    ``released`` is the share sealed to the server for the minutes of the opening, wiped once the bids are open.
    """

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="key_shares")
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="key_shares")
    holder_key = models.ForeignKey(KeyHolderKey, on_delete=models.PROTECT, related_name="+")
    sealed_share = models.BinaryField()
    released = EncryptedTextField()
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["tender_id", "pk"]
        verbose_name = _("key share")
        verbose_name_plural = _("key shares")
        constraints: ClassVar = [models.UniqueConstraint(fields=["tender", "holder"], name="one_share_a_holder")]

    def __str__(self) -> str:
        return f"{self.tender.reference}: {self.holder}"


class BidDraft(models.Model):
    """A supplier's unfinished bid, encrypted at rest, gone once the bid is sealed."""

    lot = models.ForeignKey(Lot, on_delete=models.CASCADE, related_name="drafts")
    supplier = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    content = EncryptedTextField()
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["lot", "supplier"], name="one_draft_a_supplier")]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class DraftAttachment(models.Model):
    """A file of an unfinished bid (base64), encrypted at rest like the draft, gone with it."""

    draft = models.ForeignKey(BidDraft, on_delete=models.CASCADE, related_name="attachments")
    name = EncryptedTextField()
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = EncryptedTextField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["draft", "digest"], name="attached_once")]

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class Bid(models.Model):
    """A bid as received: ciphertext, its digest, its receipt. Replaceable and withdrawable until the deadline.

    ``received_at`` is the database's clock, read under the lock that an amendment of the deadline also takes; a
    trigger refuses a row whose ``received_at`` lies after the tender's deadline.
    """

    STATE_TONES: ClassVar = {
        "sealed": "go",
        "replaced": "neutral",
        "withdrawn": "neutral",
        "opened": "go",
        "invalid": "stop",
    }

    receipt_id = models.UUIDField(_("receipt"), default=uuid.uuid4, unique=True, editable=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="bids")
    supplier = models.ForeignKey(
        Organisation, verbose_name=_("supplier"), on_delete=models.PROTECT, related_name="bids"
    )
    submitted_by = models.ForeignKey(User, verbose_name=_("submitted by"), on_delete=models.PROTECT, related_name="+")
    sealed_content = models.BinaryField()
    digest = models.CharField(_("digest of the sealed content"), max_length=64)
    receipt = models.JSONField(_("receipt"), default=dict)
    request_key = models.UUIDField(unique=True)
    received_at = models.DateTimeField(pgettext_lazy("bid", "received"))
    state = models.CharField(_("state"), max_length=10, choices=BidState.choices, default=BidState.SEALED)
    ended_at = models.DateTimeField(_("replaced or withdrawn"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["lot_id", "received_at", "pk"]
        verbose_name = _("bid")
        verbose_name_plural = _("bids")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lot", "supplier"],
                condition=Q(state__in=["sealed", "opened", "invalid"]),
                name="one_live_bid_a_supplier",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["replaced", "withdrawn"]) | Q(ended_at__gte=F("received_at")),
                name="ended_bid_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"bid {self.receipt_id}"


class InvalidReason(models.TextChoices):
    """Why a bid does not count (令87 art. 63; unreadable: its bytes are not what was sealed)."""

    UNREADABLE = "unreadable", _("cannot be read: the stored bytes are not a valid bid")
    UNQUALIFIED = "unqualified", _("the bidder does not meet the conditions")
    OVER_CEILING = "over_ceiling", _("the price is above the ceiling")
    CONDITIONS = "conditions", _("it sets conditions the buyer cannot accept")
    LOW_PRICE = "low_price", _("an abnormally low price was not explained")
    OTHER = "other", _("another ground of the tender documents")


class OpenedBid(models.Model):
    """The content of a bid after the opening, and what the qualification check found.

    A bid that could not be read stands here too, without price or content, so that the opening record is whole.
    """

    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, related_name="opened")
    price = MoneyField(_("price"), max_digits=16, decimal_places=2, default_currency="CNY", null=True, default=None)
    small_or_micro = models.BooleanField(_("small or micro enterprise (letter of declaration)"), default=False)
    content = models.JSONField(_("content"))
    contact_phone = EncryptedTextField(_("contact's phone"))
    opened_at = models.DateTimeField(_("opened"))
    qualified = models.BooleanField(_("qualified"), null=True, blank=True)
    invalid_code = models.CharField(_("ground"), max_length=12, choices=InvalidReason.choices, blank=True)
    invalid_reason = models.TextField(_("why it is invalid"), blank=True)
    price_explanation = models.TextField(_("how the bidder explains a low price"), blank=True)
    checked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["bid__lot_id", "bid__received_at", "pk"]
        verbose_name = _("opened bid")
        verbose_name_plural = _("opened bids")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(qualified=False) | ~Q(invalid_code=""), name="unqualified_bid_names_ground"
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=False) | Q(qualified=False, invalid_code="unreadable"),
                name="readable_bid_has_price",
            ),
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gt=0), name="opened_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.bid} {self.price}"


class OpenedFile(models.Model):
    """A file attached to a bid, as it came out of the envelope. Rows never change or go."""

    opened_bid = models.ForeignKey(OpenedBid, on_delete=models.PROTECT, related_name="files")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("file"), max_length=120)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField(_("size in bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    data = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["opened_bid_id", "position"]
        verbose_name = _("file of a bid")
        verbose_name_plural = _("files of bids")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["opened_bid", "position"], name="one_opened_file_a_position")
        ]

    def __str__(self) -> str:
        return self.name
