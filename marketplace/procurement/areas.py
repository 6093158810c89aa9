"""Where a lot or a tender is served, in words: so many villages, or the name of the county or prefecture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.core.i18n import localized
from marketplace.regions.models import Level, Region


@dataclass(frozen=True, slots=True)
class Area:
    """Only divisions of the lowest level count as villages; a larger one goes by its name."""

    villages: int = 0
    places: tuple[Region, ...] = ()

    @classmethod
    def of(cls, regions: Iterable[Region]) -> Area:
        unique = {region.code: region for region in regions}
        larger = tuple(unique[code] for code in sorted(unique) if unique[code].level != Level.VILLAGE)
        return cls(len(unique) - len(larger), larger)

    def __str__(self) -> str:
        words = [localized(place, "name") for place in self.places]
        if self.villages:
            words.append(ngettext("%(n)s village", "%(n)s villages", self.villages) % {"n": self.villages})
        return _(", ").join(words)
