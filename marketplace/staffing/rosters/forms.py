"""What people fill in about rosters."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.accounts.models import Specialty, SpokenLanguage, User
from marketplace.contracts.models import Contract
from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.core.words import instant_words

from .models import Duty, Roster, RosterShift
from .offers import MOST_HOURS
from .services import Pattern, Terms, Window

WEEKDAYS = [
    (0, pgettext_lazy("weekday", "Mon")),
    (1, pgettext_lazy("weekday", "Tue")),
    (2, pgettext_lazy("weekday", "Wed")),
    (3, pgettext_lazy("weekday", "Thu")),
    (4, pgettext_lazy("weekday", "Fri")),
    (5, pgettext_lazy("weekday", "Sat")),
    (6, pgettext_lazy("weekday", "Sun")),
]


def _places(label: Any, *, initial: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=100, initial=initial, help_text=help_text)


class TermsForm(forms.Form):
    """What binds whoever comes."""

    day_hours = forms.IntegerField(label=_("Maximum hours per person per day"), min_value=1, max_value=16, initial=8)
    most_hours = forms.IntegerField(
        label=_("Maximum hours per person in total"),
        help_text=_("Leave empty for no limit. Everybody can set a lower one. Hours are shared evenly in any case."),
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
    )
    radius_minutes = forms.IntegerField(
        label=_("Longest journey (minutes, one way)"), min_value=10, max_value=600, initial=90
    )
    rest_minutes = forms.IntegerField(
        label=_("Rest between two shifts (minutes)"), min_value=0, max_value=720, initial=30
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        help_text=_("Anyone who comes must speak one of them. Choose none if it does not matter."),
        choices=SpokenLanguage.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    skills = forms.MultipleChoiceField(
        label=_("Required fields of law"),
        help_text=_("Anyone who comes must cover all of them. Choose none if it does not matter."),
        choices=Specialty.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def terms(self) -> Terms:
        given = self.cleaned_data
        return Terms(
            volunteers_welcome=given.get("volunteers_welcome", False),
            skills=given["skills"],
            languages=given["languages"],
            day_minutes=60 * given["day_hours"],
            most_minutes=60 * given["most_hours"] if given["most_hours"] else None,
            rest_minutes=given["rest_minutes"],
            radius_minutes=given["radius_minutes"],
        )


class RosterForm(TermsForm):
    """A period and its pattern."""

    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput)
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Only on these days of the week"),
        help_text=_(
            "Leave all empty for every working day; public holidays and make-up working days are taken into account."
        ),
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    first_from = forms.TimeField(label=_("From"), widget=forms.TimeInput, initial=time(9))
    first_to = forms.TimeField(label=_("To"), widget=forms.TimeInput, initial=time(12))
    first_places = _places(pgettext_lazy("of a shift", "Places"), initial=1)
    first_helpers = _places(
        _("Places that need no lawyer"),
        initial=0,
        help_text=_("To receive people, interpret or help with forms. Single shifts can be changed afterwards."),
    )
    second_from = forms.TimeField(label=_("From"), widget=forms.TimeInput, initial=time(14), required=False)
    second_to = forms.TimeField(label=_("To"), widget=forms.TimeInput, initial=time(17, 30), required=False)
    second_places = _places(pgettext_lazy("of a shift", "Places"), initial=1)
    second_helpers = _places(_("Places that need no lawyer"), initial=0)
    volunteers_welcome = forms.BooleanField(
        label=_("Volunteers nearby may offer too"),
        help_text=_(
            "Shifts are then allocated to lawyers and volunteers together. Volunteers take the places "
            "that need no lawyer."
        ),
        required=False,
    )
    field_order = [
        "starts_on", "ends_on", "weekdays", "first_from", "first_to", "first_places", "first_helpers", "second_from", "second_to",
        "second_places", "second_helpers", "volunteers_welcome",
    ]  # fmt: skip

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields after the period, under their headings, for the page."""
        named = [
            (_("First shift of the day"), ["first_from", "first_to", "first_places", "first_helpers"]),
            (
                _("Second shift of the day (if there is none, leave both times empty)"),
                ["second_from", "second_to", "second_places", "second_helpers"],
            ),
            (_("Who can come"), ["volunteers_welcome", *TermsForm.base_fields]),
        ]
        return [(title, [self[name] for name in names]) for title, names in named]

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        month = (clock.today().replace(day=1) + timedelta(days=32)).replace(day=1)
        first = max(month, contract.starts_on)
        if first > contract.ends_on:
            first = max(clock.today(), contract.starts_on)
        last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        self.fields["starts_on"].initial = first
        self.fields["ends_on"].initial = min(last, contract.ends_on)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        begin, end = given.get("second_from"), given.get("second_to")
        if (begin is None) != (end is None) and not {"second_from", "second_to"} & self.errors.keys():
            self.add_error("second_to", _("Give both times of the second shift, or leave both empty."))
        for name in ("first", "second"):
            begin, end = given.get(f"{name}_from"), given.get(f"{name}_to")
            if begin is None or end is None:
                continue
            if end <= begin:
                self.add_error(f"{name}_to", _("A shift ends after it begins."))
            if not given.get(f"{name}_places") and not given.get(f"{name}_helpers"):
                self.add_error(f"{name}_places", _("A shift has at least one place."))
        if {"starts_on", "ends_on"} <= given.keys() and given["ends_on"] < given["starts_on"]:
            self.add_error("ends_on", _("The last day is not before the first."))
        return given

    def pattern(self) -> Pattern:
        given = self.cleaned_data
        windows = [
            Window(given[f"{n}_from"], given[f"{n}_to"], given[f"{n}_places"], given[f"{n}_helpers"])
            for n in ("first", "second")
            if given[f"{n}_from"] is not None
        ]
        return Pattern(given["starts_on"], given["ends_on"], windows, given["weekdays"] or None)


class ShiftForm(forms.Form):
    """One more shift."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput)
    starts = forms.TimeField(label=_("From"), widget=forms.TimeInput, initial=time(9))
    ends = forms.TimeField(label=_("To"), widget=forms.TimeInput, initial=time(12))
    places = forms.IntegerField(label=pgettext_lazy("of a shift", "Places"), min_value=1, max_value=100, initial=1)
    lawyer_needed = forms.BooleanField(label=_("Lawyer required"), required=False, initial=True)

    def times(self) -> tuple[datetime, datetime]:
        given = self.cleaned_data
        begin, end = (timezone.make_aware(datetime.combine(given["day"], given[n])) for n in ("starts", "ends"))
        return begin, end


class PlacesForm(forms.Form):
    """What can be changed of a shift."""

    places = forms.IntegerField(label=pgettext_lazy("of a shift", "Places"), min_value=1, max_value=100)
    lawyer_needed = forms.BooleanField(label=_("Lawyer required"), required=False)

    def __init__(self, *args: Any, shift: RosterShift, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"places": shift.places, "lawyer_needed": shift.lawyer_needed}
        if shift.volunteer_shift_id is not None:
            self.fields["places"].disabled = True


class OpenForm(forms.Form):
    """Until when offers are taken."""

    day = forms.DateField(label=_("Offers close on"), widget=forms.DateInput)
    hour = forms.TimeField(label=_("at what hour"), widget=forms.TimeInput, initial=time(17))

    def __init__(self, *args: Any, roster: Roster, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = clock.today()
        self.fields["day"].initial = max(min(today + timedelta(days=7), roster.starts_on - timedelta(days=3)), today)

    def instant(self) -> datetime:
        moment: date = self.cleaned_data["day"]
        return timezone.make_aware(datetime.combine(moment, self.cleaned_data["hour"]))


class OfferForm(forms.Form):
    """Which shifts, and how much. ``every`` ticks all shifts of a day of the week."""

    shifts = forms.TypedMultipleChoiceField(coerce=int, required=False)
    every = forms.TypedMultipleChoiceField(
        label=_("Every shift on"),
        help_text=_("Besides those that you tick below."),
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    most_hours = forms.IntegerField(
        label=_("Maximum hours in total"),
        help_text=_(
            "Leave empty for as many as the roster allows. You can offer to take many shifts and still be given few."
        ),
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
    )

    def __init__(self, *args: Any, shifts: list[RosterShift], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.possible = shifts
        self.fields["shifts"].choices = [(shift.pk, str(shift)) for shift in shifts]  # type: ignore[attr-defined]
        days = {timezone.localtime(shift.starts_at).weekday() for shift in shifts}
        self.fields["every"].choices = [(n, name) for n, name in WEEKDAYS if n in days]  # type: ignore[attr-defined]

    def chosen(self) -> set[int]:
        every = set(self.cleaned_data["every"])
        by_day = {s.pk for s in self.possible if timezone.localtime(s.starts_at).weekday() in every}
        return set(self.cleaned_data["shifts"]) | by_day

    def minutes(self) -> int | None:
        hours = self.cleaned_data["most_hours"]
        return 60 * hours if hours else None


#: who reads a reason
KEEPER = _("One sentence. Whoever keeps the roster will read it.")
PERSON = _("One sentence. The person concerned will read it.")
EVERYBODY = _("One sentence. Everybody on the roster will read it.")


class ReasonForm(forms.Form):
    """A reason; ``reader`` says who will read it."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500)

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = reader


class SwapForm(forms.Form):
    """Which colleague, and what in return."""

    colleague = forms.TypedChoiceField(label=_("Colleague"), coerce=int)
    in_return = forms.TypedChoiceField(
        label=_("In return I take"),
        help_text=_("Only shifts of this colleague that you offered to take can change hands."),
        coerce=int,
        required=False,
        empty_value=None,
    )
    message = forms.CharField(
        label=_("A note to your colleague"), widget=forms.Textarea(attrs={"rows": 2}), max_length=300, required=False
    )

    def __init__(self, *args: Any, people: list[User], returns: list[Duty], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.duties = {duty.pk: duty for duty in returns}
        chosen: Any = self.fields["colleague"]
        chosen.choices = [(person.pk, localized(person, "display_name")) for person in people]
        # Nobody is asked because he happens to stand first.
        if len(people) > 1:
            chosen.choices = [("", pgettext_lazy("a person", "choose")), *chosen.choices]
        back: Any = self.fields["in_return"]
        back.choices = [("", pgettext_lazy("in return", "nothing"))] + [
            (duty.pk, f"{localized(duty.person, 'display_name')} · {instant_words(duty.shift.starts_at)}")
            for duty in returns
        ]
