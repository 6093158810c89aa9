"""What would be if: the changes that an officer can put together."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import SpokenLanguage
from marketplace.accounts.picking import PersonField
from marketplace.regions.forms import RegionField

from . import picking
from .models import AssignmentRun
from .services_scenarios import LIMITS


def _number(name: str, label: Any, help_text: Any = "", **more: Any) -> forms.IntegerField:
    low, high = LIMITS[name]
    return forms.IntegerField(label=label, help_text=help_text, min_value=low, max_value=high, required=False, **more)


class ScenarioForm(forms.Form):
    """Every field may stay empty; what is filled in is changed. ``changes()`` as ``scenarios`` lists them."""

    name = forms.CharField(label=_("Name of the scenario"), max_length=80)
    places_by = _number("by", _("More places"), _("So many more villages a lawyer could serve."))
    places_person = PersonField(
        label=_("For whom"), help_text=_("Leave empty to apply it to every lawyer."), required=False
    )
    cap = _number(
        "most", _("Nobody serves more than"), _("Villages per lawyer; a lower number than today spreads the workload.")
    )
    radius = _number("minutes", _("Longest journey (minutes, one way)"), _("Each lawyer's own limit still holds."))
    firm_region = RegionField(
        label=_("One more firm in"),
        help_text=_("Township, county or city where its lawyers would start."),
        required=False,
    )
    firm_advisers = _number("advisers", _("Its lawyers"))
    firm_capacity = _number("capacity", _("Villages each"))
    firm_languages = forms.MultipleChoiceField(
        label=_("They speak"), choices=SpokenLanguage.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    subsidy_region = RegionField(
        label=_("Subsidise travel to"),
        help_text=_(
            "A county or township. Villages there may be farther away, for the computation and for each lawyer, and count less."
        ),
        required=False,
    )
    subsidy_percent = _number(
        "percent", _("A minute of travel counts as (per cent)"), _("75 means: a quarter of it is paid.")
    )
    without = PersonField(label=_("Without"), required=False)

    def __init__(self, *args: Any, run: AssignmentRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        for name in ("places_person", "without"):
            fields[name].limit_to(picking.lawyers_of(run), picking.address(run, "lawyers"))
        fields["subsidy_region"].limit_to(picking.areas_of(run), picking.address(run, "areas"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        together = {"firm_region": ("firm_advisers", "firm_capacity"), "subsidy_region": ("subsidy_percent",)}
        for first, others in together.items():
            names = (first, *others)
            if any(given.get(name) for name in names):
                for name in names:
                    if not given.get(name) and name not in self.errors:
                        self.add_error(name, _("Fill this in too, or leave the whole group empty."))
        if not self.errors and not self.changes():
            self.add_error(None, _("Change at least one thing: a scenario without a change is the plan itself."))
        return given

    def changes(self) -> list[dict[str, Any]]:
        given = self.cleaned_data
        found: list[dict[str, Any]] = []
        if given.get("places_by"):
            who = given.get("places_person")
            found.append({"kind": "places", "person": who.pk if who else None, "by": given["places_by"]})
        if given.get("firm_region"):
            found.append(
                {
                    "kind": "firm",
                    "region": given["firm_region"].code,
                    "advisers": given["firm_advisers"],
                    "capacity": given["firm_capacity"],
                    "languages": given["firm_languages"],
                }
            )
        if given.get("cap"):
            found.append({"kind": "cap", "most": given["cap"]})
        if given.get("radius"):
            found.append({"kind": "radius", "minutes": given["radius"]})
        if given.get("subsidy_region"):
            found.append(
                {"kind": "subsidy", "region": given["subsidy_region"].code, "percent": given["subsidy_percent"]}
            )
        if given.get("without"):
            found.append({"kind": "without", "person": given["without"].pk})
        return found

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields by what they change, for the page."""
        named = [
            (_("More or fewer places"), "places_by places_person cap"),
            (_("A longer or shorter journey"), "radius"),
            (_("One more firm"), "firm_region firm_advisers firm_capacity firm_languages"),
            (_("A subsidy for far villages"), "subsidy_region subsidy_percent"),
            (_("Leave somebody out"), "without"),
        ]
        return [(title, [self[name] for name in names.split()]) for title, names in named]
