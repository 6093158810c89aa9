"""The calendar file, as RFC 5545 asks."""

from datetime import UTC, datetime, timedelta, timezone

from marketplace.staffing.rosters.calendar import LINE, Event, calendar_text, escaped, folded

CHINA = timezone(timedelta(hours=8))


def test_texts_are_escaped():
    assert escaped("a;b,c\\d\ne\r\nf") == r"a\;b\,c\\d\ne\nf"
    assert escaped("bell\x07 tab\t") == "bell tab\t"


def test_long_lines_are_folded_between_characters():
    line = "SUMMARY:" + "县公共法律服务中心值班" * 9
    pieces = folded(line).split("\r\n")
    assert len(pieces) > 3
    assert all(len(piece.encode()) <= LINE for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line
    assert folded("x" * LINE) == "x" * LINE
    assert folded("x" * (LINE + 1)) == "x" * LINE + "\r\n x"


def test_the_whole_file():
    event = Event(
        uid="shift-1-person-2@example.org",
        starts_at=datetime(2026, 6, 9, 9, tzinfo=CHINA),
        ends_at=datetime(2026, 6, 9, 12, tzinfo=CHINA),
        summary="值班; 中心",
        place="雷山县",
        description="已确认\n合同",
        url="https://example.org/staffing/rosters/1/",
        confirmed=True,
    )
    text = calendar_text([event], name="我的值班", now=datetime(2026, 6, 1, tzinfo=UTC))
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    for line in (
        "UID:shift-1-person-2@example.org", "DTSTART:20260609T010000Z", "DTEND:20260609T040000Z", "DTSTAMP:20260601T000000Z",
        r"SUMMARY:值班\; 中心", r"DESCRIPTION:已确认\n合同", "STATUS:CONFIRMED",
    ):  # fmt: skip
        assert line in lines
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
