"""The machines of rosters, deals, duties and swaps."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core.states import StateTable, Transition
from marketplace.staffing.labels import REASONS

#: stored as the reason of what the clock ends; see ``words_of_reason``
CONTRACT_ENDED = "contract_ended"
UNAVAILABLE = "person_unavailable"


class RosterState(TextChoices):
    DRAFT = "draft", _("draft")
    OPEN = "open", pgettext_lazy("roster", "open for offers")
    CLOSED = "closed", pgettext_lazy("roster", "offers are in")
    PUBLISHED = "published", pgettext_lazy("roster", "published")
    CANCELLED = "cancelled", _("cancelled")


def words_of_reason(reason: str) -> str | Promise:
    """A stored reason to be read: what somebody wrote, or the words for what the clock did."""
    return REASONS.get(reason, reason)


ROSTER = StateTable(
    "roster",
    [
        Transition("open", (RosterState.DRAFT,), RosterState.OPEN),
        Transition("close", (RosterState.OPEN,), RosterState.CLOSED),
        Transition("reopen", (RosterState.CLOSED,), RosterState.OPEN),
        Transition("publish", (RosterState.CLOSED,), RosterState.PUBLISHED),
        Transition(
            "cancel",
            (RosterState.DRAFT, RosterState.OPEN, RosterState.CLOSED, RosterState.PUBLISHED),
            RosterState.CANCELLED,
        ),
    ],
)


class DealState(TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("computing")
    DONE = "done", _("plan computed")
    SENT = "sent", _("proposals sent")
    FAILED = "failed", _("did not succeed")
    CANCELLED = "cancelled", _("cancelled")


DEAL = StateTable(
    "deal",
    [
        Transition("start", (DealState.QUEUED, DealState.RUNNING), DealState.RUNNING),
        Transition("finish", (DealState.RUNNING,), DealState.DONE),
        Transition("fail", (DealState.QUEUED, DealState.RUNNING), DealState.FAILED),
        Transition("cancel", (DealState.QUEUED, DealState.RUNNING, DealState.DONE), DealState.CANCELLED),
        Transition("send", (DealState.DONE,), DealState.SENT),
    ],
)


class DutyState(TextChoices):
    COMPUTED = "computed", _("computed, not yet sent")
    PROPOSED = "proposed", _("awaiting answer")
    CONFIRMED = "confirmed", _("confirmed")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("not answered in time")
    WITHDRAWN = "withdrawn", _("withdrawn")
    GIVEN_BACK = "given_back", _("given back")
    HANDED_OVER = "handed_over", _("handed over to a colleague")


#: states that hold a place of the shift
HOLDING = (DutyState.PROPOSED, DutyState.CONFIRMED)
DUTY = StateTable(
    "duty",
    [
        Transition("propose", (DutyState.COMPUTED,), DutyState.PROPOSED),
        Transition("confirm", (DutyState.PROPOSED,), DutyState.CONFIRMED),
        Transition("decline", (DutyState.PROPOSED,), DutyState.DECLINED),
        Transition("expire", (DutyState.PROPOSED,), DutyState.EXPIRED),
        Transition("withdraw", (DutyState.COMPUTED, DutyState.PROPOSED, DutyState.CONFIRMED), DutyState.WITHDRAWN),
        Transition("give_back", (DutyState.CONFIRMED,), DutyState.GIVEN_BACK),
        Transition("hand_over", (DutyState.CONFIRMED,), DutyState.HANDED_OVER),
    ],
)


class SwapState(TextChoices):
    ASKED = "asked", _("awaiting answer")
    AGREED = "agreed", _("agreed")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


SWAP = StateTable(
    "swap",
    [
        Transition("agree", (SwapState.ASKED,), SwapState.AGREED),
        Transition("refuse", (SwapState.ASKED,), SwapState.REFUSED),
        Transition("withdraw", (SwapState.ASKED,), SwapState.WITHDRAWN),
    ],
)
