"""The append-only record of every act, and the seals that chain it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class TransactionId(models.Func):
    """The inserting transaction's id: what tells a sealer that nothing older can still appear."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """One act: who did what to which object, when, why. Rows never change or go (a trigger says so)."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    action = models.CharField(_("act"), max_length=100)
    subject_type = models.CharField(_("kind of object"), max_length=60)
    subject_id = models.CharField(_("object"), max_length=64)
    occurred_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    reason = models.TextField(_("reason"), blank=True)
    data = models.JSONField(_("data"), default=dict)
    transaction = models.BigIntegerField(db_default=TransactionId(), editable=False)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            # Everybody reads by time: what is entered later may have happened before.
            models.Index(fields=["subject_type", "subject_id", "occurred_at", "id"], name="audit_subject"),
            models.Index(fields=["actor", "occurred_at", "id"], name="audit_actor"),
            models.Index(fields=["action", "occurred_at", "id"], name="audit_action"),
            models.Index(fields=["occurred_at", "id"], name="audit_time"),
        ]
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}:{self.subject_id}"


class Seal(models.Model):
    """A link of the chain: the digest over its events and over the seal before it."""

    number = models.PositiveBigIntegerField(primary_key=True)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    event_count = models.PositiveIntegerField()
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-number"]
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"seal {self.number}"


class SealedEvent(models.Model):
    """An event's place under a seal."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.PROTECT, related_name="sealed")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["seal_id", "position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["seal", "position"], name="one_event_a_position")]

    def __str__(self) -> str:
        return f"{self.seal_id}/{self.position}"


class Unsealed(models.Model):
    """An event that waits for its seal. A trigger puts every new event here; the sealer takes it out."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.PROTECT, related_name="unsealed")

    class Meta:
        ordering: ClassVar = ["event_id"]

    def __str__(self) -> str:
        return str(self.event_id)
