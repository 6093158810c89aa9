"""Contracts for a counsel team of five in Leishan, and a firm whose lawyers differ in fields of law and years of practice.

``make_team()`` gives the contract with its seats empty; ``run_team`` computes it, ``publish_team`` sends the proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.accounts.models import Organisation, User
from marketplace.contracts.models import Contract
from marketplace.core import clock
from marketplace.regions.models import Region
from marketplace.staffing import services, services_proposals
from marketplace.staffing.models import Assignment, AssignmentRun

from .accounts import LEISHAN, a_place, make_credential, make_membership
from .contracts import Parties, make_contract, parties_of
from .staffing import SEAT, a_lawyer

#: what the usual team must cover; the first five of ``FIRM`` do, with one senior among them
COVERS = ("administrative", "procurement", "land")
#: (fields of law, years of practice, degrees east of the seat)
FIRM = (
    (("administrative", "contract"), 12, 0.01),
    (("procurement",), 3, 0.02),
    (("land",), 3, 0.03),
    (("labour",), 2, 0.04),
    (("contract",), 2, 0.05),
    (("administrative", "procurement", "land"), 10, 0.3),
    (("labour",), 4, 0.31),
)


@dataclass
class Team:
    contract: Contract
    parties: Parties
    lawyers: list[User]


def a_counsel(
    firm: Organisation, fields: Sequence[str] = (), years: int = 3, east: float = 0.0, **profile: Any
) -> User:
    """A lawyer of ``firm`` first licensed so many full years ago."""
    person = a_lawyer(firm, east, licensed=False, specialties=list(fields), **profile)
    since = clock.today().year - years - 1
    make_credential(person, number=f"15226{since}10{person.pk % 1_000_000:06d}")
    return person


def make_team(
    firm: Sequence[tuple[Sequence[str], int, float]] = FIRM, *, parties: Parties | None = None, **profile: Any
) -> Team:
    """A contract for five seats in the county, and the lawyers of its supplier."""
    county = a_place(LEISHAN)
    Region.objects.filter(pk=county.pk).update(longitude=SEAT[0], latitude=SEAT[1], location_source="corrected")
    contract = make_contract(parties, product="PLS-02", regions=[county], amount=200_000, ceiling=250_000)
    people = parties_of(contract)
    return Team(contract, people, [a_counsel(people.supplier, *each, **profile) for each in firm])


def join_firm(person: User, firm: Organisation) -> None:
    make_membership(person, firm, "lawyer")


def run_team(team: Team, **wishes: Any) -> AssignmentRun:
    """A finished team run, asked for by the supplier's bid manager; the usual wishes unless told."""
    given = {"covers": list(COVERS), "seniors": 1, "senior_years": 8} | wishes
    run = services.request_run(actor=team.parties.bidder, contract=team.contract, parameters=given, now=clock.now())
    return services.execute_run(run_id=run.pk, now=clock.now())


def publish_team(team: Team, run: AssignmentRun | None = None, **wishes: Any) -> list[Assignment]:
    """The proposals of a published run, by seat."""
    run = services_proposals.publish_run(
        actor=team.parties.officer, run=run or run_team(team, **wishes), now=clock.now()
    )
    return list(run.assignments.select_related("post", "person").order_by("post__seat"))
