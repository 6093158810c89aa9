"""What people fill in about staffing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Specialty, SpokenLanguage
from marketplace.accounts.picking import PersonField
from marketplace.core import clock
from marketplace.regions.forms import RegionField
from volunteers.forms import MeetingForm
from volunteers.services import NewShift

from . import picking
from .freezing import RADIUS, USUAL_RADIUS
from .models import MOST_ROUNDS_BY_THEMSELVES, AssignmentRun


def _round_choices() -> list[tuple[int, str]]:
    counted = [
        (
            n,
            ngettext("fill gaps automatically, at most %(n)s time", "fill gaps automatically, at most %(n)s times", n)
            % {"n": n},
        )
        for n in range(1, MOST_ROUNDS_BY_THEMSELVES + 1)
    ]
    return [(0, gettext("I decide then")), *counted]


class RunForm(forms.Form):
    """What counts in a computation."""

    radius_minutes = forms.IntegerField(
        label=_("Longest journey (minutes, one way)"),
        help_text=_("Farther lawyers are not proposed, however few there are. Each lawyer's own limit holds too."),
        min_value=RADIUS[0],
        max_value=RADIUS[1],
        initial=USUAL_RADIUS,
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages spoken there"),
        help_text=_(
            "A lawyer who speaks none of them counts as 20 minutes farther. Choose none if Mandarin is enough."
        ),
        choices=SpokenLanguage.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    wanted = forms.MultipleChoiceField(
        label=_("Preferred fields of law"),
        help_text=_("Each one that a lawyer does not cover counts as 10 minutes farther."),
        choices=Specialty.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    required = forms.MultipleChoiceField(
        label=_("Required fields of law"),
        help_text=_("Lawyers who do not cover them are not proposed."),
        choices=Specialty.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    @classmethod
    def like(cls, run: AssignmentRun | None) -> RunForm:
        """A form that begins with what was asked last."""
        names = ("radius_minutes", "languages", "wanted", "required")
        return cls(initial={name: run.parameters[name] for name in names} if run is not None else None)


class TermsForm(forms.Form):
    """On what terms a lawyer may be proposed."""

    open_to_posts = forms.BooleanField(
        label=_("I may be proposed for posts"),
        required=False,
        help_text=_(
            "If unticked, you are left out of every computation and receive no further proposals. The villages "
            "you serve stay yours, and you can still answer proposals already sent."
        ),
    )
    capacity = forms.IntegerField(
        label=_("Maximum number of villages"),
        min_value=0,
        max_value=50,
        help_text=_(
            "Villages you already serve and proposals awaiting your answer are deducted. A contract may set a "
            "lower limit."
        ),
    )
    most_teams = forms.IntegerField(
        label=_("Maximum number of counsel teams"),
        min_value=0,
        max_value=20,
        help_text=_("Seats in the teams of all contracts count. With 0 you are asked for no team."),
    )
    max_travel_minutes = forms.IntegerField(
        label=_("Longest journey (minutes, one way)"),
        min_value=5,
        max_value=600,
        help_text=_("No village farther than this is ever proposed to you, however much it needs somebody."),
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        required=False,
        choices=SpokenLanguage.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Where a village's language is asked for, a lawyer who does not speak it counts as 20 minutes farther."
        ),
    )


class PublishForm(forms.Form):
    """Whether repairs follow by themselves. Only the buyer's officer is asked."""

    rounds = forms.TypedChoiceField(
        label=_("When villages are declined or not answered"),
        help_text=_(
            "Everybody who accepted or may still answer stays; somebody is found for the villages that became "
            "vacant, and these proposals are sent. It starts when all answers are in or the deadline has passed. "
            "You can stop it at any time."
        ),
        coerce=int,
        choices=_round_choices,
        initial=0,
        required=False,
    )


class PlacePublishForm(PublishForm):
    """The same for posts that are not villages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rounds"].label = _("When posts are declined or not answered")
        self.fields["rounds"].help_text = _(
            "Everybody who accepted or may still answer stays; somebody is found for the posts that became "
            "vacant, and these proposals are sent. It starts when all answers are in or the deadline has passed. "
            "You can stop it at any time."
        )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("One sentence. It is kept with the proposal and helps improve later ones."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
    )


class WithdrawForm(ReasonForm):
    """The reason goes to the lawyer by letter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("One sentence. It is sent to the lawyer and kept with the proposal.")


def next_saturday(today: date) -> date:
    """The first Saturday that leaves a week to find somebody."""
    first = today + timedelta(days=7)
    return first + timedelta(days=(5 - first.weekday()) % 7)


class CallForm(MeetingForm):
    """When volunteers should come to each village, where they meet and whom they ask."""

    field_order = ("first_day", "starts", "ends", "visits")

    first_day = forms.DateField(label=_("First visit"), widget=forms.DateInput)
    starts = forms.TimeField(label=_("From"), widget=forms.TimeInput, initial=time(9))
    ends = forms.TimeField(label=_("To"), widget=forms.TimeInput, initial=time(11))
    visits = forms.IntegerField(
        label=_("Visits to each village"),
        help_text=_("Every second week from the first one."),
        min_value=1,
        max_value=6,
        initial=2,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_day"].initial = next_saturday(clock.today())
        self.fields["meeting_point"].initial = "村（居）民委员会办公室"
        self.fields["meeting_point"].help_text = _(
            "As it is true of each village; the page of a call can say it for one village later. Everybody can read it."
        )
        self.fields["meeting_point_en"].initial = "office of the village or residents' committee"

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "first_day" in given and given["first_day"] <= clock.today():
            self.add_error("first_day", _("Choose a day to come, so that people can find the time."))
        if {"starts", "ends"} <= given.keys() and given["ends"] <= given["starts"]:
            self.add_error("ends", _("A visit ends after it begins."))
        return given

    def where(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in MeetingForm.base_fields}

    def shifts(self) -> list[NewShift]:
        given = self.cleaned_data

        def at(day: date, clock_time: time) -> datetime:
            return timezone.make_aware(datetime.combine(day, clock_time))

        days = [given["first_day"] + timedelta(days=14 * n) for n in range(given["visits"])]
        return [NewShift(at(day, given["starts"]), at(day, given["ends"]), 1) for day in days]


class WhyNotForm(forms.Form):
    """A lawyer of a run."""

    person = PersonField(label=_("Lawyer"))

    def __init__(self, *args: Any, run: AssignmentRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.limit_to(picking.lawyers_of(run), picking.address(run, "lawyers"))


class WhyNotHereForm(WhyNotForm):
    """A lawyer and a village of a run."""

    village = RegionField(label=_("Village"), help_text=picking.TYPE_A_PLACE)
    field_order = ("village", "person")

    def __init__(self, *args: Any, run: AssignmentRun, **kwargs: Any) -> None:
        super().__init__(*args, run=run, **kwargs)
        field: Any = self.fields["village"]
        field.limit_to(picking.villages_of(run), picking.address(run, "villages"))
