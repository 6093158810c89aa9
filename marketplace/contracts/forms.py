"""Forms of contracts, deliveries and ratings."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.core.errors import DomainError
from marketplace.core.forms import MoneyField
from marketplace.core.i18n import localized
from marketplace.core.words import money_words

_LINES = {"rows": 4}


def refuse(form: forms.BaseForm, error: DomainError) -> None:
    """Put a refusal where it belongs: at its field, or over the form. What was typed stays."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


class ReadForm(forms.Form):
    """Signing: the one thing to say is that one has read it."""

    read = forms.BooleanField(label=_("I have read the contract and sign it for my organisation."))


class ReasonForm(forms.Form):
    #: who reads the reason
    readers: Any = _("The other side can read it; it stays on record.")
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs=_LINES), max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = self.readers


class LeaveForm(ReasonForm):
    """Why an adviser leaves."""

    readers = _("Your firm, the buyer and its supervisors can read it; it stays on record.")


class RemoveForm(ReasonForm):
    """Why an adviser is taken away."""

    readers = _("The other side, its supervisors and the adviser can read it; it stays on record.")


class DeliverForm(forms.Form):
    note = forms.CharField(
        label=_("What the buyer should know"), widget=forms.Textarea(attrs=_LINES), max_length=2000, required=False
    )


class AcceptForm(forms.Form):
    deduct = MoneyField(label=_("Deduction"), min_value=Decimal(0))
    note = forms.CharField(
        label=_("Findings"), widget=forms.Textarea(attrs=_LINES), max_length=4000, required=False,
        help_text=_("Say how you consulted the people served and, if you deduct less than the formula gives, "
                    "why."),
    )  # fmt: skip

    def __init__(self, *args: Any, proposed: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"deduct": [proposed, "CNY"]}, **kwargs})
        self.fields["deduct"].help_text = _("The formula gives %(proposed)s; it may be less, with a reason.") % {
            "proposed": money_words(proposed)
        }


class RefuseForm(forms.Form):
    note = forms.CharField(
        label=_("What is missing"), widget=forms.Textarea(attrs=_LINES), max_length=4000,
        help_text=_("The supplier reads it and hands the period over again."),
    )  # fmt: skip


class PersonField(forms.ModelChoiceField[User]):
    """People by name, with how many posts they serve (``served`` of the queryset)."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(name)s, now serving %(n)s posts") % {"name": localized(obj, "display_name"), "n": obj.served}


class FillForm(forms.Form):
    adviser = PersonField(
        label=_("Adviser"),
        queryset=User.objects.none(),
        help_text=_("With a valid credential for this service, least loaded first."),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["adviser"].queryset = people  # type: ignore[attr-defined]


STARS = (
    (5, _("Very good")),
    (4, _("Good")),
    (3, _("All right")),
    (2, _("Poor")),
    (1, _("Very poor")),
)


class PayForm(forms.Form):
    voucher = forms.CharField(
        label=_("Number of the payment order"),
        help_text=_("As in the treasury's system; it is recorded with the payment in the ledger."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RateForm(forms.Form):
    quarter = forms.ChoiceField(label=_("Which months?"), widget=forms.RadioSelect)
    stars = forms.TypedChoiceField(label=_("How was the service?"), choices=STARS, coerce=int, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("Anything to add?"), widget=forms.Textarea(attrs={"rows": 3}), max_length=1000, required=False,
        help_text=_("No names of people and nothing told in confidence, please."),
    )  # fmt: skip

    def __init__(self, *args: Any, quarters: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(quarters)
        field = self.fields["quarter"]
        field.choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            field.widget, field.initial = forms.HiddenInput(), choices[0][0]
