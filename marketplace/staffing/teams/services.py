"""What people state about teams, and one computation over several teams."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from marketplace.accounts.models import Membership, Role, User
from marketplace.accounts.rules import active_memberships, memberships_of
from marketplace.audit.services import record
from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core.errors import PermissionRefused
from marketplace.core.locks import lock_name, lock_row, lock_rows
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.staffing import errors, rules, services, services_proposals
from marketplace.staffing.freezing import open_posts
from marketplace.staffing.models import AssignmentRun, Quarrel, TeamTerms
from marketplace.staffing.models_teams import QuarrelKind
from marketplace.staffing.selectors import by_roster
from marketplace.staffing.states import QUARREL, QuarrelState

from .freezing import freeze_teams, team_contracts
from .wishes import TeamWishes

#: teams that a person may offer at most
MOST_TEAMS = 20


def colleagues_of(user: User, now: datetime) -> QuerySet[User]:
    """Other lawyers of the firms for which ``user`` practises: with them he could be asked for one team."""
    on = now.date()
    firms = Membership.objects.filter(active_memberships(on), user=user, role=Role.LAWYER).values("organisation")
    theirs = Membership.objects.filter(
        active_memberships(on), user=OuterRef("pk"), role=Role.LAWYER, organisation__in=firms
    )
    return User.objects.filter(Exists(theirs), is_active=True).exclude(pk=user.pk).order_by("display_name", "pk")


@transaction.atomic
def state_quarrel(*, actor: User, other: User, kind: str, note: str, now: datetime) -> Quarrel:
    """``actor`` may not sit in one team with ``other``. It holds until he takes it back; the reason stays with him.

    Nobody who sits already is moved by it.

    Raises:
        NotAColleague, ReasonMissing, StatedAlready
    """
    if not colleagues_of(actor, now).filter(pk=other.pk).exists():
        raise errors.NotAColleague(field="other")
    if kind not in QuarrelKind.values or not note.strip():
        raise errors.ReasonMissing(field="note")
    lock_name(f"quarrel:{actor.pk}")
    if Quarrel.objects.filter(stated_by=actor, other=other, state=QuarrelState.STANDING).exists():
        raise errors.StatedAlready(field="other")
    quarrel = Quarrel.objects.create(stated_by=actor, other=other, kind=kind, note=note.strip(), stated_at=now)
    record(actor=actor, action="quarrel.state", subject=quarrel, now=now)
    return quarrel


@transaction.atomic
def withdraw_quarrel(*, actor: User, quarrel: Quarrel, now: datetime) -> Quarrel:
    """It holds no more: the next computation may have both in one team."""
    quarrel = lock_row(Quarrel, quarrel.pk)
    if quarrel.stated_by_id != actor.pk:
        raise PermissionRefused
    apply_transition(QUARREL, quarrel, "withdraw", actor=actor, now=now, changes={"withdrawn_at": now})
    return quarrel


@transaction.atomic
def set_most_teams(*, actor: User, most_teams: int, now: datetime) -> TeamTerms:
    """In how many teams ``actor`` sits at most. What he sits in stays."""
    if not 0 <= most_teams <= MOST_TEAMS:
        raise errors.BadWish(field="most_teams")
    lock_name(f"adviser:{actor.pk}")
    before = TeamTerms.objects.filter(person=actor).first()
    if before is not None and before.most_teams == most_teams:
        return before
    terms, _made = TeamTerms.objects.update_or_create(person=actor, defaults={"most_teams": most_teams})
    record(actor=actor, action="team_terms.set", subject=terms, now=now, data={"most_teams": most_teams})
    return terms


def waiting_teams(user: Any) -> QuerySet[Contract]:
    """Team contracts in performance with an empty seat that nobody is asked for, for whose buyer ``user`` is an officer."""
    outer: Any = OuterRef("pk")
    officer_of = [m.organisation_id for m in memberships_of(user) if m.role == Role.OFFICER]
    return (
        team_contracts()
        .filter(~by_roster(), Exists(open_posts(outer)), buyer__in=officer_of, state=ContractState.ACTIVE)
        .select_related("buyer", "supplier")
        .order_by("buyer_id", "created_at", "pk")
    )


@transaction.atomic
def request_joint_runs(*, actor: User, wishes: Mapping[int, Mapping[str, Any]], now: datetime) -> list[AssignmentRun]:
    """One problem over several team contracts of one buyer, so that whoever is scarce goes where he is worth most: a run for
    each, computed alike and sent each for itself. ``wishes``: contract → what its team must be; radius and years of a senior are
    the same for all. People come only from each contract's own supplier.

    Raises:
        PermissionRefused, NoTeamWaits, NotActive, RunUnderWay, NothingVacant, PlaceUnknown, BadWish, TeamTooLarge
    """
    if not wishes:
        raise errors.NoTeamWaits
    contracts = lock_rows(Contract, wishes)
    for contract in contracts:
        require(rules.can_automate, actor, contract)
        if contract.buyer_id != contracts[0].buyer_id:
            raise PermissionRefused
        if contract.state != ContractState.ACTIVE:
            raise errors.NotActive
    asked = {key: TeamWishes.from_mapping(values) for key, values in wishes.items()}
    if len({(each.radius_minutes, each.senior_years) for each in asked.values()}) > 1:
        raise errors.BadWish(field="radius_minutes")
    for contract in contracts:
        services_proposals.settle_contract(contract, actor=actor, now=now)
    teams = freeze_teams(asked, contracts, now=now)
    return [
        services.open_run(contract, asked[contract.pk], actor=actor, asked_by=actor, now=now, teams=teams)
        for contract in contracts
    ]


def siblings(run: AssignmentRun) -> QuerySet[AssignmentRun]:
    """The runs of the other contracts that share the problem of ``run``."""
    contracts = run.parameters.get("contracts", [])
    return (
        AssignmentRun.objects.filter(contract__in=contracts, digest=run.digest, requested_at=run.requested_at)
        .exclude(pk=run.pk)
        .select_related("contract")
        .order_by("contract_id")
    )
