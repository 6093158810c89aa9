"""Forms of a tender: its texts, lots with villages, criteria, publication, amendment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from djmoney.forms import MoneyField

from marketplace.core import clock
from marketplace.regions import codes
from marketplace.regions.models import Region
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.services import earliest_bid_deadline

from .defaults import CriterionData
from .forms_plan import CNY
from .holders import Holder
from .keys import MAX_HOLDERS, MIN_THRESHOLD
from .models_tender import CriterionKind, Lot, Tender
from .services_tender import TenderTexts

#: Bids close at this hour unless the officer says otherwise.
CLOSING_TIME = time(17, 0)


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
            "No capital, turnover, staff numbers, region or list may be asked for (条例 art. 20, 46号 art. 5)."
        ),
    )
    qualification_en = forms.CharField(
        label=_("Who may bid, in English"), widget=forms.Textarea(attrs={"rows": 4}), required=False
    )
    small_firm_cut = forms.DecimalField(
        label=_("Price cut for small and micro firms (percent)"),
        max_digits=4,
        decimal_places=1,
        help_text=_("Their price is lowered by this much for the evaluation (财库〔2022〕19号: 10 to 20)."),
    )
    key_threshold = forms.IntegerField(
        label=_("Key-holders needed to open"),
        min_value=MIN_THRESHOLD,
        max_value=MAX_HOLDERS,
        help_text=_("So many of them must come together after the deadline; fewer can read nothing."),
    )

    @classmethod
    def of(cls, tender: Tender, data: Any = None) -> TenderForm:
        initial = {name: getattr(tender, name) for name in cls.base_fields}
        return cls(data, initial=initial)

    def texts(self) -> TenderTexts:
        names = ("title", "title_en", "description", "description_en", "qualification", "qualification_en")
        return TenderTexts(**{name: self.cleaned_data[name] for name in names})


# Lots


@dataclass(frozen=True, slots=True)
class VillageChoice:
    region: Region
    chosen: bool
    taken_by: int | None


@dataclass(frozen=True, slots=True)
class TownshipChoice:
    region: Region
    whole: bool
    villages: list[VillageChoice]

    @property
    def chosen(self) -> int:
        return sum(v.chosen for v in self.villages)

    @property
    def free(self) -> int:
        return sum(v.taken_by is None for v in self.villages)


class LotForm(forms.Form):
    """Scope, ceiling, and villages: single ones, or whole townships, of one county at a time."""

    title = forms.CharField(label=_("Scope"), max_length=160, help_text=_("For example: the townships served."))
    title_en = forms.CharField(label=_("Scope in English"), max_length=200, required=False)
    ceiling = MoneyField(
        label=_("Ceiling"),
        currency_choices=CNY,
        max_digits=16,
        decimal_places=2,
        help_text=_("A price above it makes a bid invalid."),
    )

    def __init__(self, tender: Tender, county: int, *args: Any, lot: Lot | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tender, self.lot, self.county = tender, lot, county
        others = Lot.regions.through.objects.filter(lot__tender=tender).exclude(lot_id=lot.pk if lot else 0)
        self.taken: dict[int, int] = dict(others.values_list("region_id", "lot__number"))
        saved = set(lot.regions.values_list("pk", flat=True)) if lot else set()
        if self.is_bound:
            self.townships = set(_codes(self._list("townships")))
            self.villages = set(_codes(self._list("villages")))
        else:
            self.townships, self.villages = set(), saved
        if lot is not None and not self.is_bound:
            self.initial = {"title": lot.title, "title_en": lot.title_en, "ceiling": lot.ceiling}

    def _list(self, name: str) -> list[str]:
        data: Any = self.data
        return list(data.getlist(name))

    @property
    def elsewhere(self) -> list[int]:
        """Chosen villages of other counties, which this page does not list."""
        low, high = codes.code_range(self.county)
        return sorted(code for code in self.villages if not low <= code < high)

    def picker(self) -> list[TownshipChoice]:
        """The townships of the county with their villages, in two queries."""
        villages: dict[int, list[VillageChoice]] = {}
        for region in Region.objects.under(self.county, level=5).order_by("code"):
            township = codes.ancestor_at(region.code, 4)
            taken = self.taken.get(region.code)
            chosen = taken is None and (region.code in self.villages or township in self.townships)
            villages.setdefault(township, []).append(VillageChoice(region, chosen, taken))
        found = []
        for region in Region.objects.under(self.county, level=4).order_by("code"):
            own = villages.get(region.code, [])
            free = [v for v in own if v.taken_by is None]
            found.append(TownshipChoice(region, bool(free) and all(v.chosen for v in free), own))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = set(self.villages)
        for township in self.townships:
            low, high = codes.code_range(township)
            inside = Region.objects.filter(code__gt=low, code__lt=high, level=5).values_list("pk", flat=True)
            wanted.update(code for code in inside if code not in self.taken)
        cleaned["regions"] = list(Region.objects.filter(pk__in=wanted, level=5).order_by("code"))
        if len(cleaned["regions"]) != len(wanted):
            self.add_error(None, _("One of the villages is not in the register. Choose again."))
        return cleaned


def _codes(values: Iterable[str]) -> Iterable[int]:
    return (int(v) for v in values if v.isascii() and v.isdigit() and len(v) == 12)


class CriterionForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=CriterionKind.choices, initial=CriterionKind.JUDGED)
    title = forms.CharField(label=_("Factor"), max_length=120)
    title_en = forms.CharField(label=_("Factor in English"), max_length=160, required=False)
    points = forms.DecimalField(
        label=pgettext_lazy("criterion", "Points"),
        max_digits=5,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=100,
    )
    guidance = forms.CharField(label=_("How it is scored"), widget=forms.Textarea(attrs={"rows": 2}))
    guidance_en = forms.CharField(
        label=_("How it is scored, in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    remove = forms.BooleanField(label=_("Take this factor out"), required=False)

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
        help_text=_("The legal clock starts there, not here (87号令 art. 16, 101号令 art. 8)."),
    )
    official_url = forms.URLField(label=_("Address of the official notice"), assume_scheme="https")
    bid_deadline = forms.DateTimeField(label=_("Bids until"), widget=forms.DateTimeInput)
    question_deadline = forms.DateTimeField(label=_("Questions until"), widget=forms.DateTimeInput)
    holders = HolderField(
        label=_("Key-holders"),
        help_text=_("Each gets a share of the key. Who has set no passphrase yet cannot be chosen."),
    )
    provisional_acknowledged = forms.BooleanField(
        label=_("I know that dates past the last announced calendar are provisional"),
        required=False,
        help_text=_("Needed only if such a date is among them; it is recomputed when the holidays are announced."),
    )

    def __init__(self, tender: Tender, holders: list[Holder], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tender, self.possible = tender, holders
        self.fields["holders"].choices = [  # type: ignore[attr-defined]
            (str(h.user.pk), f"{h.user} · {h.organisation}") for h in holders if h.ready
        ]
        now = timezone.localtime(clock.now())
        self.earliest: Deadline = earliest_bid_deadline(
            tender.method, now.date(), region_code=tender.organisation.region_id
        )
        closes = closing(self.earliest.date + timedelta(days=1))
        self.initial = {
            "official_published_at": now.replace(second=0, microsecond=0),
            "bid_deadline": closes,
            "question_deadline": closing(now.date() + (closes.date() - now.date()) / 2),
            "holders": [str(h.user.pk) for h in holders if h.ready and h.own],
        }

    @property
    def not_ready(self) -> list[Holder]:
        return [h for h in self.possible if not h.ready]

    def chosen(self) -> list[Any]:
        by_pk = {str(h.user.pk): h.user for h in self.possible}
        return [by_pk[pk] for pk in self.cleaned_data["holders"]]


def closing(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, CLOSING_TIME))


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
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))
    reason_en = forms.CharField(label=_("Reason in English"), widget=forms.Textarea(attrs={"rows": 2}), required=False)


class QuestionForm(forms.Form):
    text = forms.CharField(
        label=_("Your question"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        help_text=_("Published with the answer, without your name. Do not name yourself in it."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Answer"), widget=forms.Textarea(attrs={"rows": 4}))
