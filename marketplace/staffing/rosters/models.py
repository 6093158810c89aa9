"""Rosters with their shifts, offers, deals, duties and swaps.

The database keeps the places: a trigger counts the duties that hold a place of a shift into ``taken``, which never passes
``places``, and writes each duty's ``period`` from its shift.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Specialty, SpokenLanguage, User
from marketplace.contracts.models import Contract, Post
from marketplace.core.i18n import localized
from marketplace.regions.models import Region
from marketplace.timesheets.models import Capacity, PersonRange
from volunteers.models import Opportunity, SignUp
from volunteers.models import Shift as VolunteerShift

from .states import DealState, DutyState, RosterState, SwapState, words_of_reason


class Roster(models.Model):
    """The shifts of a period of a contract, or of a call for volunteers.

    ``volunteers_welcome``: beside the supplier's lawyers, volunteers near by may offer for shifts that need no lawyer.
    ``skills`` everybody who comes must know, of ``languages`` one. Nobody serves more than ``day_minutes`` a day and
    ``most_minutes`` in all (None: no limit), rests less than ``rest_minutes`` between two shifts, or comes from farther than
    ``radius_minutes``.
    """

    STATE_TONES: ClassVar = {
        "draft": "neutral",
        "open": "go",
        "closed": "wait",
        "published": "go",
        "cancelled": "stop",
    }

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, null=True, blank=True, related_name="rosters"
    )
    opportunity = models.ForeignKey(
        Opportunity,
        verbose_name=_("call for volunteers"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rosters",
    )
    region = models.ForeignKey(Region, verbose_name=_("place"), on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (inclusive)"))
    volunteers_welcome = models.BooleanField(_("open to volunteers"), default=False)
    skills = ArrayField(
        models.CharField(max_length=16, choices=Specialty.choices),
        default=list,
        blank=True,
        verbose_name=_("required fields of law"),
    )
    languages = ArrayField(
        models.CharField(max_length=3, choices=SpokenLanguage.choices),
        default=list,
        blank=True,
        verbose_name=_("languages"),
    )
    day_minutes = models.PositiveIntegerField(_("daily limit (minutes)"), default=480)
    most_minutes = models.PositiveIntegerField(_("total limit (minutes)"), null=True, blank=True)
    rest_minutes = models.PositiveSmallIntegerField(_("rest between two shifts (minutes)"), default=30)
    radius_minutes = models.PositiveSmallIntegerField(_("longest journey (minutes, one way)"), default=90)
    offers_until = models.DateTimeField(_("offers close"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=RosterState.choices, default=RosterState.DRAFT)
    cancel_reason = models.TextField(_("why it was cancelled"), blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("made"))

    class Meta:
        ordering: ClassVar = ["-starts_on", "-pk"]
        verbose_name = _("duty roster")
        verbose_name_plural = _("duty rosters")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(contract__isnull=False, opportunity__isnull=True)
                | Q(contract__isnull=True, opportunity__isnull=False),
                name="roster_of_one_thing",
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="roster_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(state__in=["open", "closed", "published"]) | Q(offers_until__isnull=False),
                name="open_roster_has_deadline",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(cancel_reason=""), name="cancelled_roster_says_why"
            ),
            models.UniqueConstraint(
                fields=["opportunity"], condition=~Q(state="cancelled"), name="one_roster_an_opportunity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.starts_on}"

    @property
    def subject(self) -> Contract | Opportunity:
        """What it is for."""
        found = self.contract or self.opportunity
        if found is None:
            raise ValueError("a roster of nothing")
        return found

    @property
    def title(self) -> str:
        return localized(self.subject, "title")

    @property
    def why_cancelled(self) -> str:
        """``cancel_reason`` in words."""
        return str(words_of_reason(self.cancel_reason))


class RosterShift(models.Model):
    """A time at the roster's place with so many places. ``taken`` is kept by the database, nobody writes it.

    ``volunteer_shift`` is the shift of the call for volunteers that it stands for.
    """

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="shifts")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    places = models.PositiveSmallIntegerField(_("places"))
    taken = models.PositiveSmallIntegerField(_("taken"), default=0)
    lawyer_needed = models.BooleanField(_("lawyer required"), default=True)
    volunteer_shift = models.ForeignKey(
        VolunteerShift, on_delete=models.PROTECT, null=True, blank=True, related_name="roster_shifts"
    )

    class Meta:
        ordering: ClassVar = ["starts_at", "-lawyer_needed", "pk"]
        verbose_name = _("shift of a roster")
        verbose_name_plural = _("shifts of a roster")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(taken__lte=F("places")),
                name="roster_shift_not_oversold",
                violation_error_message=_("All places of this shift are taken."),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="roster_shift_ends_after_start"),
            models.CheckConstraint(condition=Q(places__gte=1), name="roster_shift_has_places"),
            models.UniqueConstraint(
                fields=["roster", "starts_at", "ends_at", "lawyer_needed"],
                condition=Q(volunteer_shift__isnull=True),
                name="one_roster_shift_a_time",
            ),
            models.UniqueConstraint(fields=["roster", "volunteer_shift"], name="one_roster_shift_a_volunteer_shift"),
        ]

    def __str__(self) -> str:
        return f"{self.roster_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def free_places(self) -> int:
        return self.places - self.taken

    @property
    def back_until(self) -> date:
        """The last day on which whoever confirmed can give it back."""
        return timezone.localdate(self.starts_at) - timedelta(days=1)

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


class Offer(models.Model):
    """One person's word on a roster: on what footing, and how much in all at most (None: as much as the roster allows)."""

    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="offers")
    person = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="roster_offers")
    capacity = models.CharField(_("capacity"), max_length=12, choices=Capacity.choices)
    most_minutes = models.PositiveIntegerField(_("total limit (minutes)"), null=True, blank=True)
    offered_at = models.DateTimeField(_("offered"))

    class Meta:
        ordering: ClassVar = ["offered_at", "pk"]
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["roster", "person"], name="one_offer_a_person")]

    def __str__(self) -> str:
        return f"{self.person} · {self.roster}"


class OfferedShift(models.Model):
    """A shift that a person can take, and since when: the waiting order."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="offered")
    shift = models.ForeignKey(RosterShift, on_delete=models.PROTECT, related_name="offered")
    since = models.DateTimeField(_("offered"))

    class Meta:
        ordering: ClassVar = ["since", "pk"]
        verbose_name = _("offered shift")
        verbose_name_plural = _("offered shifts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["offer", "shift"], name="one_offer_a_shift")]


#: columns that grow with shifts and people: fetched by whoever needs them
DOCUMENTS = ("problem", "result")


class DealManager(models.Manager["Deal"]):
    def get_queryset(self) -> models.QuerySet[Deal]:
        return super().get_queryset().defer(*DOCUMENTS)


class Deal(models.Model):
    """One computation over a roster's free places: the frozen problem, its digest, the answer and its proof.

    ``problem`` is the document of ``matching.shifts`` (shifts and people by primary key); ``parameters`` say what its masks stand
    for, which offers were left out and why, and what is kept. ``repair``: a plan was sent before; who confirmed or may still
    answer stays.
    """

    STATE_TONES: ClassVar = {
        "queued": "wait",
        "running": "wait",
        "done": "go",
        "sent": "go",
        "failed": "stop",
        "cancelled": "stop",
    }

    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="deals")
    repair = models.BooleanField(_("gap filling"), default=False)
    parameters = models.JSONField(_("parameters"), default=dict)
    problem = models.JSONField(_("data"), default=dict)
    digest = models.CharField(_("digest of the data"), max_length=64)
    result = models.JSONField(_("result"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=DealState.choices, default=DealState.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress (percent)"), default=0)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = DealManager()

    class Meta:
        ordering: ClassVar = ["-requested_at", "-pk"]
        base_manager_name = "objects"
        verbose_name = _("shift allocation")
        verbose_name_plural = _("shift allocations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["roster"],
                condition=Q(state__in=["queued", "running"]),
                name="one_deal_at_a_time",
                violation_error_message=_(
                    "The shifts of this roster are already being allocated. Wait for the result."
                ),
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="deal_progress_is_percent"),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "sent"]) | Q(finished_at__isnull=False, progress=100),
                name="done_deal_is_finished",
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_deal_says_why"),
        ]

    def __str__(self) -> str:
        return f"deal {self.pk} of roster {self.roster_id}"


class Duty(models.Model):
    """A person on a shift: dealt by ``deal``, or taken over from a colleague (``takes_over``).

    ``post`` is the contract's seat for which a lawyer serves; ``sign_up`` the place at the call for volunteers.
    """

    STATE_TONES: ClassVar = {
        "computed": "neutral",
        "proposed": "wait",
        "confirmed": "go",
        "declined": "neutral",
        "expired": "stop",
        "withdrawn": "neutral",
        "given_back": "stop",
        "handed_over": "neutral",
    }

    shift = models.ForeignKey(RosterShift, on_delete=models.PROTECT, related_name="duties")
    person = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="duties")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="duties")
    takes_over = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="taken_over_by"
    )
    capacity = models.CharField(_("capacity"), max_length=12, choices=Capacity.choices)
    period = DateTimeRangeField(_("from – to"))
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, blank=True, related_name="duties")
    sign_up = models.ForeignKey(SignUp, on_delete=models.PROTECT, null=True, blank=True, related_name="duties")
    travel_minutes = models.PositiveSmallIntegerField(_("travel (minutes, one way)"), default=0)
    reason = models.JSONField(_("reasons of the choice"), default=dict)
    state = models.CharField(_("state"), max_length=12, choices=DutyState.choices, default=DutyState.COMPUTED)
    respond_by = models.DateTimeField(_("answer due"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    note = models.TextField(_("reason given"), blank=True)

    class Meta:
        ordering: ClassVar = ["period", "pk"]
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        indexes: ClassVar = [
            models.Index(fields=["person", "state"], name="duty_person_state"),
            models.Index(fields=["respond_by"], condition=Q(state="proposed"), name="duty_overdue"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shift", "person"],
                condition=Q(state__in=["proposed", "confirmed"]),
                name="nobody_twice_in_a_shift",
            ),
            models.UniqueConstraint(fields=["deal", "shift", "person"], name="one_duty_a_deal_and_shift"),
            ExclusionConstraint(
                name="no_two_duties_at_once",
                expressions=[(PersonRange(), RangeOperators.OVERLAPS), ("period", RangeOperators.OVERLAPS)],
                condition=Q(state="confirmed"),
                violation_error_message=_("You have another duty at that time."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "declined", "expired"]) | Q(respond_by__isnull=False),
                name="proposed_duty_has_deadline",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "declined"]) | Q(answered_at__isnull=False),
                name="answered_duty_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["declined", "given_back"]) | ~Q(note=""), name="refused_duty_says_why"
            ),
            models.CheckConstraint(
                condition=Q(deal__isnull=False) | Q(takes_over__isnull=False), name="duty_comes_from_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.shift}"

    @property
    def note_words(self) -> str:
        """``note``, or why the clock ended the duty."""
        return str(words_of_reason(self.note))


class Swap(models.Model):
    """A request to a colleague who offered for the shift: take ``duty`` over, and let me have ``in_return``, if that is set."""

    STATE_TONES: ClassVar = {"asked": "wait", "agreed": "go", "refused": "stop", "withdrawn": "neutral"}

    duty = models.ForeignKey(Duty, on_delete=models.PROTECT, related_name="swaps")
    colleague = models.ForeignKey(
        User, verbose_name=_("colleague"), on_delete=models.PROTECT, related_name="swaps_asked"
    )
    in_return = models.ForeignKey(Duty, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    message = models.TextField(_("message"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=SwapState.choices, default=SwapState.ASKED)
    asked_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]
        verbose_name = _("swap of duties")
        verbose_name_plural = _("swaps of duties")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["duty"], condition=Q(state="asked"), name="one_swap_asked_a_duty"),
            models.CheckConstraint(
                condition=Q(state="asked") | Q(answered_at__isnull=False), name="answered_swap_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duty} → {self.colleague}"
