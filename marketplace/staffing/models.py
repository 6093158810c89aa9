"""Assignment runs and what came of them: who was proposed for which post, why, and what the person answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract, Post

from .states import AssignmentState, RunState


class AssignmentRun(models.Model):
    """One computation over a contract's vacant posts: the frozen problem, its digest, the answer and its proof.

    ``problem`` is the document of ``matching.problem.Problem`` (posts and people by primary key) and ``digest`` its
    SHA-256: the run can be replayed. ``parameters`` says what was asked and what its masks stand for (see ``freezing``),
    ``result`` what was found (see ``computing``). ``attempts`` counts the starts: a worker that is killed leaves the run to
    the next one.
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
    problem = models.JSONField(_("problem"), default=dict)
    digest = models.CharField(_("digest of the problem"), max_length=64, blank=True)
    result = models.JSONField(_("result"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress (percent)"), default=0)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-requested_at", "-pk"]
        verbose_name = _("assignment run")
        verbose_name_plural = _("assignment runs")
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
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.contract.number}"


class Assignment(models.Model):
    """A person proposed for a post by a run. ``reason`` says why this person, and who would have been next."""

    STATE_TONES: ClassVar = {
        "computed": "neutral",
        "proposed": "wait",
        "accepted": "go",
        "declined": "stop",
        "expired": "stop",
        "withdrawn": "neutral",
        "ended": "neutral",
    }

    run = models.ForeignKey(AssignmentRun, on_delete=models.PROTECT, related_name="assignments")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="assignments")
    cost = models.PositiveIntegerField(_("cost"))
    travel_minutes = models.PositiveSmallIntegerField(_("travel (minutes one way)"))
    reason = models.JSONField(_("reasons of the choice"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=AssignmentState.choices, default=AssignmentState.COMPUTED
    )
    respond_by = models.DateTimeField(_("answer due"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer_note = models.TextField(_("reason given"), blank=True)

    class Meta:
        ordering: ClassVar = ["run_id", "post_id"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "post"], name="one_assignment_a_post_and_run"),
            models.UniqueConstraint(
                fields=["post"], condition=Q(state__in=["proposed", "accepted"]), name="one_live_assignment_a_post"
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
