"""People, organisations, memberships and credentials for tests, written straight into the tables."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from marketplace.accounts.identifiers import CREDIT_CODE_ALPHABET, credit_code_check_character
from marketplace.accounts.models import (
    Credential,
    CredentialKind,
    Membership,
    Organisation,
    OrganisationKind,
    PractitionerProfile,
    Role,
    User,
)
from marketplace.core import clock
from marketplace.regions import codes
from marketplace.regions.models import Region

LEISHAN = 522634000000
PASSWORD = "correct horse battery staple"
_PLACES = {
    520000000000: "贵州省",
    522600000000: "黔东南苗族侗族自治州",
    522634000000: "雷山县",
    522634100000: "丹江镇",
    522634100201: "示例村",
    522631000000: "黎平县",
    110000000000: "北京市",
    110100000000: "市辖区",
    110101000000: "东城区",
}
_SURNAMES = "张王李赵陈杨吴刘黄周"
_numbers = count(1)


def a_place(code: int = LEISHAN) -> Region:
    """The division of this code, made with all above it if the test has loaded none."""
    for each in [*codes.ancestor_codes(code), code]:
        name = _PLACES.get(each, f"示例地{each}")
        place, _created = Region.objects.get_or_create(
            code=each,
            defaults={
                "level": codes.level_of(each),
                "name": name,
                "official_name": name,
                "pinyin": "shi li",
                "search": "",
            },
        )
    return place


def make_user(**kw: Any) -> User:
    """A person with the password ``PASSWORD``."""
    n = next(_numbers)
    name = f"{_SURNAMES[n % len(_SURNAMES)]}示例{n}"
    defaults: dict[str, Any] = {
        "username": f"person{n}",
        "display_name": name,
        "display_name_en": f"Person {n} (sample)",
    }
    user = User(**(defaults | kw))
    user.set_password(PASSWORD)
    user.save()
    return user


def a_credit_code(prefix: str = "31520000MD") -> str:
    """A fresh credit code with a right check character."""
    n, tail = next(_numbers), ""
    while len(prefix) + len(tail) < 17:
        n, digit = divmod(n, 31)
        tail = CREDIT_CODE_ALPHABET[digit] + tail
    return prefix + tail + credit_code_check_character(prefix + tail)


def make_organisation(kind: str = OrganisationKind.LAW_FIRM, **kw: Any) -> Organisation:
    """A verified organisation in Leishan county."""
    n = next(_numbers)
    words = {
        OrganisationKind.BUREAU: "示例司法局",
        OrganisationKind.LAW_FIRM: "示例律师事务所",
        OrganisationKind.VILLAGE: "示例村民委员会",
        OrganisationKind.FINANCE: "示例财政局",
        OrganisationKind.SUPERVISION: "示例监督局",
    }
    defaults: dict[str, Any] = {
        "kind": kind,
        "name": f"{words.get(OrganisationKind(kind), '示例机构')}{n}",
        "name_en": f"Sample organisation {n}",
        "credit_code": a_credit_code("31520000MD" if kind == OrganisationKind.LAW_FIRM else "1152263400"),
        "state": "verified",
    }
    if "region" not in kw:
        kw["region"] = a_place()
    return Organisation.objects.create(**(defaults | kw))


def make_member(
    role: str = Role.LAWYER, organisation: Organisation | None = None, user: User | None = None, **kw: Any
) -> User:
    """A person with an active membership; gives the person. Without ``organisation``: a fitting new one."""
    user = user or make_user()
    if organisation is None:
        kinds = {
            Role.LAWYER: OrganisationKind.LAW_FIRM,
            Role.BIDDER: OrganisationKind.LAW_FIRM,
            Role.VILLAGE: OrganisationKind.VILLAGE,
            Role.FINANCE: OrganisationKind.FINANCE,
        }
        organisation = make_organisation(kinds.get(Role(role), OrganisationKind.BUREAU))
    make_membership(user, organisation, role, **kw)
    return user


def make_membership(user: User, organisation: Organisation, role: str, **kw: Any) -> Membership:
    defaults: dict[str, Any] = {"state": "active", "valid_from": clock.today() - timedelta(days=400)}
    return Membership.objects.create(user=user, organisation=organisation, role=role, **(defaults | kw))


def a_licence_number() -> str:
    return f"15226{2015}10{next(_numbers):06d}"


def make_credential(user: User | None = None, *, verified: bool = True, **kw: Any) -> Credential:
    """A lawyer's licence, valid for two years around today; reviewed by a new person if verified."""
    now = clock.now()
    defaults: dict[str, Any] = {
        "kind": CredentialKind.LAWYER,
        "number": a_licence_number(),
        "issuer": "示例省司法厅",
        "valid_from": clock.today() - timedelta(days=365),
        "valid_until": clock.today() + timedelta(days=365),
        "submitted_at": now,
    }
    if verified:
        defaults |= {"state": "verified", "reviewed_at": now}
        if "reviewed_by" not in kw:
            kw["reviewed_by"] = make_user()
    return Credential.objects.create(user=user or make_user(), **(defaults | kw))


def make_practitioner(
    organisation: Organisation | None = None, user: User | None = None, *, licensed: bool = True, **kw: Any
) -> User:
    """A licensed lawyer of a firm with a profile (``user.practitioner``); ``kw`` go into the profile."""
    user = user or make_user()
    organisation = organisation or make_organisation()
    make_membership(user, organisation, Role.LAWYER)
    if licensed:
        make_credential(user)
    defaults: dict[str, Any] = {
        "region": organisation.region,
        "longitude": 108.08,
        "latitude": 26.38,
        "specialties": ["land", "marriage"],
        "languages": ["cmn", "hmu"],
        "capacity": 5,
        "max_travel_minutes": 90,
    }
    PractitionerProfile.objects.create(user=user, **(defaults | kw))
    return user


def a_resident_id(born: date = date(1990, 3, 7), area: str = "522634", serial: int | None = None) -> str:
    """An identity number with a right check digit. The serial number makes it a fresh one."""
    first = f"{area}{born:%Y%m%d}{(next(_numbers) if serial is None else serial) % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(d) * w for d, w in zip(first, weights, strict=True)) % 11]
