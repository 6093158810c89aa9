"""Receipts of bids: canonical JSON (RFC 8785), signed with the server's Ed25519 key (RFC 8032).

The key lies outside of the database (``settings.RECEIPT_KEY``). A receipt proves what was received and when to anybody
who has the public key, whatever became of the database. Python's standard library knows no Ed25519; the command
``verify_receipt`` and the page ``/procurement/receipts/verify/`` check it, and any other implementation can.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from marketplace.core.canonical import canonical_json

from .models_bidding import Bid

SCHEMA = "receipt/1"
FIELDS = (
    "schema", "receipt", "tender", "lot", "supplier", "digest", "size", "received_at", "deadline", "audit_event", "key",
)  # fmt: skip


@lru_cache(maxsize=2)
def _private(encoded: str) -> Ed25519PrivateKey:
    try:
        raw = base64.urlsafe_b64decode(encoded)
    except ValueError as error:
        raise ImproperlyConfigured("RECEIPT_KEY must be 32 bytes in URL-safe base64") from error
    if len(raw) != 32:
        raise ImproperlyConfigured("RECEIPT_KEY must be 32 bytes in URL-safe base64")
    return Ed25519PrivateKey.from_private_bytes(raw)


def public_key() -> bytes:
    """The 32 raw bytes with which receipts of this server are verified."""
    return _private(settings.RECEIPT_KEY).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id() -> str:
    """The first 16 hex digits of the SHA-256 of the public key."""
    return hashlib.sha256(public_key()).hexdigest()[:16]


def instant(value: datetime) -> str:
    """To the microsecond, in the zone of the office: the order of bids must show."""
    return timezone.localtime(value).isoformat(timespec="microseconds")


def make_receipt(
    bid: Bid, *, tender_reference: str, lot: int, credit_code: str, deadline: datetime, audit_event: int
) -> dict[str, Any]:
    """The signed receipt of a bid that is about to be stored."""
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "receipt": str(bid.receipt_id),
        "tender": tender_reference,
        "lot": lot,
        "supplier": credit_code,
        "digest": bid.digest,
        "size": len(bid.sealed_content),
        "received_at": instant(bid.received_at),
        "deadline": instant(deadline),
        "audit_event": audit_event,
        "key": key_id(),
    }
    signature = _private(settings.RECEIPT_KEY).sign(canonical_json(body))
    return {**body, "signature": base64.b64encode(signature).decode()}


@dataclass(frozen=True, slots=True)
class Verification:
    """``problem`` is empty, or one of: form, key, signature, unknown, stored_differs."""

    problem: str
    receipt: dict[str, Any]

    @property
    def genuine(self) -> bool:
        return not self.problem


def parse(text: str) -> dict[str, Any] | None:
    """A receipt as somebody pasted it, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or set(value) != {*FIELDS, "signature"}:
        return None
    return value


def verify(receipt: dict[str, Any] | None) -> Verification:
    """Whether this server issued exactly this receipt, and still holds the bid it is about.

    What became of the bid since (replaced, withdrawn) is not told: whoever shows a receipt around does not show that.
    """
    if receipt is None or receipt.get("schema") != SCHEMA:
        return Verification("form", {})
    if receipt["key"] != key_id():
        return Verification("key", receipt)
    body = {name: receipt[name] for name in FIELDS}
    try:
        signature = base64.b64decode(str(receipt["signature"]), validate=True)
        Ed25519PublicKey.from_public_bytes(public_key()).verify(signature, canonical_json(body))
    except (InvalidSignature, ValueError):
        return Verification("signature", receipt)
    try:
        found = Bid.objects.filter(receipt_id=uuid.UUID(str(receipt["receipt"]))).first()
    except ValueError:
        found = None
    if found is None:
        return Verification("unknown", receipt)
    digest = hashlib.sha256(bytes(found.sealed_content)).hexdigest()
    if digest != receipt["digest"] or found.digest != digest or found.receipt != receipt:
        return Verification("stored_differs", receipt)
    return Verification("", receipt)
