"""Check an export of the audit record with nothing but Python's standard library.

    python verify_export.py FOLDER [--expect NUMBER:DIGEST ...]

FOLDER holds ``events.jsonl`` and ``seals.jsonl`` as ``manage.py export_audit`` writes them; ``docs/audit-format.md``
describes both. ``--expect`` compares seals with digests that somebody noted earlier, for example from the public list:
only that shows whether the whole record has been replaced. Exit code 0: all holds; 1: it does not, and the lines say where.

The site uses the functions of this file for sealing and for its own check, so there is one definition of both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What stands before the first seal.
NO_SEAL = "0" * 64
MAX_INT = 2**53 - 1


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of text, whole numbers, booleans, null, lists and objects with ASCII keys.

    Within these limits it needs no rule for writing numbers or for sorting, so the standard library has it.

    Raises:
        ValueError: a value outside the limits.
    """
    _check(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _check(value: Any) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise ValueError(f"{value} is no whole number that every reader of JSON keeps")
    elif isinstance(value, list):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{key!r} is no ASCII key")
            _check(item)
    else:
        raise ValueError(f"{value!r} is neither text, whole number, boolean, null, list nor object")


def event_digest(event: dict[str, Any]) -> str:
    """SHA-256 of the event's canonical JSON, lower-case hex."""
    return hashlib.sha256(canonical(event)).hexdigest()


def seal_digest(number: int, previous: str, sealed_at: str, events: list[str]) -> str:
    """SHA-256 over the seal's number, the digest of the seal before it, its time, and its events' digests in order."""
    seal = {"number": number, "previous": previous, "sealed_at": sealed_at, "events": events}
    return hashlib.sha256(canonical(seal)).hexdigest()


def verify(folder: Path, expected: dict[int, str] | None = None) -> Iterator[str]:
    """Every fault of the export, a sentence each; nothing if it holds."""
    expected = dict(expected or {})
    previous, number = NO_SEAL, 0
    with (folder / "events.jsonl").open("rb") as event_file, (folder / "seals.jsonl").open("rb") as seal_file:
        event_line = 0
        for number, raw in enumerate(seal_file, start=1):
            where = f"seals.jsonl line {number}"
            seal = _parse(raw, {"count", "digest", "number", "previous", "sealed_at"})
            if seal is None or not isinstance(seal["count"], int) or isinstance(seal["count"], bool):
                yield f"{where}: not a seal in canonical form"
                return
            if seal["number"] != number:
                yield f"{where}: it says it is seal {seal['number']}; a seal is missing, added or moved"
            if seal["previous"] != previous:
                yield f"{where}: seal {number} does not follow from the seal before it"
            digests = []
            for _position in range(seal["count"]):
                event_line += 1
                entry = _parse(event_file.readline(), {"digest", "event"})
                if entry is None or not isinstance(entry["event"], dict):
                    yield f"events.jsonl line {event_line} (seal {number}): not an event in canonical form, or missing"
                    return
                actual = event_digest(entry["event"])
                if actual != entry["digest"]:
                    yield f"events.jsonl line {event_line}: event {entry['event'].get('id')} is not what was sealed"
                digests.append(entry["digest"])
            if seal_digest(number, previous, seal["sealed_at"], digests) != seal["digest"]:
                first = event_line - len(digests) + 1
                yield f"{where}: seal {number} does not fit its events (events.jsonl lines {first} to {event_line})"
            if expected.pop(number, seal["digest"]) != seal["digest"]:
                yield f"{where}: seal {number} is not the one that was noted"
            previous = seal["digest"]
        if event_file.readline():
            yield f"events.jsonl line {event_line + 1}: an event that no seal holds"
    for missing in sorted(expected):
        yield f"seal {missing} was noted but is not in the export, which ends with seal {number}"


def _parse(raw: bytes, keys: set[str]) -> dict[str, Any] | None:
    """The object of one line, if the line is its canonical form and it has just these keys."""
    try:
        value = json.loads(raw)
        if isinstance(value, dict) and set(value) == keys and canonical(value) + b"\n" == raw:
            return value
    except (ValueError, RecursionError):
        pass
    return None


def noted(text: str) -> tuple[int, str]:
    """``12:ab34…`` as written by ``--expect``."""
    number, _colon, digest = text.partition(":")
    return int(number), digest.lower()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an export of the audit record.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--expect", type=noted, action="append", default=[], metavar="NUMBER:DIGEST")
    options = parser.parse_args(arguments)
    for name in ("events.jsonl", "seals.jsonl"):
        if not (options.folder / name).is_file():
            parser.error(f"there is no {name} in {options.folder}: name the folder that the export was written to")
    faults = list(verify(options.folder, dict(options.expect)))
    print("\n".join(faults) if faults else "The record holds: every event is what was sealed, every seal follows.")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
