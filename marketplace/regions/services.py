"""Corrections by staff. An import of the divisions never undoes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from marketplace.audit import services as audit
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.regions import rules
from marketplace.regions.errors import NotACounty, PlaceOutsideChina
from marketplace.regions.importing import default_tier
from marketplace.regions.models import CountySetting, LocationSource, Region, Tier


@transaction.atomic
def correct_location(*, actor: Any, code: int, longitude: float, latitude: float, reason: str, now: datetime) -> Region:
    """Put a division where it is (degrees, WGS 84 or CGCS 2000: they differ by less than a metre).

    Raises:
        PlaceOutsideChina
    """
    region = lock_row(Region, code)
    require(rules.can_edit, actor)
    if not (73 <= longitude <= 136 and 3 <= latitude <= 54):
        raise PlaceOutsideChina(field="longitude")
    before = _place_words(region)
    region.longitude, region.latitude, region.location_source = longitude, latitude, LocationSource.CORRECTED
    region.save(update_fields=["longitude", "latitude", "location_source"])
    audit.record(
        actor=actor,
        action="region.correct_location",
        subject=region,
        now=now,
        reason=reason,
        data={"from": before, "to": _place_words(region)},
    )
    return region


def _place_words(region: Region) -> str:
    """A place as text: the record holds no fractions, which readers of JSON round differently."""
    return f"{region.longitude}, {region.latitude} ({region.location_source})"


@transaction.atomic
def set_county_tier(
    *,
    actor: Any,
    code: int,
    tier: str,
    basis: str,
    travel_kmh: int | None = None,
    now: datetime,
) -> CountySetting:
    """Set the development tier (empty: that of its province) and the speed on the road of a county.

    Everything in the county takes the tier over.

    Raises:
        NotACounty
    """
    county = lock_row(Region, code)
    require(rules.can_edit, actor)
    if county.county_code != county.code:
        raise NotACounty(field="tier")
    setting, _created = CountySetting.objects.update_or_create(
        county=county, defaults={"tier": tier, "travel_kmh": travel_kmh, "basis": basis, "updated_at": now}
    )
    before, after = county.tier, Tier(tier) if tier else default_tier(code)
    low, high = county.code_range
    Region.objects.filter(code__gte=low, code__lt=high).exclude(tier=after).update(tier=after)
    audit.record(
        actor=actor,
        action="region.set_tier",
        subject=county,
        now=now,
        reason=basis,
        data={"from": before, "to": after.value, "travel_kmh": travel_kmh},
    )
    return setting
