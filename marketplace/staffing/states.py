"""The machines of runs and assignments."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketplace.core.states import StateTable, Transition


class RunState(TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("computing")
    DONE = "done", _("plan computed")
    PUBLISHED = "published", _("proposals sent")
    FAILED = "failed", _("did not succeed")
    CANCELLED = "cancelled", _("cancelled")


RUN = StateTable(
    "run",
    [
        Transition("start", (RunState.QUEUED, RunState.RUNNING), RunState.RUNNING),
        Transition("finish", (RunState.RUNNING,), RunState.DONE),
        Transition("fail", (RunState.QUEUED, RunState.RUNNING), RunState.FAILED),
        Transition("cancel", (RunState.QUEUED, RunState.RUNNING, RunState.DONE), RunState.CANCELLED),
        Transition("publish", (RunState.DONE,), RunState.PUBLISHED),
    ],
)


class AssignmentState(TextChoices):
    COMPUTED = "computed", _("computed, not yet sent")
    PROPOSED = "proposed", _("waiting for an answer")
    ACCEPTED = "accepted", _("accepted the proposal")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("not answered in time")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ENDED = "ended", _("ended")


ASSIGNMENT = StateTable(
    "assignment",
    [
        Transition("propose", (AssignmentState.COMPUTED,), AssignmentState.PROPOSED),
        Transition("accept", (AssignmentState.PROPOSED,), AssignmentState.ACCEPTED),
        Transition("decline", (AssignmentState.PROPOSED,), AssignmentState.DECLINED),
        Transition("expire", (AssignmentState.PROPOSED,), AssignmentState.EXPIRED),
        Transition("withdraw", (AssignmentState.COMPUTED, AssignmentState.PROPOSED), AssignmentState.WITHDRAWN),
        Transition("end", (AssignmentState.ACCEPTED,), AssignmentState.ENDED),
    ],
)
