"""Shifts as an iCalendar file (RFC 5545), which phones and calendars read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

#: octets of a line without its break (section 3.1)
LINE = 75


@dataclass(frozen=True, slots=True)
class Event:
    """``uid`` stays the same for the same shift; texts are plain."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    place: str
    description: str
    url: str
    confirmed: bool


def calendar_text(events: Iterable[Event], *, name: str, now: datetime) -> str:
    """The whole file, with CRLF line breaks."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Public Legal Services Marketplace//Duty rosters//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
    ]
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{escaped(event.uid)}",
            f"DTSTAMP:{_instant(now)}",
            f"DTSTART:{_instant(event.starts_at)}",
            f"DTEND:{_instant(event.ends_at)}",
            f"SUMMARY:{escaped(event.summary)}",
            f"LOCATION:{escaped(event.place)}",
            f"DESCRIPTION:{escaped(event.description)}",
            f"URL:{event.url}",
            f"STATUS:{'CONFIRMED' if event.confirmed else 'TENTATIVE'}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    """Text as a value: backslash, semicolon, comma and line break escaped (section 3.3.11); other control characters dropped."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(each for each in plain if each in "\n\t" or (each >= " " and each != "\x7f"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> str:
    """A line in pieces of at most ``LINE`` octets, never through a character; each further piece begins with a space."""
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LINE:
            pieces.append(piece)
            # The space counts.
            piece, size = "", 1
        piece += character
        size += width
    pieces.append(piece)
    return "\r\n ".join(pieces)
