"""The ways from the workspace, by role: what a person in that role does most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import roles_of
from marketplace.contracts.rules import villages_of
from marketplace.core.i18n import localized


@dataclass(frozen=True, slots=True)
class Shortcut:
    label: Any
    hint: Any
    url: str


_CALLS = (_("Calls for volunteers"), _("start one, see who has signed up"), "volunteers:organised")
#: (roles that see it, label, hint, url name); of two ways to one page the first that fits is shown
_TABLE: tuple[tuple[frozenset[str], Any, Any, str], ...] = (
    (frozenset({Role.VILLAGE}), _("Confirm service"), _("what was reported to us"), "timesheets:to_confirm"),
    (frozenset({Role.COORDINATOR}), *_CALLS),
    (frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE}), _("Plans"), _("what we plan to buy"), "procurement:plans"),
    (
        frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE, Role.KEY_HOLDER}),
        _("Our tenders"),
        _("from draft to result"),
        "procurement:tenders",
    ),
    (
        frozenset({Role.FINANCE, Role.OFFICER, Role.SUPERVISOR}),
        _("Budget"),
        _("available, reserved, committed, spent"),
        "procurement:budget_lines",
    ),
    (
        frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE, Role.BIDDER, Role.ADMIN, Role.LAWYER}),
        _("Contracts"),
        _("posts, deliveries, payments"),
        "contracts:list",
    ),
    (frozenset({Role.BIDDER}), _("Find a tender"), _("open for bids now"), "procurement:index"),
    (frozenset({Role.BIDDER}), _("Our bids"), _("drafts, receipts, results"), "procurement:bids"),
    (frozenset({Role.LAWYER}), _("My proposals"), _("villages and teams that ask for me"), "staffing:proposals"),
    (frozenset({Role.LAWYER}), _("My duty shifts"), _("when you serve, what is proposed"), "staffing:duties"),
    (frozenset({Role.OFFICER}), _("Duty rosters"), _("who serves when at a centre"), "staffing:rosters"),
    (frozenset({Role.LAWYER}), _("Visits"), _("check in, report, confirm"), "timesheets:mine"),
    (frozenset({Role.VILLAGE, Role.OFFICER}), *_CALLS),
    (
        frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE}),
        _("Subsidy claims"),
        _("check and pay"),
        "incentives:claims",
    ),
    (frozenset({Role.FINANCE}), _("Incentive fund"), _("what subsidies are paid from"), "incentives:fund"),
    (
        frozenset({Role.FINANCE, Role.SUPERVISOR}),
        _("Trial balance"),
        _("every kind of account, both sides"),
        "ledger:trial_balance",
    ),
    (frozenset({Role.SUPERVISOR}), _("Disputed service"), _("hear both sides, decide"), "timesheets:disputes"),
    (frozenset({Role.SUPERVISOR}), _("Audit trail"), _("who did what, when and why"), "audit:search"),
    (frozenset({Role.EDITOR}), _("Edit the catalogue"), _("products, standards, review"), "wagtailadmin_home"),
)
_SITE_STAFF = (
    (_("Working days and holidays"), _("entered for the whole country"), "statutes:calendar"),
    (_("Statutory figures"), _("deadlines and thresholds, each with its article"), "statutes:parameters"),
    (_("Villages and counties"), _("correct the position of a village"), "regions:nation"),
)
#: whoever gives time: lawyers, volunteers, and who did once
_SERVING = (
    (_("My shifts"), _("what I signed up for"), "volunteers:mine"),
    (_("My hours and subsidies"), _("hours, points, subsidies"), "ledger:statement"),
    (_("Subsidy claims"), _("claim and follow"), "incentives:claims"),
)
_EVERYBODY = (
    (_("Volunteer near home"), _("shifts that need somebody"), "volunteers:find"),
    (_("My account"), _("profile, organisations, credentials"), "accounts:profile"),
)


def _page_of(code: int) -> str:
    return reverse("dashboards:coverage", args=[code])


def shortcuts_for(user: User, *, serves: bool) -> list[Shortcut]:
    """The ways of ``user``; ``serves``: the person gives time, so that there are shifts and minutes to see."""
    roles = roles_of(user)
    own: dict[str, Shortcut] = {}
    for wanted, label, hint, name in _TABLE:
        if roles & wanted:
            own.setdefault(name, Shortcut(label, hint, reverse(name)))
    villages = [
        Shortcut(
            localized(committee.region, "name"), _("our adviser, the visits, what may be expected"), _page_of(code)
        )
        for code, committee in sorted(villages_of(user).items())
    ]
    rest = (*(_SITE_STAFF if user.is_staff else ()), *(_SERVING if serves else ()), *_EVERYBODY)
    for label, hint, name in rest:
        own.setdefault(name, Shortcut(label, hint, reverse(name)))
    return [*villages, *own.values()]
