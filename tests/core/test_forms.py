"""Amounts as people write them."""

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.urls import get_resolver
from djmoney.forms import MoneyField as AnyMoneyField
from moneyed import CNY, Money

from marketplace.core.forms import AmountField, MoneyField, parse_amount

WRITTEN = {
    "1234567.89": "1234567.89",
    "1,234,567.89": "1234567.89",
    "1，234，567.89": "1234567.89",
    "１，２３４，５６７．８９": "1234567.89",
    "１２３４５６７": "1234567",
    "83000": "83000",
    "830,000": "830000",
    " 830,000.5 ": "830000.5",
    "\u3000830,000\u3000": "830000",
    "¥830,000": "830000",
    "￥ 830000": "830000",
    "830,000 元": "830000",
    "100": "100",
    "0": "0",
    "007": "7",
    "0.01": "0.01",
    ".5": "0.5",
    "5.": "5",
    "-1,000": "-1000",
    "－５": "-5",
    "+5": "5",
}
AMBIGUOUS = [
    "1,23", "12,34,567", "1,2345", "1234,567", "0,123", "0,5", "1,234,56", "1,,234", ",234", "1,234,", "1.234,56",
    "1，23", "123,4567", "1,234.567,8", "1，２３",
]  # fmt: skip
REFUSED = [
    "83万",
    "八十三万",
    "many",
    "1e5",
    "NaN",
    "Infinity",
    "1 234",
    "1.234.567",
    "--5",
    "5-",
    "¥",
    "元",
    ".",
    "٣",
    "0x1f",
    "1_000",
    "$5",
]


class Paper(forms.Form):
    amount = AmountField(min_value=Decimal("0.01"))
    price = MoneyField(min_value=Decimal(0), required=False)


def filled(amount: str, price: str = "") -> Paper:
    return Paper({"amount": amount, "price_0": price, "price_1": "CNY"})


@pytest.mark.parametrize(("text", "value"), WRITTEN.items())
def test_an_amount_is_read_as_it_was_meant(text, value):
    assert parse_amount(text) == Decimal(value)
    form = filled("1", text)
    if Decimal(value) < 0:
        assert list(form.errors) == ["price"]
    else:
        assert form.is_valid()
        assert form.cleaned_data["price"] == Money(Decimal(value), CNY)


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_commas_that_part_no_thousands_are_refused_and_told_how_to_write_it(text):
    form = filled(text, text)
    assert form.errors.get_json_data()["amount"][0]["code"] == "ambiguous"
    assert "1,234,567.89" in form.errors["price"][0]
    assert str(form["amount"].value()) == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(ValidationError) as refusal:
        parse_amount(text)
    assert refusal.value.code == "invalid"
    form = filled(text, text)
    assert "830,000" in form.errors["amount"][0]
    assert "830,000" in form.errors["price"][0]


def test_the_limits_of_the_field_hold_for_what_was_written_with_commas():
    form = filled("1,000.005", "123,456,789,012,345.00")
    assert form.errors.get_json_data()["amount"][0]["code"] == "max_decimal_places"
    assert form.errors.get_json_data()["price"][0]["code"] == "max_digits"
    assert filled("0.00").errors.get_json_data()["amount"][0]["code"] == "min_value"


def test_nothing_written_is_missing_or_none():
    form = filled("  ", "　 ")
    assert form.errors.get_json_data()["amount"][0]["code"] == "required"
    assert form.cleaned_data["price"] is None


def test_an_amount_written_in_another_way_is_not_a_change():
    form = Paper(
        {"amount": "1,000.00", "price_0": "1，000", "price_1": "CNY"},
        initial={"amount": Decimal(1000), "price": Money(1000, CNY)},
    )
    assert form.changed_data == []


def test_every_form_of_the_site_takes_money_with_this_field():
    get_resolver()._populate()  # Every room's forms are imported.
    kinds, found = [forms.BaseForm], 0
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        for name, field in getattr(kind, "base_fields", {}).items():
            if kind.__module__.split(".")[0] in {"marketplace", "catalog", "volunteers", "cms"}:
                found += isinstance(field, MoneyField)
                assert not isinstance(field, AnyMoneyField) or isinstance(field, MoneyField), (kind, name)
    assert found >= 5
