"""Identity numbers, credit codes, licences and phone numbers; each check against a computation of its own."""

from datetime import date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from marketplace.accounts import identifiers
from marketplace.accounts.errors import WrongNumber
from marketplace.accounts.identifiers import CREDIT_CODE_ALPHABET
from tests.factories.accounts import a_resident_id

RIC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
days = st.dates(date(1900, 1, 1), date(2026, 10, 31))
areas = st.integers(100000, 999999).map(str)
codes = st.text(CREDIT_CODE_ALPHABET, min_size=17, max_size=17).map(lambda t: t[:2] + "520000" + t[8:])


def refused(check, text, **kw):
    with pytest.raises(WrongNumber) as caught:
        check(text, **kw)
    return str(caught.value)


# Identity numbers (GB 11643)


def by_weights(first17):
    return first17 + "10X98765432"[sum(int(d) * w for d, w in zip(first17, RIC_WEIGHTS, strict=True)) % 11]


@given(areas, days, st.integers(0, 999))
def test_an_identity_number_made_by_the_standards_table_is_accepted(area, born, serial):
    number = by_weights(f"{area}{born:%Y%m%d}{serial:03d}")
    assert identifiers.resident_id(number) == number


@given(areas, days, st.integers(0, 999), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_mistyped_character_is_found(area, born, serial, place, other):
    number = by_weights(f"{area}{born:%Y%m%d}{serial:03d}")
    assume(number[place] != other)
    refused(identifiers.resident_id, number[:place] + other + number[place + 1 :])


@given(areas, days, st.integers(0, 999), st.integers(0, 15))
def test_two_exchanged_neighbours_are_found(area, born, serial, place):
    number = by_weights(f"{area}{born:%Y%m%d}{serial:03d}")
    assume(number[place] != number[place + 1])
    refused(identifiers.resident_id, number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@pytest.mark.parametrize("area", ["659005", "460302", "830000"])
def test_areas_that_a_package_does_not_know_are_accepted(area):
    """Beitun (659005) is a city since 2011; stdnum's table has it not."""
    number = a_resident_id(area=area, serial=1)
    assert not ric.is_valid(number)
    assert identifiers.resident_id(number) == number


def test_it_is_read_as_people_type_it():
    number = by_weights("52263419880102003")
    typed = number.lower()
    assert identifiers.resident_id(f" {typed[:6]} {typed[6:14]}-{typed[14:]} ") == number
    wide = number.translate({ord("0") + d: ord("０") + d for d in range(10)})
    assert identifiers.resident_id(wide) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "18"),
        ("52263419900307001", "18"),
        ("5226341990030700123", "18"),
        ("522634199003０７00A2", "18"),
        (by_weights("52263419900230001"), "date of birth"),
        (by_weights("52263418990307001"), "date of birth"),
        (by_weights("52263420261202001"), "date of birth"),
    ],
)
def test_the_message_says_what_to_look_at(at, in_english, text, says):
    at(datetime(2026, 12, 1, 12))
    assert says in refused(identifiers.resident_id, text)


def test_a_masked_number_shows_four_characters():
    number = a_resident_id()
    masked = identifiers.mask_resident_id(number)
    assert masked[:2] + masked[-2:] == number[:2] + number[-2:]
    assert masked[2:-2] == "•" * 14
    assert identifiers.mask_resident_id("") == ""


# Credit codes (GB 32100)


@given(codes)
def test_a_code_with_the_standards_check_character_is_accepted(first17):
    """The check character is the one that makes Σ wᵢ·cᵢ + c₁₈ divisible by 31, with wᵢ = 3^(i−1) mod 31."""
    total = sum(CREDIT_CODE_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    (last,) = [c for n, c in enumerate(CREDIT_CODE_ALPHABET) if (total + n) % 31 == 0]
    assert identifiers.credit_code(first17 + last) == first17 + last


@given(codes)
def test_where_stdnum_may_judge_we_agree_with_it(first17):
    code = first17 + identifiers.credit_code_check_character(first17)
    assert uscc.calc_check_digit(first17) == code[-1]
    if code[:2].isdigit():
        assert uscc.is_valid(code)


@given(codes, st.integers(8, 17), st.sampled_from(CREDIT_CODE_ALPHABET))
def test_one_mistyped_character_of_a_code_is_found(first17, place, other):
    code = first17 + identifiers.credit_code_check_character(first17)
    assume(code[place] != other)
    refused(identifiers.credit_code, code[:place] + other + code[place + 1 :])


def test_the_code_of_a_rural_collective_is_accepted():
    code = "N2522634MF0000001"
    code += identifiers.credit_code_check_character(code)
    assert not uscc.is_valid(code)
    assert identifiers.credit_code(code) == code


def test_a_law_firm_has_a_code_of_a_justice_department():
    firm, company = "31520000MD0000001", "91520000MA0000001"
    firm += identifiers.credit_code_check_character(firm)
    company += identifiers.credit_code_check_character(company)
    assert identifiers.credit_code(firm, law_firm=True) == firm
    assert identifiers.credit_code(company) == company
    assert "31" in refused(identifiers.credit_code, company, law_firm=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("91110000600037341", "17"),
        ("9111000060003734IL", "I"),
        ("911100006000373SVL", "SV"),
        ("9111A000600037341L", "3"),
        ("91110000600037341M", "certificate"),
    ],
)
def test_a_wrong_code_says_what_is_wrong(in_english, text, says):
    assert says in refused(identifiers.credit_code, text)


def test_a_published_example_code():
    """The worked example of stdnum's documentation."""
    assert identifiers.credit_code("9111 0000 6000 3734 1l") == "91110000600037341L"


# Licences and phone numbers


def test_a_lawyers_licence_has_the_form_of_the_numbering_rule(at):
    at(datetime(2026, 6, 1))
    assert identifiers.lawyer_licence("1 5226 2015 1 0 123456") == "15226201510123456"
    for wrong in (
        "25226201510123456",
        "1522620151012345",
        "15226197810123456",
        "15226202710123456",
        "15226201512123456",
        "1522620151012345A",
    ):
        refused(identifiers.lawyer_licence, wrong)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("８６１３８００１３８０００", "13800138000"),
        ("ZhangShili", "zhangshili"),
        ("Zhang@Example.CN ", "zhang@example.cn"),
        ("12345678901", "12345678901"),
    ],
)
def test_a_login_name_is_read_as_people_type_it(typed, name):
    assert identifiers.login_name(typed) == name


def test_a_phone_number_is_told_from_other_digits():
    assert identifiers.mobile("12800138000") is None
    assert identifiers.mobile("1380013800") is None
    assert identifiers.mask_phone("13800138000") == "138••••00"
    assert identifiers.mask_phone("12345") == "•••••"
