"""Forms of a tender: its texts, criteria, publication, amendment. Lots: ``forms_lot``."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.services import earliest_bid_deadline

from .closing import closing, usual_question_deadline, working_day
from .defaults import CriterionData
from .holders import Holder
from .keys import MAX_HOLDERS, MIN_THRESHOLD
from .models_tender import CriterionKind, Lot, Tender
from .services_tender import TenderTexts


class TenderForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    description = forms.CharField(
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "What is bought, for whom, how it is accepted and paid. The standard of the product comes with it."
        ),
    )
    description_en = forms.CharField(
        label=_("Description in English"), widget=forms.Textarea(attrs={"rows": 4}), required=False
    )
    qualification = forms.CharField(
        label=_("Who may bid"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "No capital, turnover, staff numbers, region or list may be asked for (Regulation on the "
            "Implementation of the Government Procurement Law, art. 20; Caiku [2020] 46, art. 5)."
        ),
    )
    qualification_en = forms.CharField(
        label=_("Who may bid, in English"), widget=forms.Textarea(attrs={"rows": 4}), required=False
    )
    small_firm_cut = forms.DecimalField(
        label=_("Price deduction for small and micro enterprises (percent)"),
        max_digits=4,
        decimal_places=1,
        help_text=_("Their price is lowered by this much for the evaluation (Caiku [2022] 19: 10 to 20)."),
    )
    key_threshold = forms.IntegerField(
        label=_("Key-holders needed to open"),
        min_value=MIN_THRESHOLD,
        max_value=MAX_HOLDERS,
        help_text=_("This many of them must come together after the deadline; fewer can read nothing."),
    )

    @classmethod
    def of(cls, tender: Tender, data: Any = None) -> TenderForm:
        initial = {name: getattr(tender, name) for name in cls.base_fields}
        return cls(data, initial=initial)

    def texts(self) -> TenderTexts:
        names = ("title", "title_en", "description", "description_en", "qualification", "qualification_en")
        return TenderTexts(**{name: self.cleaned_data[name] for name in names})


# Criteria


class CriterionForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=CriterionKind.choices, initial=CriterionKind.JUDGED)
    points = forms.DecimalField(
        label=pgettext_lazy("criterion", "Points"),
        max_digits=5,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=100,
    )
    title = forms.CharField(label=_("Factor"), max_length=120)
    title_en = forms.CharField(label=_("Factor in English"), max_length=160, required=False)
    guidance = forms.CharField(label=_("How it is scored"), widget=forms.Textarea(attrs={"rows": 2}))
    guidance_en = forms.CharField(
        label=_("How it is scored, in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    remove = forms.BooleanField(label=_("Remove this factor"), required=False)

    @property
    def legend(self) -> str:
        """The factor as it was last kept; the empty form is for one more."""
        return localized(SimpleNamespace(**self.initial), "title") if self.initial else gettext("One more factor")

    def data_of(self) -> CriterionData | None:
        """The factor, or None if it is taken out or was left empty."""
        values = self.cleaned_data
        if not values or values.get("remove"):
            return None
        return CriterionData(
            values["kind"],
            values["title"],
            values["points"],
            values["guidance"],
            values["title_en"],
            values["guidance_en"],
        )


CriterionFormSet = forms.formset_factory(CriterionForm, extra=1, max_num=15, validate_max=True)


def criteria_initial(lot: Lot) -> list[dict[str, Any]]:
    names = ("kind", "title", "title_en", "points", "guidance", "guidance_en")
    return [{name: getattr(criterion, name) for name in names} for criterion in lot.criteria.all()]


# Publication


class HolderField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class PublishForm(forms.Form):
    official_published_at = forms.DateTimeField(
        label=_("Published on the official medium at"),
        widget=forms.DateTimeInput,
        help_text=_("The legal clock starts there, not here (MOF Order 101, art. 8)."),
    )
    official_url = forms.URLField(label=_("Address of the official notice"), assume_scheme="https")
    bid_deadline = forms.DateTimeField(label=_("Bids until"), widget=forms.DateTimeInput)
    question_deadline = forms.DateTimeField(label=_("Questions until"), widget=forms.DateTimeInput)
    holders = HolderField(
        label=_("Key-holders"),
        help_text=_("Each gets a share of the key. Anyone who has not set a passphrase yet cannot be chosen."),
    )
    provisional_acknowledged = forms.BooleanField(
        label=_("I know that dates past the last announced calendar are provisional"),
        required=False,
        help_text=_("Required only if such a date is among them; it is recalculated when the holidays are announced."),
    )

    def __init__(self, tender: Tender, holders: list[Holder], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tender, self.possible = tender, holders
        self.fields["holders"].choices = [  # type: ignore[attr-defined]
            (str(h.user.pk), f"{localized(h.user, 'display_name')} · {localized(h.organisation, 'name')}")
            for h in holders
            if h.ready
        ]
        now = timezone.localtime(clock.now())
        self.earliest: Deadline = earliest_bid_deadline(
            tender.method, now.date(), region_code=tender.organisation.region_id
        )
        closes = closing(working_day(self.earliest.date + timedelta(days=1), step=1))
        self.initial = {
            "official_published_at": now.replace(second=0, microsecond=0),
            "bid_deadline": closes,
            "question_deadline": usual_question_deadline(now, closes),
            "holders": [str(h.user.pk) for h in holders if h.ready and h.own],
        }

    @property
    def not_ready(self) -> list[Holder]:
        return [h for h in self.possible if not h.ready]

    def chosen(self) -> list[Any]:
        by_pk = {str(h.user.pk): h.user for h in self.possible}
        return [by_pk[pk] for pk in self.cleaned_data["holders"]]


class AmendForm(forms.Form):
    bid_deadline = forms.DateTimeField(label=_("Bids until"), widget=forms.DateTimeInput)
    question_deadline = forms.DateTimeField(label=_("Questions until"), widget=forms.DateTimeInput, required=False)
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Published with the amendment.")
    )
    reason_en = forms.CharField(label=_("Reason in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False)

    @classmethod
    def of(cls, tender: Tender, data: Any = None) -> AmendForm:
        return cls(data, initial={"bid_deadline": tender.bid_deadline, "question_deadline": tender.question_deadline})


class CancelForm(forms.Form):
    """The reason; in English too where it is published."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))
    reason_en = forms.CharField(label=_("Reason in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False)

    def __init__(self, tender: Tender, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if tender.published_at is None:
            del self.fields["reason_en"]


class QuestionForm(forms.Form):
    text = forms.CharField(
        label=_("Your question"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        help_text=_("Published with the answer, without your name. Do not name yourself in it."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Answer"), widget=forms.Textarea(attrs={"rows": 4}))
