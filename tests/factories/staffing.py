"""Contracts whose villages have places, and firms whose lawyers live among them.

``make_case()`` gives a contract with vacant posts in a row along a road and lawyers at its ends; ``run_case`` computes it,
``publish_case`` sends the proposals. ``a_lawyer`` adds one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from marketplace.accounts.models import Organisation, User
from marketplace.contracts.models import Contract, Post
from marketplace.core import clock
from marketplace.regions.models import Region
from marketplace.staffing import services, services_proposals, services_repair, services_scenarios
from marketplace.staffing.models import Assignment, AssignmentRun, Scenario

from .accounts import a_place, make_practitioner
from .contracts import Parties, make_contract, parties_of

_numbers = count(1)
#: Leishan's seat; a tenth of a degree east of it is 10 km, about 29 minutes on its roads
SEAT = (108.08, 26.38)
#: where volunteers of a call meet, and whom they ask
WHERE = {"meeting_point": "村民委员会办公室", "contact_phone": "0855-0000000"}


def a_village(east: float = 0.0, *, name: str = "", township: int = 522634100000) -> Region:
    """A village ``east`` degrees from the seat, in a township of Leishan."""
    n = next(_numbers)
    village = a_place(township + 200 + n % 199 + 1)
    Region.objects.filter(pk=village.pk).update(
        longitude=SEAT[0] + east,
        latitude=SEAT[1],
        location_source="corrected",
        tier="formerly_poor",
        **({"name": name} if name else {}),
    )
    Region.objects.filter(code=522634000000).update(tier="formerly_poor", name="雷山县")
    village.refresh_from_db()
    return village


def a_lawyer(firm: Organisation, east: float = 0.0, **profile: Any) -> User:
    """A licensed lawyer of ``firm`` with an office ``east`` degrees from the seat, who serves two villages at most."""
    defaults: dict[str, Any] = {
        "longitude": SEAT[0] + east,
        "latitude": SEAT[1],
        "capacity": 2,
        "max_travel_minutes": 120,
    }
    return make_practitioner(firm, **(defaults | profile))


@dataclass
class Case:
    contract: Contract
    parties: Parties
    villages: list[Region]
    lawyers: list[User]

    def post(self, index: int) -> Post:
        return Post.objects.get(contract=self.contract, region=self.villages[index])


def make_case(
    villages: Sequence[float] = (0.01, 0.05, 0.09),
    lawyers: Sequence[float] = (0.0, 0.1),
    *,
    now: datetime | None = None,
    parties: Parties | None = None,
    **profile: Any,
) -> Case:
    """A contract in performance with vacant posts at ``villages`` and lawyers at ``lawyers`` (degrees east of the seat)."""
    places = [a_village(east) for east in villages]
    contract = make_contract(parties, regions=places, now=now)
    people = parties_of(contract)
    return Case(contract, people, places, [a_lawyer(people.supplier, east, **profile) for east in lawyers])


def run_case(case: Case, *, now: datetime | None = None, **wishes: Any) -> AssignmentRun:
    """A finished run, asked for by the supplier's bid manager."""
    now = now or clock.now()
    run = services.request_run(actor=case.parties.bidder, contract=case.contract, parameters=wishes, now=now)
    return services.execute_run(run_id=run.pk, now=now)


def repair_case(case: Case, run: AssignmentRun, *, now: datetime | None = None) -> AssignmentRun:
    """A finished repair of ``run``, asked for by the buyer's officer."""
    now = now or clock.now()
    repair = services_repair.request_repair(actor=case.parties.officer, run=run, now=now)
    return services.execute_run(run_id=repair.pk, now=now)


def scenario_case(case: Case, run: AssignmentRun, *changes: dict[str, Any], name: str = "示例假设") -> Scenario:
    """A finished scenario beside ``run``, asked for by the buyer's officer."""
    scenario = services_scenarios.request_scenario(
        actor=case.parties.officer, run=run, name=name, changes=changes, now=clock.now()
    )
    done = services_scenarios.execute_scenario(scenario_id=scenario.pk, now=clock.now())
    assert done is not None
    return done


def publish_case(case: Case, *, now: datetime | None = None, **wishes: Any) -> list[Assignment]:
    """The proposals of a published run, by village."""
    now = now or clock.now()
    run = services_proposals.publish_run(actor=case.parties.officer, run=run_case(case, now=now, **wishes), now=now)
    return list(run.assignments.select_related("post", "person").order_by("post__region_id"))
