"""Volunteers, opportunities with their shifts, sign-ups and waiting lists."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import CredentialKind, Organisation, Specialty, SpokenLanguage, User
from marketplace.core.sealing import EncryptedTextField
from marketplace.regions.models import Region

from .states import OpportunityState, SignUpState


class VolunteerProfile(models.Model):
    """A person who wants to help: near where, with what, in which languages. Opt-in, and out again."""

    user = models.OneToOneField(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="volunteer")
    region = models.ForeignKey(Region, verbose_name=_("near"), on_delete=models.PROTECT, related_name="+")
    skills = ArrayField(
        models.CharField(max_length=16, choices=Specialty.choices),
        default=list,
        blank=True,
        verbose_name=_("fields of law"),
    )
    languages = ArrayField(
        models.CharField(max_length=3, choices=SpokenLanguage.choices),
        default=list,
        blank=True,
        verbose_name=_("languages"),
    )
    emergency_contact = EncryptedTextField(_("emergency contact"))
    #: when the person agreed that it may be opened on the day of a shift; None: none was given, or before that was asked
    contact_agreed_at = models.DateTimeField(_("may be opened on the day since"), null=True, blank=True)
    about = models.TextField(_("about me"), blank=True)
    consented_at = models.DateTimeField(_("agreed to the volunteer rules"))
    active = models.BooleanField(_("wants to be asked"), default=True)
    joined_at = models.DateTimeField(_("joined"))
    #: What was missed before counts no more.
    readmitted_at = models.DateTimeField(_("let in again"), null=True, blank=True)

    class Meta:
        verbose_name = _("volunteer")
        verbose_name_plural = _("volunteers")

    def __str__(self) -> str:
        return str(self.user)


class OpportunityKind(models.TextChoices):
    CONSULTATION = "duty", _("legal advice")
    LECTURE = "lecture", _("law lecture")
    MEDIATION = "mediation", _("mediation")
    VISIT = "on_site", _("village visit")


class Opportunity(models.Model):
    """A call for volunteers. ``seeks_adviser_for_post`` names the contract post whose gap it fills, if any."""

    STATE_TONES: ClassVar = {"draft": "neutral", "open": "go", "closed": "neutral", "cancelled": "stop"}

    organiser = models.ForeignKey(
        Organisation, verbose_name=_("organiser"), on_delete=models.PROTECT, related_name="opportunities"
    )
    host = models.ForeignKey(
        Organisation, verbose_name=_("confirms attendance"), on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=OpportunityKind.choices)
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=160, blank=True)
    description = models.TextField(_("what to do"))
    description_en = models.TextField(_("what to do, in English"), blank=True)
    region = models.ForeignKey(Region, verbose_name=_("place"), on_delete=models.PROTECT, related_name="+")
    #: house, room or landmark: everybody may read it
    meeting_point = models.CharField(_("where to meet"), max_length=200, blank=True, default="", db_default="")
    meeting_point_en = models.CharField(
        _("where to meet, in English"), max_length=240, blank=True, default="", db_default=""
    )
    #: whom to call on the day: for those who have signed up (``rules.can_call``)
    contact_phone = EncryptedTextField(_("telephone for questions"))
    required_credential = models.CharField(
        _("required credential"), max_length=12, choices=CredentialKind.choices, blank=True
    )
    skills = ArrayField(
        models.CharField(max_length=16, choices=Specialty.choices),
        default=list,
        blank=True,
        verbose_name=_("preferred fields of law"),
    )
    languages = ArrayField(
        models.CharField(max_length=3, choices=SpokenLanguage.choices),
        default=list,
        blank=True,
        verbose_name=_("preferred languages"),
    )
    subsidised = models.BooleanField(
        _("subsidised by the day"),
        default=False,
        help_text=_("Time is paid a subsidy under the policy in force, and then counts as no volunteer hour."),
    )
    seeks_adviser_for_post = models.BigIntegerField(null=True, blank=True, db_index=True)
    state = models.CharField(
        _("state"), max_length=10, choices=OpportunityState.choices, default=OpportunityState.DRAFT
    )
    #: Closed by the answer; the organiser may still call it off.
    answered_at = models.DateTimeField(_("what it sought was found"), null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("volunteer opportunity")
        verbose_name_plural = _("volunteer opportunities")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seeks_adviser_for_post"], condition=Q(state__in=["draft", "open"]), name="one_open_call_a_post"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(state__in=["closed", "cancelled"]),
                name="answered_call_is_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Shift(models.Model):
    """A time at an opportunity with so many places. ``taken`` counts confirmed, offered and attended people."""

    opportunity = models.ForeignKey(Opportunity, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    places = models.PositiveSmallIntegerField(_("places"))
    taken = models.PositiveSmallIntegerField(_("taken"), default=0)

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(taken__lte=F("places")), name="shift_not_oversold"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_start"),
            models.CheckConstraint(condition=Q(places__gte=1), name="shift_has_places"),
        ]

    def __str__(self) -> str:
        return f"{self.opportunity} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def free_places(self) -> int:
        return self.places - self.taken


class SignUp(models.Model):
    """One person's place, or place in the queue, at one shift. The queue's order is the primary key."""

    STATE_TONES: ClassVar = {
        "confirmed": "go",
        "waiting": "wait",
        "offered": "wait",
        "cancelled": "neutral",
        "lapsed": "neutral",
        "attended": "go",
        "missed": "stop",
    }

    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="sign_ups")
    volunteer = models.ForeignKey(User, verbose_name=_("volunteer"), on_delete=models.PROTECT, related_name="sign_ups")
    state = models.CharField(_("state"), max_length=10, choices=SignUpState.choices)
    signed_up_at = models.DateTimeField(_("signed up"))
    offer_until = models.DateTimeField(_("offer stands until"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    session_id = models.BigIntegerField(_("service record"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["shift_id", "pk"]
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        indexes: ClassVar = [models.Index(fields=["shift", "state", "id"], name="sign_up_queue")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shift", "volunteer"],
                condition=~Q(state__in=["cancelled", "lapsed"]),
                name="one_live_sign_up",
                violation_error_message=_("You are already signed up for this shift."),
            ),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offer_until__isnull=False), name="offer_has_deadline"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.volunteer} · {self.shift}"
