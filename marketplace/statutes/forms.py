from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.regions.forms import RegionField
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter, StatutoryRule, Unit

COUNTED_UNITS = (Unit.WORKING_DAY, Unit.DAY)


class RuleChoice(forms.ModelChoiceField[StatutoryRule]):
    def label_from_instance(self, obj: Any) -> str:
        return localized(obj, "title")


class CountForm(forms.Form):
    rule = RuleChoice(
        label=_("What to count"),
        queryset=StatutoryRule.objects.filter(parameters__unit__in=COUNTED_UNITS).distinct().order_by("order"),
        to_field_name="key",
        empty_label=None,
    )
    start = forms.DateField(
        label=_("Counted from"), help_text=_("The day of the event; that day itself is not counted.")
    )
    place = RegionField(
        label=_("Region"),
        required=False,
        help_text=_("Name, pinyin or code; only where a region has its own rule, otherwise leave it empty."),
    )


class DayForm(forms.ModelForm[CalendarDay]):
    note = forms.CharField(
        label=_("By which notice?"),
        max_length=300,
        help_text=_("Title or number of the notice in Chinese, such as 国办发明电〔2025〕7号."),
    )

    class Meta:
        model = CalendarDay
        fields = ["is_working", "name", "name_en", "note"]
        labels = {"name": _("Name of the holiday"), "name_en": _("Name of the holiday, in English")}
        help_texts = {"name": _("Leave empty for an ordinary day.")}


_RANGE = re.compile(
    r"^(?P<first>\d{4}-\d{2}-\d{2})(?:\s*(?:to|至|~|-)\s*(?P<last>\d{4}-\d{2}-\d{2}))?(?:\s+(?P<name>[^/]+?))?(?:\s*/\s*(?P<english>.+))?$"
)


class AnnounceForm(forms.ModelForm[CalendarYear]):
    days_off = forms.CharField(
        label=_("Days off"),
        widget=forms.Textarea,
        help_text=_(
            "One period per line, such as 2027-02-05 to 2027-02-11 春节 / Spring Festival. "
            "What follows “/” is the English name and may be left out."
        ),
    )
    worked = forms.CharField(
        label=_("Weekend days that are worked"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text=_("One date per line, such as 2027-02-20."),
    )

    class Meta:
        model = CalendarYear
        fields = ["instrument", "instrument_en", "announced_on", "days_off", "worked"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["instrument"].required = self.fields["announced_on"].required = True
        self.fields["instrument"].label = _("Notice of the General Office of the State Council")
        self.fields["instrument"].help_text = _("Title and number as given in the notice.")
        self.fields["instrument_en"].label = _("Notice of the General Office of the State Council, in English")

    def clean_days_off(self) -> dict[date, tuple[str, str]]:
        days: dict[date, tuple[str, str]] = {}
        for line in self._lines("days_off"):
            match = _RANGE.match(line)
            if match is None:
                raise ValidationError(
                    _("Not understood: “%(line)s”. Write 2027-02-05 to 2027-02-11 春节."), params={"line": line}
                )
            first = self._day(match["first"])
            last = self._day(match["last"] or match["first"])
            if not 0 <= (last - first).days < 31:
                raise ValidationError(_("“%(line)s” ends before it begins, or lasts a month."), params={"line": line})
            for offset in range((last - first).days + 1):
                days[first + timedelta(days=offset)] = (match["name"] or "", match["english"] or "")
        return days

    def clean_worked(self) -> list[date]:
        return [self._day(line) for line in self._lines("worked")]

    def _lines(self, field: str) -> list[str]:
        return [line.strip() for line in self.cleaned_data[field].splitlines() if line.strip()]

    @staticmethod
    def _day(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(_("“%(text)s” is not a date: write 2027-02-05."), params={"text": text}) from error


class ParameterForm(forms.ModelForm[StatutoryParameter]):
    region = RegionField(
        label=_("Region"), required=False, help_text=_("Name, pinyin or code; leave empty for the whole country.")
    )
    rule = RuleChoice(label=_("Rule"), queryset=StatutoryRule.objects.order_by("order"), to_field_name="key")

    class Meta:
        model = StatutoryParameter
        fields = [
            "rule", "value", "unit", "region", "instrument", "instrument_en", "article", "valid_from", "valid_to",
            "note", "note_en",
        ]  # fmt: skip
        help_texts = {
            "value": _("The number alone: 10 for 10%, 0.05 for 0.05% a day; money in yuan, time in whole days."),
            "instrument": _(
                "Title and number in Chinese as in the document, such as 政府采购货物和服务招标投标管理办法（财政部令第87号）."
            ),
            "article": _("Its number, not its text, such as 第三十五条."),
            "valid_from": _("The first day on which it applies."),
            "valid_to": _(
                "The last day on which it applies. Leave empty if it applies until another value replaces it."
            ),
            "note": _("Shown publicly under the rule, for example: as a share of the contract price."),
        }

    def __init__(self, *args: Any, everywhere: bool, **kwargs: Any) -> None:
        """``everywhere``: the number may hold in the whole country."""
        super().__init__(*args, **kwargs)
        if not everywhere:
            region = self.fields["region"]
            region.required = True
            region.help_text = _("Name, pinyin or code of a place in your own region.")

    def _post_clean(self) -> None:
        # The service holds the rules; the row is made there.
        return


class ValidOnForm(forms.Form):
    on = forms.DateField(label=_("In force on"), required=False)

    def day(self) -> date:
        return (self.cleaned_data.get("on") if self.is_valid() else None) or clock.today()
