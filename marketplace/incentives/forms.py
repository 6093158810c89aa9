"""Forms of policies, claims and the fund."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.accounts.models import Organisation
from marketplace.core.forms import AmountField, HoursField, LocalizedChoiceField
from marketplace.regions.forms import RegionField

STARS = 5
#: What a new policy proposes for its star levels, in hours.
STAR_HOURS = (100, 300, 600, 1000, 1500)


#: The least that a policy counts in, half an hour.
_HALF = Decimal("0.5")


class PolicyForm(forms.Form):
    payer = LocalizedChoiceField(label=_("Paid by"), queryset=Organisation.objects.none())
    region = RegionField(label=_("Area where it applies"))
    title = forms.CharField(label=_("Title"), max_length=120)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    instrument = forms.CharField(
        label=pgettext_lazy("policy", "Document"),
        max_length=160,
        help_text=_("Number and name of the decision that it rests on."),
    )
    valid_from = forms.DateField(label=pgettext_lazy("policy", "From"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_to = forms.DateField(
        label=pgettext_lazy("policy", "To (inclusive)"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    points_per_minute = forms.DecimalField(
        label=_("Points per minute"), min_value=0, decimal_places=3, initial=Decimal("0.5")
    )
    daily_cap_minutes = HoursField(
        label=_("Hours per day that earn points"),
        min_value=_HALF,
        max_value=24,
        initial=8,
        help_text=_("As a rule, no more than eight hours (Measures for legal aid volunteers, article 16)."),
    )
    subsidy_per_day = AmountField(label=_("Subsidy per day (yuan)"), min_value=0, initial=200)
    day_minutes = HoursField(
        label=_("Hours of a full day"),
        min_value=_HALF,
        max_value=24,
        initial=6,
        help_text=_("Less is paid in proportion."),
    )
    western = forms.DecimalField(
        label=_("Factor, western region"),
        min_value=1,
        max_value=3,
        decimal_places=2,
        initial=Decimal("1.10"),
        help_text=_("1.10 pays 10% more."),
    )
    formerly_poor = forms.DecimalField(
        label=_("Factor, formerly poor county"),
        min_value=1,
        max_value=3,
        decimal_places=2,
        initial=Decimal("1.20"),
        help_text=_("1.20 pays 20% more."),
    )
    annual_target_minutes = HoursField(
        label=_("Yearly target (hours)"), min_value=_HALF, initial=50, help_text=_("50 hours (Sifatong [2019] 105).")
    )
    annual_target_cases = forms.IntegerField(label=_("Or yearly target (cases)"), min_value=1, initial=2)

    def __init__(self, *args: Any, payers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = payers  # type: ignore[attr-defined]
        for level, hours in enumerate(STAR_HOURS, start=1):
            self.fields[f"star{level}"] = HoursField(
                label=_("Star level %(level)s from (hours)") % {"level": level}, min_value=_HALF, initial=hours
            )

    def rules(self) -> dict[str, Any]:
        """The policy's rules as they are stored."""
        d = self.cleaned_data
        return {
            "points_per_minute": str(d["points_per_minute"]),
            "subsidy_per_day": str(d["subsidy_per_day"]),
            "day_minutes": d["day_minutes"],
            "daily_cap_minutes": d["daily_cap_minutes"],
            "annual_target_minutes": d["annual_target_minutes"],
            "annual_target_cases": d["annual_target_cases"],
            "tier_uplift": {"western": str(d["western"]), "formerly_poor": str(d["formerly_poor"])},
            "stars": [{"level": n, "minutes": d[f"star{n}"]} for n in range(1, STARS + 1)],
        }


class EndForm(forms.Form):
    last_day = forms.DateField(label=_("Last day (inclusive)"), widget=forms.DateInput(attrs={"type": "date"}))


class ReturnForm(forms.Form):
    note = forms.CharField(label=_("Why it is returned"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)


class FundForm(forms.Form):
    payer = LocalizedChoiceField(label=_("Fund held by"), queryset=Organisation.objects.none())
    amount = AmountField(label=_("Amount (yuan)"), min_value=Decimal("0.01"), max_digits=12)

    def __init__(self, *args: Any, payers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = payers  # type: ignore[attr-defined]
