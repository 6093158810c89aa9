"""Reading the file of divisions: every line is checked before anything is written."""

from __future__ import annotations

import csv
import hashlib
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TextIO

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from marketplace.core.errors import DomainError
from marketplace.regions import codes, placing

DATA = Path(__file__).parent / "data"
DIVISIONS = DATA / "divisions-2023.csv.xz"
#: rows a level of that file
EXPECTED_COUNTS = {1: 31, 2: 342, 3: 2975, 4: 41351, 5: 620572}
HEADER = ["code", "level", "name", "lon", "lat"]
_UNSAFE = frozenset("\\\t\r\n'\"\x00")


class MalformedFile(DomainError):
    code = "malformed_divisions"
    message = _("Line %(line)s: %(reason)s. Nothing was changed; correct the file and run the import again.")
    http_status = 422


@dataclass(frozen=True, eq=False)
class Divisions:
    """The rows of a file, sorted by code; places are NaN where the file has none."""

    code: NDArray[np.int64]
    level: NDArray[np.int64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    official_name: list[str]
    file_name: str
    file_digest: str

    def __len__(self) -> int:
        return len(self.official_name)

    @cached_property
    def places(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Longitudes and latitudes with the missing ones estimated, and which are."""
        return placing.estimate_places(self.code, self.level, self.longitude, self.latitude)

    def rows_under(self, code: int) -> NDArray[np.int64]:
        """Indices of `code`, of everything in it, and of what is above it."""
        low, high = codes.code_range(code)
        wanted = (self.code >= low) & (self.code < high)
        for above in codes.ancestor_codes(code):
            wanted |= self.code == above
        return np.flatnonzero(wanted)


def read_divisions(path: Path = DIVISIONS) -> Divisions:
    """Read and check a file (`.csv` or `.csv.xz`, header `code,level,name,lon,lat`).

    Raises:
        MalformedFile: with the line and the reason.
    """
    try:
        with path.open("rb") as raw:
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        with _open(path) as stream:
            return _checked(csv.reader(stream, strict=True), path.name, digest)
    except (OSError, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise MalformedFile(line=1, reason=_("the file cannot be read (%s)") % error) from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _checked(reader: Iterator[list[str]], file_name: str, file_digest: str) -> Divisions:
    parsed: list[tuple[int, int, str, float, float]] = []
    lines: dict[int, int] = {}
    line = 1
    try:
        if next(reader, None) != HEADER:
            raise MalformedFile(line=1, reason=_("the header must be %s") % ",".join(HEADER))
        for line, row in enumerate(reader, start=2):
            division = _division(line, row)
            if lines.setdefault(division[0], line) != line:
                raise MalformedFile(line=line, reason=_("code %s stands twice") % division[0])
            parsed.append(division)
    except csv.Error as error:
        raise MalformedFile(line=line + 1, reason=error) from error
    if not parsed:
        raise MalformedFile(line=2, reason=_("the file holds no division"))
    for code, line in lines.items():
        above = codes.parent_code(code)
        if above is not None and above not in lines:
            raise MalformedFile(
                line=line, reason=_("%(code)s lies in %(above)s, which the file lacks") % {"code": code, "above": above}
            )
    parsed.sort()
    count = len(parsed)
    columns = list(zip(*parsed, strict=True))
    return Divisions(
        code=np.fromiter(columns[0], np.int64, count),
        level=np.fromiter(columns[1], np.int64, count),
        longitude=np.fromiter(columns[3], np.float64, count),
        latitude=np.fromiter(columns[4], np.float64, count),
        official_name=list(columns[2]),
        file_name=file_name,
        file_digest=file_digest,
    )


def _division(line: int, row: list[str]) -> tuple[int, int, str, float, float]:
    if len(row) != 5:
        raise MalformedFile(line=line, reason=_("%(found)s values instead of 5") % {"found": len(row)})
    code_text, level_text, name, lon_text, lat_text = row
    if len(code_text) != 12 or not code_text.isascii() or not code_text.isdecimal() or code_text < str(codes.MIN_CODE):
        raise MalformedFile(line=line, reason=_("“%s” is no 12-digit code") % code_text)
    code = int(code_text)
    if level_text not in ("1", "2", "3", "4", "5") or codes.level_of(code) != int(level_text):
        raise MalformedFile(
            line=line, reason=_("code %(code)s is not of level “%(level)s”") % {"code": code, "level": level_text}
        )
    if not name.strip() or len(name) > 60 or not _UNSAFE.isdisjoint(name):
        raise MalformedFile(line=line, reason=_("a name has 1 to 60 characters and no quotes, tabs or backslashes"))
    if not lon_text and not lat_text:
        return code, int(level_text), name, np.nan, np.nan
    try:
        lon, lat = float(lon_text), float(lat_text)
    except ValueError:
        lon = lat = np.inf
    # Everything lies in China; this also catches latitude and longitude in the wrong order.
    if not (73 <= lon <= 136 and 3 <= lat <= 54):
        raise MalformedFile(
            line=line,
            reason=_("“%(lon)s, %(lat)s” is no longitude and latitude in China") % {"lon": lon_text, "lat": lat_text},
        )
    return code, int(level_text), name, lon, lat
