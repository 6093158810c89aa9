"""Who served whom, where, when. One clock hour of a person is recorded once."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.accounts.models import Organisation, User
from marketplace.regions.models import Region

from .states import SessionState


class Capacity(models.TextChoices):
    """On what footing a person served: the three exclude each other for one minute."""

    CONTRACT = "contract", _("under contract (paid)")
    SUBSIDISED = "subsidised", _("subsidised")
    VOLUNTEER = "volunteer", pgettext_lazy("capacity", "volunteer")


class SessionKind(models.TextChoices):
    """Agrees with the kinds of a standard's obligations, so that sessions can be counted against it."""

    ON_SITE = "on_site", _("service in the village")
    REMOTE = "remote", _("remote answer")
    LECTURE = "lecture", _("law lecture")
    DUTY = "duty", _("duty")
    MEDIATION = "mediation", _("mediation")
    CASE = "case", _("case work")


class PersonRange(Func):
    """``int8range(person, person, '[]')``: equality as an overlap, which GiST indexes without an extension."""

    function = "int8range"
    template = "%(function)s(%(expressions)s, '[]')"

    def __init__(self) -> None:
        super().__init__(F("person_id"), F("person_id"))


class ServiceSession(models.Model):
    """One interval of service by one person in one place.

    ``period`` is half-open. ``claimed_minutes`` is what the person reported and never changes after confirmation;
    ``decided_minutes`` is what counts. ``subject_kind``/``subject_id`` name what it was for (``contracts.post``,
    ``volunteers.shift``): this room knows no room above it.
    """

    STATE_TONES: ClassVar = {
        "open": "go",
        "reported": "wait",
        "confirmed": "go",
        "disputed": "stop",
        "rejected": "stop",
        "withdrawn": "neutral",
    }

    person = models.ForeignKey(
        User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="service_sessions"
    )
    capacity = models.CharField(_("capacity"), max_length=12, choices=Capacity.choices)
    kind = models.CharField(_("kind"), max_length=12, choices=SessionKind.choices)
    region = models.ForeignKey(Region, verbose_name=_("place served"), on_delete=models.PROTECT, related_name="+")
    host = models.ForeignKey(
        Organisation,
        verbose_name=_("confirmed by"),
        on_delete=models.PROTECT,
        related_name="hosted_sessions",
    )
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    period = DateTimeRangeField(_("from – to"))
    claimed_minutes = models.PositiveIntegerField(_("reported minutes"), default=0)
    decided_minutes = models.PositiveIntegerField(_("counted minutes"), null=True, blank=True)
    people_served = models.PositiveIntegerField(_("people served"), default=0)
    summary = models.TextField(_("what was done"), blank=True)
    checked_in = models.BooleanField(_("checked in on the spot"), default=False)
    state = models.CharField(_("state"), max_length=12, choices=SessionState.choices)
    reported_at = models.DateTimeField(_("reported"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, verbose_name=_("decided by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    objection = models.TextField(_("objection"), blank=True, default="", db_default="")
    answer = models.TextField(_("reply"), blank=True, default="", db_default="")
    decision_note = models.TextField(_("note"), blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-period", "-pk"]
        verbose_name = _("service record")
        verbose_name_plural = _("service records")
        indexes: ClassVar = [
            models.Index(fields=["subject_kind", "subject_id", "state"], name="session_subject"),
            models.Index(fields=["host", "state"], name="session_host"),
            models.Index(fields=["person", "state"], name="session_person"),
            models.Index(fields=["region", "state"], name="session_region"),
        ]
        constraints: ClassVar = [
            ExclusionConstraint(
                name="one_clock_hour_once",
                expressions=[(PersonRange(), RangeOperators.OVERLAPS), ("period", RangeOperators.OVERLAPS)],
                condition=~Q(state__in=["rejected", "withdrawn"]),
                violation_error_message=_(
                    "You have already recorded service at this time. Change the times, or withdraw the other entry."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(decided_minutes__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="confirmed_session_is_decided",
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("person")), name="nobody_confirms_own_service"),
        ]

    def __str__(self) -> str:
        return f"{self.person} @ {self.region} {self.period}"
