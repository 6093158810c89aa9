"""What may be asked of a team run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from marketplace.accounts.models import Specialty
from marketplace.matching.teams.problem import MOST_MEMBERS, MOST_SPECIALTIES
from marketplace.staffing.errors import BadWish

SPECIALTIES = tuple(Specialty.values)
RADIUS = (10, 600)
USUAL_RADIUS = 120
#: years of practice that may be asked of a senior
YEARS = (1, 40)
USUAL_YEARS = 8


@dataclass(frozen=True, slots=True)
class TeamWishes:
    """``covers``: specialties that the team together must cover; at least ``seniors`` members of ``senior_years`` of practice or
    more; nobody farther than ``radius_minutes``."""

    radius_minutes: int = USUAL_RADIUS
    covers: tuple[str, ...] = ()
    seniors: int = 1
    senior_years: int = USUAL_YEARS

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TeamWishes:
        """Raises ``BadWish`` for anything that the form would not offer."""
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise BadWish(field=min(unknown))
        ranges = {"radius_minutes": RADIUS, "seniors": (0, MOST_MEMBERS), "senior_years": YEARS}
        chosen: dict[str, Any] = {}
        for name, (low, high) in ranges.items():
            value = values.get(name, getattr(USUAL, name))
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise BadWish(field=name)
            chosen[name] = value
        picked = tuple(values.get("covers", ()))
        if not set(picked) <= set(SPECIALTIES) or len(set(picked)) > MOST_SPECIALTIES:
            raise BadWish(field="covers")
        return cls(covers=tuple(value for value in SPECIALTIES if value in picked), **chosen)

    def as_mapping(self) -> dict[str, Any]:
        return asdict(self) | {"covers": list(self.covers)}


USUAL = TeamWishes()
