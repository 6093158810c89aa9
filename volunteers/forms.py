"""Forms of volunteering."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import CredentialKind, Organisation, Specialty, SpokenLanguage
from marketplace.core import clock
from marketplace.core.forms import capitalised
from marketplace.core.i18n import localized
from marketplace.regions.forms import RegionField

from .models import OpportunityKind

_MANY = forms.CheckboxSelectMultiple


class ProfileForm(forms.Form):
    region = RegionField(
        label=_("Where I live"),
        help_text=_(
            "Name or pinyin of your village, township or county. Calls are listed by travelling time from there."
        ),
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
        help_text=_(
            "Name and telephone number. Stored encrypted. Only the organiser or host of your shift can see it, "
            "and only on the day; every viewing is recorded."
        ),
    )
    consent = forms.BooleanField(
        label=_(
            "I take part of my own free will, and agree that my service is recorded and confirmed by those I serve."
        )
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skills"].choices = capitalised(Specialty.choices)  # type: ignore[attr-defined]


class _OrganisationField(forms.ModelChoiceField[Organisation]):
    def label_from_instance(self, obj: Any) -> str:
        return localized(obj, "name")


class OpportunityForm(forms.Form):
    organiser = _OrganisationField(label=_("Organiser"), queryset=Organisation.objects.none())
    host = _OrganisationField(
        label=_("Who confirms attendance"), queryset=Organisation.objects.none(), required=False,
        help_text=_("The village or organisation that is served; the organiser itself where left empty."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"))
    title = forms.CharField(label=_("Title"), max_length=120)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    region = RegionField(label=_("Place"))
    meeting_point = forms.CharField(
        label=_("Where to meet"), max_length=200, help_text=_("House, room or landmark. Everybody can read it.")
    )
    meeting_point_en = forms.CharField(label=_("Where to meet, in English"), max_length=240, required=False)
    contact_phone = forms.CharField(
        label=_("Telephone for questions"), max_length=60,
        help_text=_("Answered on the day too. Only those who have signed up see it."),
    )  # fmt: skip
    description = forms.CharField(label=_("What to do"), widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    description_en = forms.CharField(
        label=_("What to do, in English"), widget=forms.Textarea(attrs={"rows": 4}), max_length=4000, required=False
    )
    subsidised = forms.BooleanField(
        label=_("Subsidised by the day"),
        required=False,
        help_text=_("The policy in force pays a subsidy; the time then does not count as volunteer hours."),
    )
    required_credential = forms.ChoiceField(label=_("Required credential"), required=False)
    languages = forms.MultipleChoiceField(
        label=_("Preferred languages"), choices=SpokenLanguage.choices, widget=_MANY, required=False
    )
    skills = forms.MultipleChoiceField(
        label=_("Preferred fields of law"), choices=Specialty.choices, widget=_MANY, required=False
    )

    def __init__(self, *args: Any, organisers: Any, hosts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = capitalised(OpportunityKind.choices)  # type: ignore[attr-defined]
        self.fields["required_credential"].choices = capitalised(  # type: ignore[attr-defined]
            [("", _("none: everybody may come")), *CredentialKind.choices]
        )
        self.fields["skills"].choices = capitalised(Specialty.choices)  # type: ignore[attr-defined]
        self.fields["host"].empty_label = capfirst(_("the organiser itself"))  # type: ignore[attr-defined]
        self.fields["organiser"].queryset = organisers  # type: ignore[attr-defined]
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]


class MeetingForm(forms.Form):
    """Where to meet and whom to call, said or changed later: the same three fields."""

    meeting_point = OpportunityForm.base_fields["meeting_point"]
    meeting_point_en = OpportunityForm.base_fields["meeting_point_en"]
    contact_phone = OpportunityForm.base_fields["contact_phone"]


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class ShiftForm(forms.Form):
    starts_at = forms.DateTimeField(label=_("From"), widget=_moment())
    ends_at = forms.DateTimeField(label=_("To"), widget=_moment())
    places = forms.IntegerField(label=_("Places"), min_value=1, max_value=500)

    def has_changed(self) -> bool:
        """A row without any time is an empty row, whatever stands under places."""
        return bool({"starts_at", "ends_at"} & set(self.changed_data))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        begin, end = given.get("starts_at"), given.get("ends_at")
        if begin and begin <= clock.now():
            self.add_error("starts_at", _("A shift must be in the future."))
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
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    near = RegionField(label=_("From where"), required=False, help_text="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = capitalised([("", _("all kinds")), *OpportunityKind.choices])  # type: ignore[attr-defined]
        self.fields["near"].widget.attrs["placeholder"] = _("Place or pinyin")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500)


class ReadmitForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "What you agreed on. The volunteer gets it by e-mail, and it stays on record."
        )
