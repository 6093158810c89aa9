"""What a lot buys and where it is served, in words: so many villages, or units, seats and the name of a county or prefecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.core.i18n import localized
from marketplace.core.words import number_words
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


def bought_words(product: Mapping[str, Any], units: int, seats: int) -> str:
    """How much is bought of a product whose posts are not by village; ``product`` names its ``unit``. One seat goes unsaid."""
    amount = _("%(n)s %(unit)s") % {"n": number_words(units), "unit": _unit_of(product, units)}
    if seats == 1:
        return amount
    return _(", ").join([amount, ngettext("%(n)s seat", "%(n)s seats", seats) % {"n": seats}])


def _unit_of(product: Mapping[str, Any], units: int) -> str:
    """A product's unit; the English of a catalogue is kept in the singular."""
    unit = localized(product, "unit")
    return f"{unit}s" if units != 1 and unit == product.get("unit_en") and unit[-1:].isalpha() else unit
