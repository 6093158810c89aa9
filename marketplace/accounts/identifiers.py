"""Checking the numbers by which people and organisations are known.

Every check normalises first (full-width digits, spaces, hyphens, lower case) and gives the compact form back.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric

from marketplace.core import clock
from marketplace.core.errors import InvalidInput

from .errors import WrongNumber

#: GB 32100-2015: digits and capitals without I, O, Z, S, V
CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
#: Registered by a justice department (3), as a law firm (1)
LAW_FIRM_PREFIX = "31"
MIN_PHONE_DIGITS = 7
_SEPARATORS = re.compile(r"[\s\-‐–—·.]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")


def compact(text: str) -> str:
    """Half-width, upper case, without separators."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def resident_id(text: str) -> str:
    """A resident identity number (GB 11643-1999): form, date of birth and check digit.

    The area code is not looked up: divisions come and go, and a person keeps the code of the day of registration.

    Raises:
        WrongNumber: with the reason.
    """
    number = compact(text)
    field = "number"
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise WrongNumber(_("An identity number has 18 characters: 17 digits, then a digit or X."), field=field)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or not date(1900, 1, 1) <= born <= clock.today():
        raise WrongNumber(
            _("Digits 7 to 14 must be a date of birth, as in 19900131. Compare them with the card."), field=field
        )
    # stdnum's calc_check_digit wants the last character there and leaves it out of the sum.
    if number[-1] != ric.calc_check_digit(number):
        raise WrongNumber(
            _("The last character does not fit the others: one of them is mistyped. Compare with the card."),
            field=field,
        )
    return number


def mask_resident_id(number: str) -> str:
    """First two and last two characters: enough for the owner to recognise it."""
    return f"{number[:2]}{'•' * (len(number) - 4)}{number[-2:]}" if number else ""


def credit_code_check_character(first17: str) -> str:
    """GB 32100-2015: (31 − Σ wᵢ·cᵢ mod 31) mod 31, written in the same alphabet."""
    total = sum(CREDIT_CODE_ALPHABET.index(c) * w for c, w in zip(first17, CREDIT_CODE_WEIGHTS, strict=True))
    return CREDIT_CODE_ALPHABET[(31 - total % 31) % 31]


def credit_code(text: str, *, law_firm: bool = False) -> str:
    """A unified social credit code. Not stdnum's check: that one refuses N…, the codes of rural collectives.

    ``law_firm`` also demands the prefix under which justice departments register law firms.

    Raises:
        WrongNumber: with the reason.
    """
    code = compact(text)
    field = "credit_code"
    if len(code) != 18:
        raise WrongNumber(
            _("A unified social credit code has 18 characters; this one has %(n)s."), field=field, n=len(code)
        )
    strange = sorted(set(code) - set(CREDIT_CODE_ALPHABET))
    if strange:
        raise WrongNumber(
            _("“%(characters)s” cannot stand in a credit code: it has digits and capitals, never I, O, S, V or Z."),
            field=field,
            characters="".join(strange),
        )
    # Digits 3 to 8 are the registering division (GB/T 2260), always numeric.
    if not code[2:8].isdigit():
        raise WrongNumber(
            _("Characters 3 to 8 of a credit code are digits. Compare with the certificate."), field=field
        )
    if code[-1] != credit_code_check_character(code[:17]):
        raise WrongNumber(
            _("The last character does not fit the others: one of them is mistyped. Compare with the certificate."),
            field=field,
        )
    if law_firm and not code.startswith(LAW_FIRM_PREFIX):
        raise WrongNumber(
            _("A law firm's credit code begins with 31. Choose another kind of organisation, or check the code."),
            field=field,
        )
    return code


def lawyer_licence(text: str) -> str:
    """A lawyer's licence number: 17 digits; kind 1, division, year of first licence, category, sex, serial.

    It has no check digit.

    Raises:
        WrongNumber: with the reason.
    """
    number = compact(text)
    field = "number"
    if not re.fullmatch(r"[0-9]{17}", number):
        raise WrongNumber(_("A lawyer's licence number has 17 digits. Copy them from the licence."), field=field)
    if number[0] != "1":
        raise WrongNumber(
            _("A lawyer's licence number begins with 1. Copy it from the licence, not from another paper."), field=field
        )
    if not 1979 <= int(number[5:9]) <= clock.today().year:
        raise WrongNumber(
            _("Digits 6 to 9 must be the year of the first licence. Compare with the licence."), field=field
        )
    if number[10] not in "01":
        raise WrongNumber(_("Digit 11 of a lawyer's licence is 0 or 1. Compare with the licence."), field=field)
    return number


def mobile(text: str) -> str | None:
    """A mainland mobile number in its 11 digits, whatever it was written with (+86, spaces, hyphens); else None."""
    number = re.sub(r"[\s\-()‐–—·.]+", "", unicodedata.normalize("NFKC", text))
    for prefix in ("+86", "0086", "86"):
        if number.startswith(prefix) and _MOBILE.fullmatch(number[len(prefix) :]):
            return number[len(prefix) :]
    return number if _MOBILE.fullmatch(number) else None


def telephone(text: str) -> str:
    """A telephone number as it is kept: a mobile number in its 11 digits, any other as written; empty stays empty.

    Raises:
        InvalidInput: too few digits for a number with its area code.
    """
    plain = text.strip()
    if plain and mobile(plain) is None and sum(c.isdigit() for c in plain) < MIN_PHONE_DIGITS:
        raise InvalidInput(
            _("This is not a telephone number. Enter a mobile number, or a landline with its area code."), field="phone"
        )
    return mobile(plain) or plain


def login_name(text: Any) -> str:
    """What a person typed as user name: a phone number in its plain digits, an e-mail or name in lower case."""
    plain = unicodedata.normalize("NFKC", str(text)).strip()
    return mobile(plain) or plain.lower()


def mask_phone(number: str) -> str:
    return f"{number[:3]}••••{number[-2:]}" if len(number) > 6 else "•" * len(number)
