from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.core.forms import SuggestInput
from marketplace.core.i18n import localized
from marketplace.regions import codes, romanise, search, selectors
from marketplace.regions.errors import AmbiguousDivision, NotAmongThese, UnknownDivision
from marketplace.regions.models import CountySetting, Region, Tier


class RegionInput(SuggestInput):
    """An input that proposes divisions; without scripts one types a name or a code."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, suggest_url=reverse_lazy("regions:suggest"))
        self.levels: tuple[int, ...] = ()
        self.under: int | None = None

    def suggest_query(self) -> dict[str, Any]:
        return {"levels": ",".join(map(str, self.levels)), "under": self.under or ""}


class RegionField(forms.CharField):
    """A division: accepts a 12-digit code, a proposal, or a name (雷山县, langde, 雷山县西江镇控拜村). Cleans to `Region`.

    Args:
        levels: which levels may be chosen (1 province … 5 village).
        under: only inside this code.

    `limit_to` says by which condition on `Region` a form narrows the choice further, and who proposes what it leaves.
    """

    def __init__(self, *, levels: tuple[int, ...] = (1, 2, 3, 4, 5), under: int | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Name, pinyin or 12-digit code, such as 雷山县, langde or 522634000000."))
        super().__init__(widget=kwargs.pop("widget", RegionInput), max_length=120, **kwargs)
        self.levels, self.under = levels, under
        self.widget.levels, self.widget.under = levels, under
        self.among: Q | None = None

    def limit_to(self, among: Q, suggest_url: str) -> None:
        """Only divisions that fulfil `among` may be chosen; `suggest_url` proposes from them, with `propose_places`."""
        self.among, self.widget.suggest_url = among, suggest_url

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            value = Region.objects.filter(code=value).first() or value
        return proposal(value) if isinstance(value, Region) else value

    def clean(self, value: Any) -> Region | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return resolve(text, levels=self.levels, under=self.under, among=self.among)
        except (UnknownDivision, AmbiguousDivision) as refusal:
            known = self.among is None or isinstance(refusal, AmbiguousDivision)
            error = refusal if known else NotAmongThese()
            raise ValidationError(str(error), code=error.code) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


def proposal(region: Region) -> str:
    """What stands in the input: the name, and the code by which two of one name differ."""
    return gettext("%(name)s (%(code)s)") % {"name": localized(region, "name"), "code": region.code}


def resolve(
    text: str, *, levels: tuple[int, ...] = (1, 2, 3, 4, 5), under: int | None = None, among: Q | None = None
) -> Region:
    """The one division that `text` names; `among` is a condition on `Region`.

    Raises:
        UnknownDivision, AmbiguousDivision
    """
    found = search.search_regions(text, levels=levels, under=under, among=among, limit=8)
    exact = [region for region in found if _is_exactly(region, text)] or found
    if not exact:
        raise UnknownDivision
    if len(exact) > 1:
        above = selectors.paths(exact[:3])
        names = _("; ").join(f"{proposal(region)} ({search.path_words(above[region.code])})" for region in exact[:3])
        raise AmbiguousDivision(names=names)
    return exact[0]


def _is_exactly(region: Region, text: str) -> bool:
    last = text.split()[-1]
    plain = romanise.plain(text)
    return last in (region.name, region.official_name) or plain in (
        romanise.plain(region.pinyin),
        romanise.plain(region.name_en),
    )


class LocationForm(forms.Form):
    longitude = forms.FloatField(
        label=_("Longitude"), min_value=73, max_value=136, help_text=_("Degrees east, such as 108.14")
    )
    latitude = forms.FloatField(
        label=_("Latitude"), min_value=3, max_value=54, help_text=_("Degrees north, such as 26.305")
    )
    reason = forms.CharField(
        label=_("What is this based on?"),
        max_length=300,
        help_text=_("Such as a map, a reading on site or the township's own data."),
    )


class CountyForm(forms.ModelForm[CountySetting]):
    tier = forms.ChoiceField(
        label=_("Development tier"), required=False, choices=[("", _("that of the province")), *Tier.choices]
    )
    basis = forms.CharField(label=_("Basis"), max_length=300, help_text=_("The list or document that says so."))

    class Meta:
        model = CountySetting
        fields = ["tier", "travel_kmh", "basis"]
        labels = {"travel_kmh": _("Travel speed (km/h)")}
        help_texts = {
            "travel_kmh": _(
                "Leave empty to use the value of the development tier. Journey times are estimated from it."
            )
        }


class PlaceSearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=60, label=_("Find a place"))
    under = forms.IntegerField(required=False, min_value=codes.MIN_CODE, max_value=codes.MAX_CODE)
