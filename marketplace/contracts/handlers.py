"""What contracts do when other rooms tell news, and what they tell the rooms below."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, Role, User
from marketplace.accounts.rules import has_role, is_any_supervisor, roles_of
from marketplace.audit.selectors import Visibility, register_visibility
from marketplace.core import clock, workspace
from marketplace.core.events import subscribe
from marketplace.core.i18n import localized
from marketplace.ledger import holders
from marketplace.ledger.holders import Holder
from marketplace.ledger.rules import register_auditor, register_reader
from marketplace.procurement.models import BudgetLine
from marketplace.procurement.rules import visible_budget_lines
from marketplace.statutes.services import CalendarChanged
from marketplace.timesheets import subjects as timesheet_subjects

from .fulfilment import SUBJECT
from .models import Contract, Instalment, Post
from .rules import is_party
from .services_contract import recount_deadlines
from .subjects import subjects
from .workspace import work_items


def on_calendar_changed(event: CalendarChanged) -> None:
    recount_deadlines(year=event.year, now=clock.now())


def may_audit(user: Any) -> bool:
    """Supervisors and finance officers read the whole ledger by kinds of accounts."""
    return is_any_supervisor(user) or Role.FINANCE in roles_of(user)


def may_read_budget(user: Any, holder: str) -> bool:
    key = holder.partition(":")[2]
    return key.isdigit() and visible_budget_lines(user).filter(pk=int(key)).exists()


def may_read_organisation(user: Any, holder: str) -> bool:
    """What an organisation received or keeps is read by who runs it and who bids or pays for it."""
    key = holder.partition(":")[2]
    return key.isdigit() and has_role(user, int(key), Role.ADMIN, Role.BIDDER, Role.FINANCE)


def describe_budget(key: str) -> Holder | None:
    line = BudgetLine.objects.filter(pk=key).first() if key.isdigit() else None
    if line is None:
        return None
    name = f"{line.fiscal_year} · {localized(line, 'name')}"
    return Holder(name, list_name=_("Budget"), list_url=reverse("procurement:budget_lines"))


def describe_organisation(key: str) -> Holder | None:
    found = Organisation.objects.filter(pk=key).first() if key.isdigit() else None
    return Holder(localized(found, "name"), reverse("accounts:organisation", args=[found.pk])) if found else None


def describe_person(key: str) -> Holder | None:
    found = User.objects.filter(pk=key).first() if key.isdigit() else None
    return Holder(localized(found, "display_name")) if found else None


def _may_read_trail(model: type[Contract | Post | Instalment]) -> Visibility:
    """Both parties and the buyer's supervisors read what was done to a contract and its parts."""

    def visible(user: Any, subject_id: str) -> bool:
        row = model._default_manager.filter(pk=subject_id).first() if subject_id.isdigit() else None
        contract = row if isinstance(row, Contract) else row.contract if row is not None else None
        return contract is not None and is_party(user, contract)

    return visible


def connect() -> None:
    pages: dict[type[Contract | Post | Instalment], str] = {
        Contract: "contracts:detail",
        Post: "",
        Instalment: "contracts:instalment",
    }
    for model, page in pages.items():
        register_visibility(model._meta.label_lower, _may_read_trail(model), page=page)
    subscribe(CalendarChanged, on_calendar_changed)
    workspace.register(work_items)
    timesheet_subjects.register(SUBJECT, subjects)
    register_auditor(may_audit)
    holders.register("budget", describe_budget)
    holders.register("organisation", describe_organisation)
    holders.register("user", describe_person)
    holders.register_page("contracts.instalment", lambda key: reverse("contracts:instalment", args=[key]))
    register_reader("budget", may_read_budget)
    register_reader("organisation", may_read_organisation)
