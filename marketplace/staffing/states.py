"""The machines of runs, assignments and scenarios."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketplace.core.states import StateTable, Transition


class RunKind(TextChoices):
    FULL = "full", _("first plan")
    REPAIR = "repair", _("gap filling")


class RunShape(TextChoices):
    """What is dealt: posts one by one, or the seats of a team that must fit together."""

    POSTS = "posts", _("village by village")
    TEAM = "team", _("one team")


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


class PartState(TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("computing")
    DONE = "done", _("computed, waits for the other parts")
    CANCELLED = "cancelled", _("cancelled")


RUN_PART = StateTable(
    "run_part",
    [
        Transition("start", (PartState.QUEUED, PartState.RUNNING), PartState.RUNNING),
        Transition("finish", (PartState.RUNNING,), PartState.DONE),
        Transition("cancel", (PartState.QUEUED, PartState.RUNNING), PartState.CANCELLED),
    ],
)


class AssignmentState(TextChoices):
    COMPUTED = "computed", _("computed, not yet sent")
    PROPOSED = "proposed", _("awaiting answer")
    ACCEPTED = "accepted", _("accepted the proposal")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("not answered in time")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ENDED = "ended", _("ended")


#: states of a proposal that was sent and leaves its post free
LEFT_FREE = (AssignmentState.DECLINED, AssignmentState.EXPIRED, AssignmentState.WITHDRAWN, AssignmentState.ENDED)

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


class ScenarioState(TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("computing")
    DONE = "done", _("answer computed")
    FAILED = "failed", _("did not succeed")


SCENARIO = StateTable(
    "scenario",
    [
        Transition("start", (ScenarioState.QUEUED, ScenarioState.RUNNING), ScenarioState.RUNNING),
        Transition("finish", (ScenarioState.RUNNING,), ScenarioState.DONE),
        Transition("fail", (ScenarioState.QUEUED, ScenarioState.RUNNING), ScenarioState.FAILED),
    ],
)


class QuarrelState(TextChoices):
    STANDING = "standing", _("holds")
    WITHDRAWN = "withdrawn", _("taken back")


QUARREL = StateTable("quarrel", [Transition("withdraw", (QuarrelState.STANDING,), QuarrelState.WITHDRAWN)])
