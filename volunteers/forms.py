"""Forms of volunteering."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import CredentialKind, Organisation, Specialty, SpokenLanguage
from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.regions.forms import RegionField

from .models import OpportunityKind

_MANY = forms.CheckboxSelectMultiple


class ProfileForm(forms.Form):
    region = RegionField(
        label=_("Near"), help_text=_("Your village, township or county: calls are sorted by the way from there.")
    )
    languages = forms.MultipleChoiceField(label=_("Languages I speak"), choices=SpokenLanguage.choices, widget=_MANY)
    skills = forms.MultipleChoiceField(
        label=_("Fields of law I know"), choices=Specialty.choices, widget=_MANY, required=False
    )
    about = forms.CharField(
        label=_("About me"), widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=1000
    )
    emergency_contact = forms.CharField(
        label=_("Emergency contact"),
        required=False,
        max_length=100,
        help_text=_("Stored encrypted; shown to nobody but you."),
    )
    consent = forms.BooleanField(
        label=_(
            "I take part of my own free will, and agree that my service is recorded and confirmed by those I serve."
        )
    )


class _OrganisationField(forms.ModelChoiceField[Organisation]):
    def label_from_instance(self, obj: Any) -> str:
        return localized(obj, "name")


class OpportunityForm(forms.Form):
    organiser = _OrganisationField(label=_("Organiser"), queryset=Organisation.objects.none())
    host = _OrganisationField(
        label=_("Who confirms attendance"), queryset=Organisation.objects.none(), required=False,
        empty_label=_("the organiser itself"),
        help_text=_("The village or organisation that is served; the organiser itself where left empty."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"), choices=OpportunityKind.choices)
    title = forms.CharField(label=_("Title"), max_length=120)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    region = RegionField(label=_("Place"))
    description = forms.CharField(label=_("What to do"), widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    description_en = forms.CharField(
        label=_("What to do, in English"), widget=forms.Textarea(attrs={"rows": 4}), max_length=4000, required=False
    )
    subsidised = forms.BooleanField(
        label=_("Subsidised by the day"),
        required=False,
        help_text=_("The policy in force pays a subsidy; the time then counts as no volunteer hour."),
    )
    required_credential = forms.ChoiceField(
        label=_("Required credential"),
        choices=[("", _("none: everybody may come")), *CredentialKind.choices],
        required=False,
    )
    languages = forms.MultipleChoiceField(
        label=_("Useful languages"), choices=SpokenLanguage.choices, widget=_MANY, required=False
    )
    skills = forms.MultipleChoiceField(
        label=_("Useful fields of law"), choices=Specialty.choices, widget=_MANY, required=False
    )

    def __init__(self, *args: Any, organisers: Any, hosts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organiser"].queryset = organisers  # type: ignore[attr-defined]
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class ShiftForm(forms.Form):
    starts_at = forms.DateTimeField(label=_("From"), widget=_moment())
    ends_at = forms.DateTimeField(label=_("To"), widget=_moment())
    places = forms.IntegerField(label=_("Places"), min_value=1, max_value=500, initial=2)

    def has_changed(self) -> bool:
        """A row without any time is an empty row, whatever stands under places."""
        return bool({"starts_at", "ends_at"} & set(self.changed_data))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        begin, end = given.get("starts_at"), given.get("ends_at")
        if begin and begin <= clock.now():
            self.add_error("starts_at", _("A shift lies in the future."))
        if begin and end and end <= begin:
            self.add_error("ends_at", _("The end must come after the beginning."))
        elif begin and end and timezone.localdate(begin) != timezone.localdate(end):
            self.add_error("ends_at", _("A shift ends on the day it begins. Make two of one that passes midnight."))
        return given


class _Shifts(forms.BaseFormSet[ShiftForm]):
    def initial_form_count(self) -> int:
        """Rows that stood there before may be emptied like any other."""
        return 0 if self.is_bound else super().initial_form_count()


ShiftFormSet = forms.formset_factory(ShiftForm, formset=_Shifts, extra=3, min_num=1, validate_min=True, max_num=20)


class FindForm(forms.Form):
    q = forms.CharField(label=_("Title or place"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("all kinds")), *OpportunityKind.choices], required=False)
    near = RegionField(label=_("From where"), required=False, help_text="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["near"].widget.attrs["placeholder"] = _("Name or Pinyin, such as langde")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500)


class ReadmitForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "What you agreed on. The volunteer gets it by mail, and it stays on record."
        )
