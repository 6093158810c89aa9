"""Who may offer for a roster, on what footing, with what licence, and from where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet

from marketplace.accounts.models import Credential, Membership, PractitionerProfile, Role, User
from marketplace.accounts.rules import active_memberships
from marketplace.accounts.selectors import licensed, practitioners_of, sanctions_on, valid_credentials
from marketplace.accounts.states import CredentialState
from marketplace.contracts.kinds import PostKind, by_village
from marketplace.contracts.kinds import kind_of as kind_of_posts
from marketplace.contracts.models import Contract, Obligation
from marketplace.regions import geo
from marketplace.regions.models import Region, Tier
from marketplace.regions.selectors import county_speeds
from marketplace.staffing.freezing import USUAL_CREDENTIALS
from marketplace.timesheets.models import Capacity

from .errors import NoDuty
from .models import Roster

#: of a contract's obligations the first of these kinds is what its roster is for
ROSTER_KINDS = ("duty", "lecture", "case")
#: Filter: contracts that a roster can be made for
WITH_DUTY = ~by_village() & Exists(Obligation.objects.filter(contract=OuterRef("pk"), kind__in=ROSTER_KINDS))


def kind_of(contract: Contract) -> str:
    """What a roster of this contract is for.

    Raises:
        NoDuty: villages are staffed, or nothing is done at a place.
    """
    kinds = set(contract.obligations.values_list("kind", flat=True))
    found = next((kind for kind in ROSTER_KINDS if kind in kinds), "")
    if not found or kind_of_posts(contract) == PostKind.VILLAGE:
        raise NoDuty
    return found


def credential_kinds(roster: Roster) -> tuple[str, ...]:
    """Whoever has one of these may take a shift that needs a lawyer; none: nobody asks."""
    if roster.contract is not None:
        asked = roster.contract.award.lot.product_version.content.get("required_credential", "")
        return (asked,) if asked else tuple(map(str, USUAL_CREDENTIALS))
    asked = roster.opportunity.required_credential if roster.opportunity is not None else ""
    return (asked,) if asked else ()


def lawyers(roster: Roster, on: date) -> QuerySet[User]:
    """The supplier's licensed practitioners."""
    if roster.contract is None:
        return User.objects.none()
    return licensed(practitioners_of(roster.contract.supplier, on), on, credential_kinds(roster))


def volunteers(roster: Roster, on: date) -> QuerySet[User]:
    """Active volunteers without a sanction, where volunteers are welcome, be they near or far."""
    if roster.contract is not None and not roster.volunteers_welcome:
        return User.objects.none()
    return (
        User.objects.filter(is_active=True, volunteer__active=True)
        .exclude(Exists(sanctions_on(on).filter(user=OuterRef("pk"))))
        .select_related("volunteer__region")
        .order_by("pk")
    )


def able(roster: Roster, keys: Collection[int], on: date) -> set[int]:
    """Those of ``keys`` who may serve as far as they themselves are concerned, be they near or far."""
    found = set(lawyers(roster, on).filter(pk__in=keys).values_list("pk", flat=True))
    return found | set(volunteers(roster, on).filter(pk__in=keys).values_list("pk", flat=True))


def capacities(person: Any, rosters: Sequence[Roster], on: date) -> dict[int, str]:
    """Roster → on what footing ``person`` may offer for it; left out where not at all. The same as asking ``lawyers`` and
    ``volunteers``, in a fixed number of queries."""
    if not rosters or not person.is_active or sanctions_on(on).filter(user=person.pk).exists():
        return {}
    kinds = set(valid_credentials(on).filter(user=person.pk).values_list("kind", flat=True))
    firms = set(
        Membership.objects.filter(active_memberships(on), user=person.pk, role=Role.LAWYER).values_list(
            "organisation_id", flat=True
        )
    )
    practises = PractitionerProfile.objects.filter(user=person.pk).exists()
    found: dict[int, str] = {}
    open_to_all = []
    for roster in rosters:
        contract = roster.contract
        if contract and practises and contract.supplier_id in firms and kinds & set(credential_kinds(roster)):
            found[roster.pk] = Capacity.CONTRACT
        elif contract is None or roster.volunteers_welcome:
            open_to_all.append(roster)
    helper = User.objects.filter(pk=person.pk, volunteer__active=True).select_related(
        "practitioner", "volunteer__region"
    )
    for volunteer in helper if open_to_all else []:
        for key in near_of(volunteer, open_to_all):
            found[key.pk] = _footing(key)
    return found


def _footing(roster: Roster) -> str:
    if roster.opportunity is not None and roster.opportunity.subsidised:
        return Capacity.SUBSIDISED
    return Capacity.VOLUNTEER


def capacity_of(person: Any, roster: Roster, on: date) -> str:
    """On what footing ``person`` may offer; empty: not at all."""
    return capacities(person, [roster], on).get(roster.pk, "")


def licensed_until(roster: Roster, people: Iterable[int], on: date) -> dict[int, date]:
    """Person → the last day of the licence that the roster's shifts ask for, for those who have one today."""
    kinds = credential_kinds(roster)
    valid = Credential.objects.filter(user__in=list(people), kind__in=kinds, state=CredentialState.VERIFIED)
    today = Exists(valid_credentials(on).filter(user=OuterRef("user"), kind__in=kinds))
    return dict(valid.filter(today).values_list("user_id").annotate(until=Max("valid_until")).order_by())


@dataclass(frozen=True, slots=True)
class Spot:
    """Degrees."""

    longitude: float
    latitude: float


def spot_of(region: Region) -> Spot | None:
    """The region's own place, else the nearest above it."""
    return spots_of([region]).get(region.pk)


def spots_of(regions: Iterable[Region]) -> dict[int, Spot]:
    """Region → its place, else the nearest above it; left out where none is known. One query at most."""
    rows = {region.pk: region for region in regions}
    lost = [region for region in rows.values() if region.longitude is None]
    above = Region.objects.in_bulk({code for region in lost for code in region.ancestor_codes}) if lost else {}
    found = {}
    for region in rows.values():
        for each in [region, *(above[code] for code in reversed(region.ancestor_codes) if code in above)]:
            if each.longitude is not None and each.latitude is not None:
                found[region.pk] = Spot(each.longitude, each.latitude)
                break
    return found


def homes(people: Iterable[User]) -> dict[int, Spot]:
    """Person → the office of a practitioner, the place near which a volunteer helps. Fetch with ``with_homes``."""
    rows = list(people)
    offices = {p.pk: p.practitioner for p in rows if getattr(p, "practitioner", None) is not None}
    regions = {p.pk: p.volunteer.region for p in rows if p.pk not in offices and hasattr(p, "volunteer")}
    spots = spots_of(regions.values())
    found = {pk: Spot(office.longitude, office.latitude) for pk, office in offices.items()}
    return found | {pk: spots[region.pk] for pk, region in regions.items() if region.pk in spots}


def with_homes(keys: Iterable[int]) -> list[User]:
    return list(
        User.objects.filter(pk__in=list(keys)).select_related("practitioner", "volunteer__region").order_by("pk")
    )


def near_of(person: User, rosters: Sequence[Roster]) -> list[Roster]:
    """Those of ``rosters`` whose longest way reaches the person's place. Four queries at most."""
    home = homes([person]).get(person.pk)
    if home is None:
        return []
    goals = spots_of(roster.region for roster in rosters)
    counties = {roster.region_id: roster.region.county_code or roster.region_id for roster in rosters}
    speeds = county_speeds(counties.values())
    found = []
    for roster in rosters:
        goal = goals.get(roster.region_id)
        if goal is None:
            continue
        km = geo.great_circle_km(home.longitude, home.latitude, goal.longitude, goal.latitude)
        speed = speeds.get(counties[roster.region_id]) or geo.TIER_KMH[Tier(roster.region.tier)]
        if float(geo.travel_minutes(km, speed)) <= roster.radius_minutes:
            found.append(roster)
    return found


def speed_at(region: Region) -> int:
    """Speed on the roads there, km/h."""
    county = region.county_code or region.pk
    return county_speeds([county]).get(county) or geo.TIER_KMH[Tier(region.tier)]
