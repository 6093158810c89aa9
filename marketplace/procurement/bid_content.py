"""What a bid says: the form that is sealed, and that is read again after the opening.

The plaintext is canonical JSON (RFC 8785) with the attached files in base64, so that one envelope holds all of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import filetype  # type: ignore[import-untyped]
from django.utils.translation import gettext_lazy as _
from moneyed import CNY, Money

from marketplace.core.canonical import canonical_json
from marketplace.core.words import money_words

from .errors import BidNotFit, FileNotAccepted

SCHEMA = "bid/1"
MAX_FILES = 5
MAX_FILE_BYTES = 10 * 1024 * 1024
PDF = "application/pdf"
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class TeamMember:
    name: str
    licence: str = ""
    experience: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What the supplier says to one judged criterion."""

    criterion: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes
    media_type: str = PDF

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class BidContent:
    price: Money
    small_or_micro: bool
    legal_representative: str
    contact_name: str
    contact_phone: str
    team: tuple[TeamMember, ...] = ()
    responses: tuple[Response, ...] = ()
    note: str = ""
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)

    def to_json(self, *, files: bool = True) -> dict[str, Any]:
        """Plain JSON; without ``files`` only their names, sizes and digests."""
        return {
            "schema": SCHEMA,
            "price": f"{self.price.amount:.2f}",
            "currency": "CNY",
            "small_or_micro": self.small_or_micro,
            "legal_representative": self.legal_representative,
            "contact": {"name": self.contact_name, "phone": self.contact_phone},
            "team": [{"name": m.name, "licence": m.licence, "experience": m.experience} for m in self.team],
            "responses": [{"criterion": r.criterion, "title": r.title, "text": r.text} for r in self.responses],
            "note": self.note,
            "attachments": [
                {"name": a.name, "media_type": a.media_type, "size": len(a.data), "sha256": a.digest}
                | ({"data": base64.b64encode(a.data).decode()} if files else {})
                for a in self.attachments
            ],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], *, phone: str | None = None) -> BidContent:
        """Read what ``to_json`` wrote; a file without its bytes stays empty.

        ``phone``: of the contact, which an opened bid keeps apart and encrypted.
        """
        return cls(
            price=Money(Decimal(value["price"]), CNY),
            small_or_micro=bool(value["small_or_micro"]),
            legal_representative=value["legal_representative"],
            contact_name=value["contact"]["name"],
            contact_phone=value["contact"]["phone"] if phone is None else phone,
            team=tuple(TeamMember(**m) for m in value["team"]),
            responses=tuple(Response(**r) for r in value["responses"]),
            note=value["note"],
            attachments=tuple(
                Attachment(a["name"], base64.b64decode(a.get("data", "")), a["media_type"])
                for a in value["attachments"]
            ),
        )


def pack(content: BidContent, *, tender: str, lot: int, supplier: str) -> bytes:
    """The plaintext that is sealed. The supplier is named by its credit code."""
    return canonical_json({**content.to_json(), "tender": tender, "lot": lot, "supplier": supplier})


def unpack(plaintext: bytes) -> tuple[BidContent, dict[str, Any]]:
    """(content, the whole JSON as it was sealed)."""
    value: dict[str, Any] = json.loads(plaintext)
    return BidContent.from_json(value), value


def check_file(name: str, data: bytes) -> Attachment:
    """A file as it may be attached: a PDF that is one, of at most 10 MB; only the last part of its name is kept.

    Raises:
        FileNotAccepted
    """
    name = PurePath(name.replace("\\", "/")).name[-120:]
    if not data:
        raise FileNotAccepted(_("The file %(name)s is empty. Choose another one."), field="files", name=name)
    if len(data) > MAX_FILE_BYTES:
        raise FileNotAccepted(
            _("The file %(name)s is larger than 10 MB. Save it in a lower resolution, or split it."),
            code="file_too_large",
            field="files",
            name=name,
        )
    found = filetype.guess(data)
    if found is None or found.mime != PDF or not name.lower().endswith(".pdf"):
        raise FileNotAccepted(
            _("The file %(name)s is not a PDF, whatever its name says. Save it as a PDF and attach it again."),
            code="file_not_pdf",
            field="files",
            name=name,
        )
    return Attachment(name, data)


def check_content(content: BidContent, *, ceiling: Money, judged: dict[int, str]) -> None:
    """What makes a bid one that can be judged: a price within the ceiling, an answer to every judged criterion.

    Raises:
        BidNotFit: the first of ``problems_of``; names the field.
    """
    for problem in problems_of(content, ceiling=ceiling, judged=judged):
        raise problem


def problems_of(content: BidContent, *, ceiling: Money, judged: dict[int, str]) -> list[BidNotFit | FileNotAccepted]:
    """All that keeps a bid from being handed in, in the order of the form; each names its field.

    Args:
        judged: title of every judged criterion by its key.
    """
    found: list[BidNotFit | FileNotAccepted] = []
    amount = content.price.amount
    if content.price.currency != CNY or amount <= 0:
        found.append(BidNotFit(_("Enter a price above zero, in yuan."), field="price"))
    elif amount != amount.quantize(Decimal("0.01")):
        found.append(BidNotFit(_("Enter the price in yuan and fen, with at most two decimals."), field="price"))
    elif amount > ceiling.amount:
        found.append(
            BidNotFit(
                _("The price is above the ceiling of this lot, %(ceiling)s. A bid above it would be invalid."),
                code="over_ceiling",
                field="price",
                ceiling=money_words(ceiling),
            )
        )
    for name, label in (
        ("legal_representative", _("the legal representative")),
        ("contact_name", _("the contact person")),
        ("contact_phone", _("the contact's phone")),
    ):
        if not getattr(content, name).strip():
            found.append(BidNotFit(_("Enter %(what)s."), field=name, what=label))
    if not content.team:
        found.append(BidNotFit(_("Name at least one member of the team that will serve."), field="team"))
    answered = {r.criterion for r in content.responses if r.text.strip()}
    found += [
        BidNotFit(_("Respond to “%(title)s”: it is scored."), field=f"response_{pk}", title=title)
        for pk, title in judged.items()
        if pk not in answered
    ]
    too_long = _("A text is longer than 20,000 characters. Shorten it or attach it as a PDF.")
    found += [BidNotFit(too_long, field=f"response_{r.criterion}") for r in content.responses if len(r.text) > MAX_TEXT]
    if len(content.note) > MAX_TEXT:
        found.append(BidNotFit(too_long, field="note"))
    if "\\u0000" in json.dumps(content.to_json(files=False)):
        # It could be sealed, but not be read at the opening.
        found.append(
            BidNotFit(_("A text contains a character that cannot be saved. Type it again instead of pasting it."))
        )
    if len(content.attachments) > MAX_FILES:
        found.append(FileNotAccepted(_("Attach at most five files."), code="too_many_files", field="files"))
    return found
