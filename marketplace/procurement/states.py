"""The machines of buying. What the clock alone decides (bidding has closed) is derived and stands in no table."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core.states import StateTable, Transition


class PlanState(TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", pgettext_lazy("procurement", "waiting for approval")
    APPROVED = "approved", pgettext_lazy("state", "approved")
    RETURNED = "returned", _("returned for changes")
    CANCELLED = "cancelled", _("cancelled")


PLAN = StateTable(
    "plan",
    [
        Transition("submit", (PlanState.DRAFT, PlanState.RETURNED), PlanState.SUBMITTED),
        Transition("approve", (PlanState.SUBMITTED,), PlanState.APPROVED),
        Transition("return", (PlanState.SUBMITTED,), PlanState.RETURNED),
        Transition(
            "cancel",
            (PlanState.DRAFT, PlanState.RETURNED, PlanState.SUBMITTED, PlanState.APPROVED),
            PlanState.CANCELLED,
        ),
    ],
)


class TenderState(TextChoices):
    """The words of the two ends hold for every method; a tender says its own (``Tender.get_state_display``)."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", pgettext_lazy("procurement", "waiting for approval")
    RETURNED = "returned", _("returned for changes")
    APPROVED = "approved", _("approved, not yet published")
    PUBLISHED = "published", pgettext_lazy("state", "published")
    OPENED = "opened", _("bids opened")
    EVALUATED = "evaluated", _("evaluated")
    AWARDED = "awarded", _("result decided")
    CONTRACTED = "contracted", _("under contract")
    FAILED = "failed", _("ended without an award")
    CANCELLED = "cancelled", pgettext_lazy("tender", "cancelled")


TENDER = StateTable(
    "tender",
    [
        Transition("submit", (TenderState.DRAFT, TenderState.RETURNED), TenderState.SUBMITTED),
        Transition("return", (TenderState.SUBMITTED,), TenderState.RETURNED),
        Transition("approve", (TenderState.SUBMITTED,), TenderState.APPROVED),
        Transition("publish", (TenderState.APPROVED,), TenderState.PUBLISHED),
        Transition("open", (TenderState.PUBLISHED,), TenderState.OPENED),
        Transition("evaluate", (TenderState.OPENED,), TenderState.EVALUATED),
        Transition("award", (TenderState.EVALUATED,), TenderState.AWARDED),
        Transition("contract", (TenderState.AWARDED,), TenderState.CONTRACTED),
        Transition("fail", (TenderState.PUBLISHED, TenderState.OPENED, TenderState.EVALUATED), TenderState.FAILED),
        Transition(
            "cancel",
            (
                TenderState.DRAFT,
                TenderState.SUBMITTED,
                TenderState.RETURNED,
                TenderState.APPROVED,
                TenderState.PUBLISHED,
            ),
            TenderState.CANCELLED,
        ),
    ],
)


class BidState(TextChoices):
    SEALED = "sealed", _("received, sealed")
    REPLACED = "replaced", _("replaced by a later bid")
    WITHDRAWN = "withdrawn", _("withdrawn")
    OPENED = "opened", _("opened")
    INVALID = "invalid", _("invalid")


BID = StateTable(
    "bid",
    [
        Transition("replace", (BidState.SEALED,), BidState.REPLACED),
        Transition("withdraw", (BidState.SEALED,), BidState.WITHDRAWN),
        Transition("open", (BidState.SEALED,), BidState.OPENED),
        Transition("invalidate", (BidState.OPENED,), BidState.INVALID),
    ],
)


class EvaluatorState(TextChoices):
    DRAWN = "drawn", _("drawn, has not declared yet")
    DECLARED = "declared", _("declared free of conflicts")
    RECUSED = "recused", _("recused")
    SUBMITTED = "submitted", _("scores submitted")


EVALUATOR = StateTable(
    "evaluator",
    [
        Transition("declare", (EvaluatorState.DRAWN,), EvaluatorState.DECLARED),
        Transition("recuse", (EvaluatorState.DRAWN, EvaluatorState.DECLARED), EvaluatorState.RECUSED),
        Transition("submit_scores", (EvaluatorState.DECLARED,), EvaluatorState.SUBMITTED),
        # Re-review, which the law allows where objective scores differ (令87 art. 64, 214号 art. 32).
        Transition("reopen", (EvaluatorState.SUBMITTED,), EvaluatorState.DECLARED),
    ],
)
