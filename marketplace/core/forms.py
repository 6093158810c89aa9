"""Fields for every form: amounts of yuan as people write them, objects by their names, inputs that propose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from djmoney import forms as money_forms
from moneyed import Money

from .i18n import localized

#: Whole thousands in groups of three, or no commas at all; two readings of one amount are none.
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_CNY = [("CNY", "CNY")]


def capitalised(choices: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Choices as they stand at the beginning of a line; words that are translated late stay so."""
    return [(value, capfirst(words)) for value, words in choices]


def parse_amount(text: str) -> Decimal:
    """Yuan as a person wrote them: "1234567.89", "1,234,567.89", "１，２３４，５６７．８９", "¥8 元".

    Raises:
        ValidationError: commas that do not part thousands ("1,23": twelve or one hundred and twenty-three?), other
            words or units (万), no number. It says how to write it.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").removesuffix("元").strip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    elif "," in plain:
        raise ValidationError(
            _("A comma may only part thousands, and a point the fen. Write 1,234,567.89 or 1234567.89."),
            code="ambiguous",
        )
    elif not _PLAIN.fullmatch(plain):
        raise ValidationError(_("Write the amount in yuan, in figures: 830000, 830,000 or 830000.50."), code="invalid")
    return Decimal(plain)


class AmountField(forms.DecimalField):
    """Yuan, to the fen. Cleans to a `Decimal`; digits and commas may be full-width, see `parse_amount`."""

    def __init__(self, *, max_digits: int = 16, decimal_places: int = 2, **kwargs: Any) -> None:
        # A number input would throw the commas away before anybody could read them.
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        kwargs.setdefault("widget", forms.TextInput(attrs=attrs))
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # Stubs derive it from IntegerField.
        if isinstance(value, str):
            value = parse_amount(value) if value.strip() else None
        return super().to_python(value)


class HoursField(forms.DecimalField):
    """Hours as people say them, 7.5; cleans to whole minutes, the nearest."""

    def __init__(self, *, max_digits: int = 7, decimal_places: int = 1, **kwargs: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, **kwargs)

    def clean(self, value: Any) -> int | None:
        hours = super().clean(value)
        return None if hours is None else int((hours * 60).to_integral_value(ROUND_HALF_UP))


class MoneyField(money_forms.MoneyField):
    """`Money` of CNY, written as in an `AmountField`."""

    def __init__(self, *, max_digits: int = 16, decimal_places: int = 2, **kwargs: Any) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            currency_choices=_CNY, max_digits=max_digits, decimal_places=decimal_places, **kwargs
        )
        limits = {name: kwargs[name] for name in ("min_value", "max_value") if name in kwargs}
        amount = AmountField(max_digits=max_digits, decimal_places=decimal_places, required=False, **limits)
        self.fields = (amount, self.fields[1])
        self.widget.widgets[0] = amount.widget

    def clean(self, value: Any) -> Money | None:
        if isinstance(value, (list, tuple)) and isinstance(value[0], str):
            # Spaces alone are nothing written.
            value = [value[0].strip(), *value[1:]]
        cleaned: Money | None = super().clean(value)  # type: ignore[no-untyped-call]
        return cleaned


class SuggestInput(forms.TextInput):
    """A text input with proposals from ``suggest_url``; without scripts one types what one means.

    What is typed goes there under the input's own name, which ``field`` names; the answer are options of a datalist.
    """

    template_name = "core/_suggest_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, suggest_url: Any = "") -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false", **(attrs or {})})
        self.suggest_url = suggest_url

    def suggest_query(self) -> dict[str, Any]:
        """What the address of proposals is asked besides the text."""
        return {}

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"] |= {
            "list_id": f"{context['widget']['attrs'].get('id', name)}_proposals",
            "suggest_address": f"{self.suggest_url}?{urlencode({'field': name} | self.suggest_query(), safe=',')}",
        }
        return context


class LocalizedChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Objects by their name in the active language."""

    def __init__(self, *args: Any, name_field: str = "name", **kwargs: Any) -> None:
        self.name_field = name_field
        super().__init__(*args, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return localized(obj, self.name_field)
