"""The ways from the workspace, by role: what a person in that role does most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import roles_of


@dataclass(frozen=True, slots=True)
class Shortcut:
    label: Any
    hint: Any
    url: str


#: (roles that see it, label, hint, url name)
_TABLE: tuple[tuple[frozenset[str], Any, Any, str], ...] = (
    (frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE}), _("Plans"), _("what we mean to buy"), "procurement:plans"),
    (
        frozenset({Role.OFFICER, Role.APPROVER, Role.FINANCE, Role.KEY_HOLDER}),
        _("Our tenders"),
        _("from draft to result"),
        "procurement:tenders",
    ),
    (
        frozenset({Role.FINANCE, Role.OFFICER}),
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
    (frozenset({Role.LAWYER}), _("My proposals"), _("villages that would like me"), "staffing:proposals"),
    (frozenset({Role.LAWYER}), _("Visits"), _("check in, report, confirm"), "timesheets:mine"),
    (frozenset({Role.VILLAGE}), _("Confirm service"), _("what was reported to us"), "timesheets:to_confirm"),
    (
        frozenset({Role.COORDINATOR, Role.VILLAGE, Role.OFFICER}),
        _("Calls for volunteers"),
        _("make one, see who comes"),
        "volunteers:organised",
    ),
    (frozenset({Role.SUPERVISOR}), _("Audit trail"), _("who did what, when and why"), "audit:search"),
    (frozenset({Role.EDITOR}), _("Edit the catalogue"), _("products, standards, review"), "wagtailadmin_home"),
)
_EVERYBODY = (
    (_("Volunteer near home"), _("shifts that need somebody"), "volunteers:find"),
    (_("My shifts"), _("what I signed up for"), "volunteers:mine"),
    (_("My time and statement"), _("minutes, points, subsidy"), "ledger:statement"),
    (_("Subsidy claims"), _("claim and follow"), "incentives:claims"),
    (_("My account"), _("profile, organisations, credentials"), "accounts:profile"),
)


def shortcuts_for(user: User) -> list[Shortcut]:
    roles = roles_of(user)
    own = [Shortcut(label, hint, reverse(name)) for wanted, label, hint, name in _TABLE if roles & wanted]
    return own + [Shortcut(label, hint, reverse(name)) for label, hint, name in _EVERYBODY]
