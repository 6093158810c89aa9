"""The form of a lot: scope, ceiling, and where it is served, by village, township or whole county."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Count, F
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.core.forms import MoneyField
from marketplace.core.i18n import localized
from marketplace.regions import codes
from marketplace.regions.models import Level, Region
from marketplace.regions.selectors import within

from .models_tender import MOST_SEATS, MOST_UNITS, Lot, Tender


@dataclass(frozen=True, slots=True)
class VillageChoice:
    region: Region
    chosen: bool
    taken_by: int | None


@dataclass(frozen=True, slots=True)
class TownshipChoice:
    region: Region
    whole: bool
    villages: list[VillageChoice]

    @property
    def chosen(self) -> int:
        return sum(v.chosen for v in self.villages)

    @property
    def free(self) -> int:
        return sum(v.taken_by is None for v in self.villages)


@dataclass(frozen=True, slots=True)
class CountyChoice:
    """``size``: its villages; ``free``: those that no other lot has; ``elsewhere``: codes chosen singly, not listed here."""

    region: Region
    size: int
    free: int
    chosen: int
    shown: bool
    elsewhere: str

    @property
    def whole(self) -> bool:
        return bool(self.free) and self.chosen == self.free


class LotForm(forms.Form):
    """A county or township that is ticked stands for all villages below it that no other lot has.

    Villages are listed for one county at a time. ``kept`` is what was typed and ticked before another county is looked
    at: it is shown again, not judged.
    """

    title = forms.CharField(label=_("Scope"), max_length=160, help_text=_("For example: the townships served."))
    title_en = forms.CharField(label=_("Scope in English"), max_length=200, required=False)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST_UNITS)
    seats = forms.IntegerField(
        label=_("Seats"),
        min_value=1,
        max_value=MOST_SEATS,
        help_text=_("How many people serve at a time. The contract makes a post of each seat."),
    )
    ceiling = MoneyField(label=_("Ceiling"), help_text=_("A price above it makes a bid invalid."))

    def __init__(
        self,
        tender: Tender,
        county: int,
        data: QueryDict | None = None,
        *,
        lot: Lot | None = None,
        kept: QueryDict | None = None,
    ) -> None:
        super().__init__(data)
        self.tender, self.county = tender, county
        product = lot.product_version.page if lot else tender.plan.product
        self.by_village = product.staffed_by_village
        if product.staffed_by_village:
            del self.fields["quantity"], self.fields["seats"]
        else:
            words = _("In the product\u2019s unit: %(unit)s. The unit price is worked out from it.")
            self.fields["quantity"].help_text = words % {"unit": localized(product, "unit")}
            for name, most in (("quantity", MOST_UNITS), ("seats", MOST_SEATS)):
                said = _("This number lies between 1 and %(most)s.") % {"most": f"{most:,}"}
                self.fields[name].error_messages |= {"min_value": said, "max_value": said}
        self.asked = kept is not None
        others = Lot.regions.through.objects.filter(lot__tender=tender).exclude(lot_id=lot.pk if lot else 0)
        self.taken: dict[int, int] = dict(others.values_list("region_id", "lot__number"))
        ticked = data if data is not None else kept
        if ticked is not None:
            self.whole = {*_codes(ticked.getlist("counties")), *_codes(ticked.getlist("townships"))}
            lists = ",".join(ticked.getlist("elsewhere")).split(",")
            self.villages = {*_codes(ticked.getlist("villages")), *_codes(lists)}
        else:
            named = dict(lot.regions.values_list("pk", "level")) if lot else {}
            self.whole = {code for code, level in named.items() if level != Level.VILLAGE}
            self.villages = named.keys() - self.whole
        if kept is not None:
            names = ("title", "title_en", "quantity", "seats")
            self.initial = {name: kept.get(name, "") for name in names} | {"ceiling": [kept.get("ceiling_0"), "CNY"]}
        elif lot is not None:
            self.initial = {"title": lot.title, "title_en": lot.title_en, "ceiling": lot.ceiling}
            self.initial |= {"quantity": lot.quantity, "seats": lot.seat_count}
        else:
            self.initial = {"seats": product.posts_per_unit}

    @cached_property
    def wanted(self) -> set[int]:
        """Codes of all villages chosen, one by one or as part of what was ticked whole."""
        if not self.whole:
            return self.villages
        ranges = [self._scope(code) for code in self.whole]
        inside = Region.objects.filter(within(ranges), level=Level.VILLAGE).values_list("pk", flat=True)
        return self.villages | {code for code in inside if code not in self.taken}

    def _scope(self, code: int) -> tuple[int, int]:
        """What of a division belongs to the buyer's area."""
        low, high = codes.code_range(code)
        own_low, own_high = self.tender.organisation.region.code_range
        return max(low, own_low), min(high, own_high)

    @cached_property
    def counties(self) -> list[CountyChoice]:
        """The counties of the buyer's area with how much of each is chosen, in two queries."""
        area = within([self._scope(self.tender.organisation.region_id)])
        span = codes.SPAN[Level.COUNTY]
        sizes = dict(
            Region.objects.filter(area, level=Level.VILLAGE)
            .order_by()
            .values_list(F("code") / span * span)
            .annotate(Count("code"))
        )
        taken = Counter(codes.ancestor_at(code, Level.COUNTY) for code in self.taken)
        chosen: dict[int, list[int]] = {}
        for code in sorted(self.wanted - self.taken.keys()):
            chosen.setdefault(codes.ancestor_at(code, Level.COUNTY), []).append(code)
        found = []
        for region in Region.objects.filter(code__in=sizes).order_by("code"):
            own, size = chosen.get(region.code, []), sizes[region.code]
            free, shown = size - taken[region.code], region.code == self.county
            singly = [] if shown or len(own) == free else own
            elsewhere = ",".join(map(str, singly))
            found.append(CountyChoice(region, size, free, len(own), shown, elsewhere))
        return found

    @property
    def open(self) -> bool:
        """Whether the townships of the county shown stand open: it is the only one, was asked for, or is chosen in part."""
        shown = next((row for row in self.counties if row.shown), None)
        return shown is not None and (len(self.counties) == 1 or self.asked or 0 < shown.chosen < shown.free)

    @cached_property
    def picker(self) -> list[TownshipChoice]:
        """The townships of the county shown with their villages, in two queries."""
        area = within([self._scope(self.county)])
        villages: dict[int, list[VillageChoice]] = {}
        for region in Region.objects.filter(area, level=Level.VILLAGE).order_by("code"):
            taken = self.taken.get(region.code)
            choice = VillageChoice(region, taken is None and region.code in self.wanted, taken)
            villages.setdefault(codes.ancestor_at(region.code, Level.TOWNSHIP), []).append(choice)
        found = []
        for region in Region.objects.filter(code__in=villages).order_by("code"):
            own = villages[region.code]
            free = [v for v in own if v.taken_by is None]
            found.append(TownshipChoice(region, bool(free) and all(v.chosen for v in free), own))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["regions"] = list(Region.objects.filter(pk__in=self.wanted, level=Level.VILLAGE).order_by("code"))
        if len(cleaned["regions"]) != len(self.wanted):
            self.add_error(None, _("One of the villages is not in the register. Choose again."))
        return cleaned


def _codes(values: Iterable[str]) -> Iterable[int]:
    return (int(v) for v in values if v.isascii() and v.isdigit() and len(v) == 12)
