"""Assignment runs and what came of them: who was proposed for which post, why, what the person answered, which posts stayed
empty, and scenarios beside a run."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract, Post

# Django looks for a room's models here.
from .models_teams import Quarrel, TeamTerms
from .rosters.models import Deal, Duty, Offer, OfferedShift, Roster, RosterShift, Swap
from .states import AssignmentState, PartState, RunKind, RunShape, RunState, ScenarioState

__all__ = [
    "Assignment",
    "AssignmentRun",
    "Deal",
    "Duty",
    "EmptyPost",
    "Offer",
    "OfferedShift",
    "Quarrel",
    "Roster",
    "RosterShift",
    "RunPart",
    "Scenario",
    "Swap",
    "TeamTerms",
]

#: columns that grow with posts and people: fetched by whoever needs them, never with a row
DOCUMENTS = ("problem", "result", "before", "fairness")
#: rounds that may follow by themselves
MOST_ROUNDS_BY_THEMSELVES = 5


def without_documents(relation: str) -> list[str]:
    """What to defer of runs that are joined: ``rows.select_related("run").defer(*without_documents("run"))``."""
    return [f"{relation}__{column}" for column in DOCUMENTS]


class RunManager(models.Manager["AssignmentRun"]):
    def get_queryset(self) -> models.QuerySet[AssignmentRun]:
        return super().get_queryset().defer(*DOCUMENTS)


class AssignmentRun(models.Model):
    """One computation over a contract's vacant posts: the frozen problem, its digest, the answer and its proof.

    ``problem`` is the document of ``matching.problem.Problem`` (posts and people by primary key) and ``digest`` its
    SHA-256: the run can be replayed. ``parameters`` says what was asked and what its masks stand for (see ``freezing``),
    ``result`` what was found (see ``computing``), ``summary`` the part of it that pages show. ``attempts`` counts the starts: a
    worker that is killed leaves the run to the next one.

    A **repair** ``follows`` the run published before it: whoever accepted or may still answer keeps the post. ``before`` says how
    it stood when the problem was frozen: ``kept`` ([post, person] pairs), ``left`` (post → the assignment that had ended).
    ``rounds_left`` repairs may follow by themselves once all have answered; ``automated_by`` decided so. ``automatic``: this
    one began by itself.

    A run of the shape ``team`` deals the seats of one team: its ``problem`` is the document of ``teams.frozen.TeamDeal``, which
    may span contracts that share people; each of these has a run of its own with the same ``digest``.
    """

    STATE_TONES: ClassVar = {
        "queued": "wait",
        "running": "wait",
        "done": "go",
        "published": "go",
        "failed": "stop",
        "cancelled": "stop",
    }

    contract = models.ForeignKey(Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="runs")
    parameters = models.JSONField(_("parameters"), default=dict)
    problem = models.JSONField(_("data"), default=dict)
    digest = models.CharField(_("digest of the data"), max_length=64, blank=True)
    result = models.JSONField(_("result"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress (percent)"), default=0)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=RunKind.choices, default=RunKind.FULL)
    shape = models.CharField(_("what is allocated"), max_length=5, choices=RunShape.choices, default=RunShape.POSTS)
    follows = models.ForeignKey(
        "self",
        verbose_name=_("fills the gaps of"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="repairs",
    )
    automatic = models.BooleanField(_("started automatically"), default=False)
    rounds_left = models.PositiveSmallIntegerField(_("automatic gap fillings left"), default=0)
    automated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    before = models.JSONField(_("how it stood before"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    fairness = models.JSONField(_("fairness"), default=dict)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = RunManager()

    class Meta:
        ordering: ClassVar = ["-requested_at", "-pk"]
        base_manager_name = "objects"
        verbose_name = _("computation")
        verbose_name_plural = _("computations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(state__in=["queued", "running"]),
                name="one_run_at_a_time",
                violation_error_message=_("A computation for this contract is already under way. Wait for its result."),
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="run_progress_is_percent"),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "published"]) | Q(finished_at__isnull=False, progress=100),
                name="done_run_is_finished",
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_run_says_why"),
            models.UniqueConstraint(fields=["follows"], condition=Q(automatic=True), name="one_repair_by_itself_a_run"),
            models.CheckConstraint(
                condition=Q(kind="repair", follows__isnull=False)
                | Q(kind="full", follows__isnull=True, automatic=False),
                name="repair_follows_a_run",
            ),
            models.CheckConstraint(
                condition=Q(rounds_left=0) | Q(rounds_left__lte=MOST_ROUNDS_BY_THEMSELVES, automated_by__isnull=False),
                name="rounds_are_few_and_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.contract.number}"

    @property
    def repaired_by(self) -> AssignmentRun | None:
        """The latest repair of this plan whose proposals were sent: what is shown here is then of the past. One query."""
        return self.repairs.filter(state=RunState.PUBLISHED).first()


class RunPart(models.Model):
    """Posts of a run with which no other post shares anybody, and all who could serve them: computed by itself.

    ``posts`` and ``people`` are primary keys. ``outcome`` is what was found (see ``computing_parts``), until the run is put
    together.
    """

    STATE_TONES: ClassVar = {"queued": "wait", "running": "wait", "done": "go", "cancelled": "stop"}

    run = models.ForeignKey(AssignmentRun, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveSmallIntegerField(_("part"))
    posts = models.JSONField(_("posts"))
    people = models.JSONField(_("lawyers in the computation"))
    post_count = models.PositiveIntegerField(_("number of posts"))
    state = models.CharField(_("state"), max_length=10, choices=PartState.choices, default=PartState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    outcome = models.JSONField(_("what was found"), null=True, blank=True)
    asked_at = models.DateTimeField(_("handed to a worker"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["run_id", "number"]
        verbose_name = _("part of a computation")
        verbose_name_plural = _("parts of computations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="one_part_a_number"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False), name="done_part_is_finished"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(started_at__isnull=False), name="running_part_has_begun"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class Assignment(models.Model):
    """A person proposed for a post by a run. ``reason`` says why this person, and who would have been next.

    ``replaces`` is the assignment that had left the post free, if there was one. ``team`` is the contract of whose team the post
    is a seat; None for a village.
    """

    STATE_TONES: ClassVar = {
        "computed": "neutral",
        "proposed": "wait",
        "accepted": "go",
        "declined": "neutral",
        "expired": "stop",
        "withdrawn": "neutral",
        "ended": "neutral",
    }

    run = models.ForeignKey(AssignmentRun, on_delete=models.PROTECT, related_name="assignments")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="assignments")
    team = models.ForeignKey(Contract, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cost = models.PositiveIntegerField(_("cost"))
    travel_minutes = models.PositiveSmallIntegerField(_("travel (minutes, one way)"))
    reason = models.JSONField(_("reasons of the choice"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=AssignmentState.choices, default=AssignmentState.COMPUTED
    )
    respond_by = models.DateTimeField(_("answer due"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer_note = models.TextField(_("reason given"), blank=True)
    replaces = models.ForeignKey(
        "self",
        verbose_name=_("takes over from"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
    )

    class Meta:
        ordering: ClassVar = ["run_id", "post_id"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "post"], name="one_assignment_a_post_and_run"),
            models.UniqueConstraint(
                fields=["post"], condition=Q(state__in=["proposed", "accepted"]), name="one_live_assignment_a_post"
            ),
            models.UniqueConstraint(
                fields=["run", "person"], condition=Q(team__isnull=False), name="one_seat_a_person_and_team_run"
            ),
            models.UniqueConstraint(
                fields=["team", "person"],
                condition=Q(state__in=["proposed", "accepted"]),
                name="one_live_seat_a_person_and_team",
            ),
            models.CheckConstraint(condition=~Q(state="declined") | ~Q(answer_note=""), name="declined_with_reason"),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "accepted", "declined", "expired"]) | Q(respond_by__isnull=False),
                name="proposal_has_deadline",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "declined"]) | Q(answered_at__isnull=False),
                name="answer_has_its_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "state"], name="assignment_person_state"),
            models.Index(fields=["respond_by"], condition=Q(state="proposed"), name="assignment_overdue"),
        ]

    def __str__(self) -> str:
        return f"{self.person} → {self.post}"


class EmptyPost(models.Model):
    """A post that a run left empty. ``because`` and ``reason`` (``eligible``, ``alternatives``, ``barred``) say why."""

    class Because(models.TextChoices):
        NO_PEOPLE = "no_people", _("no lawyer could be asked at all")
        BARRED = "barred", _("nobody could be asked for it")
        FULL = "full", _("all within reach are needed elsewhere")
        # Of seats, all empty for one reason: the first rule that no team could keep (matching.teams.reasons.TeamLimit).
        PEOPLE = "people", _("fewer people could be asked than there are seats")
        SPECIALTY = "specialty", _("nobody who could be asked covers a field of law that is needed")
        SENIOR = "senior", _("too few people with the years of practice")
        SEATS = "seats", _("so few seats cannot cover all that is needed")
        QUARREL = "quarrel", _("only people who may not sit together would do")
        BUSY = "busy", _("who could complete the team sits in others")
        COST = "cost", _("no team was found")

    run = models.ForeignKey(AssignmentRun, on_delete=models.PROTECT, related_name="empty_posts")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="empty_in")
    because = models.CharField(_("why"), max_length=9, choices=Because.choices)
    reason = models.JSONField(_("reasons"), default=dict)
    replaces = models.ForeignKey(
        Assignment, verbose_name=_("takes over from"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["run_id", "post_id"]
        verbose_name = _("post not filled")
        verbose_name_plural = _("posts not filled")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "post"], name="one_emptiness_a_post_and_run")]

    def __str__(self) -> str:
        return f"{self.post}: {self.because}"


class Scenario(models.Model):
    """What would be if: a run's frozen problem with ``changes`` (see ``scenarios``), computed beside it. No real post is touched.

    ``result`` holds figures like those of ``AssignmentRun.summary``, ``plan`` who would serve each post. ``digest`` names the
    changed problem.
    """

    STATE_TONES: ClassVar = {"queued": "wait", "running": "wait", "done": "go", "failed": "stop"}

    run = models.ForeignKey(AssignmentRun, on_delete=models.PROTECT, related_name="scenarios")
    name = models.CharField(_("name"), max_length=80)
    changes = models.JSONField(_("changes"), default=list)
    digest = models.CharField(_("digest of the data"), max_length=64, blank=True)
    result = models.JSONField(_("result"), default=dict)
    plan = models.JSONField(_("who would serve where"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=ScenarioState.choices, default=ScenarioState.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress (percent)"), default=0)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["requested_at", "pk"]
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "name"],
                name="one_scenario_a_name",
                violation_error_message=_("This run has a scenario of that name. Choose another."),
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="scenario_progress_is_percent"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False, progress=100),
                name="done_scenario_is_finished",
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_scenario_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.run})"
