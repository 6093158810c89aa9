"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Bytes that are the same for equal values. Decimals, dates and the like must be strings already."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, lower-case hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
