"""The codes of all accounts, the holders they belong to and the purposes of transfers: nothing else spells them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Purpose(models.TextChoices):
    """Why something moved. Rooms may use purposes of their own; these have a word on statements."""

    APPROPRIATE = "appropriate", _("budget approved")
    RESERVE = "reserve", _("reserved for a tender")
    RELEASE = "release", _("reservation released")
    COMMIT = "commit", _("committed to a contract")
    UNCOMMIT = "uncommit", _("commitment released")
    SPEND = "spend", _("spent")
    PAYMENT = "payment", _("paid to the supplier")
    FUND = "fund", _("incentive fund topped up")
    MINUTES = "minutes", _("volunteer time")
    POINTS = "points", _("points")
    SUBSIDY = "subsidy", _("subsidy")
    PAYOUT = "payout", _("subsidy paid out")
    REVERSAL = "reversal", _("correction")


#: What an account keeps, by the last part of its code, in the order of a statement.
PARTS = {
    # What is subsidised or served under contract is no volunteer time, and stands on no account.
    "minutes": _("volunteer time"),
    "points": _("points"),
    "subsidy": _("subsidy owed"),
    "paid_out": _("subsidy paid out"),
    "available": _("available"),
    "reserved": _("reserved"),
    "committed": _("committed"),
    "spent": _("spent"),
    "received": _("received"),
    "fund": _("incentive fund"),
    "appropriation": _("appropriation"),
    "treasury": _("treasury"),
}

#: Whose an account is, by the first part of its code.
KEEPERS = {
    "budget": pgettext_lazy("accounts of", "budget lines"),
    "supplier": pgettext_lazy("accounts of", "suppliers"),
    "incentive": pgettext_lazy("accounts of", "bureaus"),
    "person": pgettext_lazy("accounts of", "people"),
    "system": _("counter-account"),
}

#: Accounts of what has left for good, or is only ever earned: what stands on them is a total, nothing that could be spent.
TOTALS = ("paid_out", "spent", "received", "minutes", "points")


def part_of(code: str) -> str:
    """The last part of an account's code."""
    return code.rpartition(":")[2]


# A budget line's money moves only between its own five accounts.


def budget_appropriation(line_id: int) -> str:
    """The source of the line: below zero by what was appropriated."""
    return f"budget:{line_id}:appropriation"


def budget_available(line_id: int) -> str:
    return f"budget:{line_id}:available"


def budget_reserved(line_id: int) -> str:
    return f"budget:{line_id}:reserved"


def budget_committed(line_id: int) -> str:
    return f"budget:{line_id}:committed"


def budget_spent(line_id: int) -> str:
    return f"budget:{line_id}:spent"


def supplier_received(organisation_id: int) -> str:
    return f"supplier:{organisation_id}:received"


def incentive_fund(organisation_id: int) -> str:
    return f"incentive:{organisation_id}:fund"


def person_subsidy(user_id: int) -> str:
    """What a person is owed."""
    return f"person:{user_id}:subsidy"


def person_paid_out(user_id: int) -> str:
    """What a person has been paid."""
    return f"person:{user_id}:paid_out"


def person_minutes(user_id: int) -> str:
    return f"person:{user_id}:minutes"


def person_points(user_id: int) -> str:
    return f"person:{user_id}:points"


def system_minutes() -> str:
    """Where minutes come from; below zero by all that were recorded."""
    return "system:minutes"


def system_points() -> str:
    return "system:points"


def system_treasury() -> str:
    """Where money comes from; below zero by all that was paid."""
    return "system:treasury"


SYSTEM = "system"


def holder_user(user_id: int) -> str:
    return f"user:{user_id}"


def holder_organisation(organisation_id: int) -> str:
    return f"organisation:{organisation_id}"


def holder_budget(line_id: int) -> str:
    return f"budget:{line_id}"
