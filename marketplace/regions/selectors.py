"""Reading the tree of divisions. Everything goes by code ranges of the primary key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Count, Q, Sum

from marketplace.regions import codes, geo, romanise
from marketplace.regions.models import CountySetting, Level, Region, RegionQuerySet, Tier

_IN_THE_CODE_ALONE = Q(level=Level.PREFECTURE, name__in=romanise.PLACEHOLDERS)


def ancestors(code: int) -> list[Region]:
    """Divisions above `code`, province first."""
    return list(Region.objects.filter(code__in=codes.ancestor_codes(code)).order_by("level"))


def descendants(code: int, level: int | None = None) -> RegionQuerySet:
    """Everything inside `code` (0 is the nation), in code order, of one level if given."""
    return Region.objects.under(code, level).order_by("code")


def children(code: int) -> RegionQuerySet:
    """What lies directly below `code` (0 is the nation), in code order."""
    return Region.objects.children_of(code).order_by("code")


def listed_below(region: Region) -> tuple[RegionQuerySet, bool]:
    """What a reader finds below one: its children, or all counties (True) where its prefectures stand only in the code."""
    below = children(region.code)
    if region.level == Level.PROVINCE and not below.exclude(_IN_THE_CODE_ALONE).exists():
        return descendants(region.code, Level.COUNTY), True
    return below, False


def counts_by_level(code: int) -> dict[int, int]:
    """Level → number of divisions strictly inside `code` (0 is the nation); levels without any are left out.

    What stands only in the code is no prefecture and is not counted: official tables do not count it either.
    """
    level = codes.level_of(code)
    inside = Region.objects.under(code).filter(level__lt=Level.VILLAGE).exclude(_IN_THE_CODE_ALONE)
    upper = inside.order_by().values_list("level")
    counts = dict(upper.annotate(Count("code")))
    seats = Region.objects.at_level(Level.PROVINCE) if code == codes.NATION else Region.objects.filter(code=code)
    villages = seats.aggregate(n=Sum("village_count"))["n"] or 0
    if villages and level < Level.VILLAGE:
        counts[int(Level.VILLAGE)] = villages
    return dict(sorted(counts.items()))


def paths(regions: Iterable[Region]) -> dict[int, list[Region]]:
    """Code → the divisions above it, province first, without levels that stand only in the code. One query."""
    wanted = {region.code: codes.ancestor_codes(region.code) for region in regions}
    above = Region.objects.in_bulk({code for path in wanted.values() for code in path})
    return {
        code: [above[up] for up in path if up in above and not above[up].is_placeholder]
        for code, path in wanted.items()
    }


def path(region: Region) -> list[Region]:
    """The divisions above one, for a breadcrumb."""
    return paths([region])[region.code]


def county_speeds(county_codes: Iterable[int]) -> dict[int, int]:
    """County code → speed on the road in km/h: the county's own setting, else by its development tier."""
    wanted = set(county_codes)
    own = dict(
        CountySetting.objects.filter(county__in=wanted, travel_kmh__isnull=False).values_list("county_id", "travel_kmh")
    )
    tiers = Region.objects.filter(code__in=wanted).values_list("code", "tier")
    return {code: own.get(code) or geo.TIER_KMH[tier] for code, tier in tiers}


def travel_minutes_between(start: Region, end: Region) -> float | None:
    """Estimated minutes one way at the speed of the county of arrival; None where a place is not known."""
    if start.longitude is None or start.latitude is None or end.longitude is None or end.latitude is None:
        return None
    county = end.county_code
    speed = county_speeds([county]).get(county) if county is not None else None
    km = geo.great_circle_km(start.longitude, start.latitude, end.longitude, end.latitude)
    return float(geo.travel_minutes(km, speed or geo.TIER_KMH[Tier(end.tier)]))


def within(ranges: Sequence[tuple[int, int]]) -> Q:
    """Filter on `code` for any of several half-open code ranges."""
    found = Q(pk__in=())
    for low, high in ranges:
        found |= Q(code__gte=low, code__lt=high)
    return found
