"""Forms of service time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from marketplace.core.forms import HoursField
from marketplace.core.words import duration_words

from .models import SessionKind
from .services import LONGEST_SESSION, REPORT_WITHIN

_MOMENT = {"type": "datetime-local", "step": "60"}


class _KindForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind of service"))

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = dict(SessionKind.choices)
        self.fields["kind"].choices = [(k, capfirst(str(words[k]))) for k in kinds]  # type: ignore[attr-defined]


class CheckInForm(_KindForm):
    pass


class CheckOutForm(forms.Form):
    summary = forms.CharField(
        label=_("What was done"), widget=forms.Textarea(attrs={"rows": 4}), max_length=2000,
        help_text=_("Topics, not names: never write who came or what they told you in confidence."),
    )  # fmt: skip
    people_served = forms.IntegerField(label=_("People served"), min_value=0, max_value=5000, initial=0)


class ReportForm(_KindForm, CheckOutForm):
    start = forms.DateTimeField(
        label=_("From"), widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M"),
        help_text=_("Within %(days)s days of the end; at most %(hours)s hours at a time."),
    )  # fmt: skip
    end = forms.DateTimeField(label=_("To"), widget=forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M"))
    field_order = ("kind", "start", "end", "summary", "people_served")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = self.fields["start"]
        start.help_text = str(start.help_text) % {
            "days": REPORT_WITHIN.days,
            "hours": LONGEST_SESSION // timedelta(hours=1),
        }


class DisputeForm(forms.Form):
    note = forms.CharField(label=_("What is not right"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500)


class AnswerForm(forms.Form):
    note = forms.CharField(
        label=_("How it was"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
        help_text=_("The supervisor reads it together with what the other side says."),
    )


class DecisionForm(forms.Form):
    """What counts is entered in hours, as the page speaks of it.

    Two decimals of an hour are finer than a minute: who means all that was reported gets all of it.
    """

    minutes = HoursField(label=_("Hours that count"), min_value=0, max_digits=5, decimal_places=2)
    note = forms.CharField(label=_("Reasons"), widget=forms.Textarea(attrs={"rows": 3}), max_length=1000)

    def __init__(self, *args: Any, claimed: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nothing is filled in: neither side's word holds by default.
        self.fields["minutes"].help_text = _("Reported: %(time)s. 1.5 is an hour and a half; 0 counts nothing.") % {
            "time": duration_words(claimed)
        }
