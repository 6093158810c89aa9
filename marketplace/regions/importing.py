"""Loading the divisions: COPY into a staging table, then one set-wise upsert, in one transaction."""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from marketplace.core.locks import lock_name
from marketplace.regions import codes, place_words, romanise
from marketplace.regions.divisions_file import DATA, Divisions
from marketplace.regions.models import CountySetting, DivisionsImport, LocationSource, Region, Tier

#: the twelve provinces, regions and the municipality of the western development programme
WESTERN_PROVINCES = frozenset({15, 45, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65})

Progress = Callable[[str], None]
_BLOCK = 20_000
_OFFICIAL, _ESTIMATED = LocationSource.OFFICIAL.value, LocationSource.ESTIMATED.value
_NOWHERE = f"\\N\t\\N\t{LocationSource.NONE.value}"
#: what the file and the county settings say, and what is read from the name
_FACTS = "code, level, official_name, longitude, latitude, location_source, tier, child_count, village_count"
_NAMES = "name, pinyin, search"
_INSERT = f"""
    INSERT INTO regions_region ({_FACTS}, {_NAMES})
    SELECT {_FACTS}, {_NAMES} FROM staging_region JOIN staging_name USING (code)
    WHERE NOT EXISTS (SELECT FROM regions_region r WHERE r.code = staging_region.code) ORDER BY code
"""  # noqa: S608
#: new rows, and rows whose name has changed
_TO_READ = """
    SELECT s.code FROM staging_region s LEFT JOIN regions_region r USING (code)
    WHERE r.code IS NULL OR (r.level, r.official_name) IS DISTINCT FROM (s.level, s.official_name)
"""
_KEEP_CORRECTED = ", ".join(
    f"{column} = CASE WHEN r.location_source = 'corrected' THEN r.{column} ELSE s.{column} END"
    for column in ("longitude", "latitude", "location_source")
)
_UPDATE_FACTS = f"""
    UPDATE regions_region r SET tier = s.tier, {_KEEP_CORRECTED} FROM staging_region s
    WHERE r.code = s.code AND (
        r.tier <> s.tier OR (r.location_source <> 'corrected' AND (r.longitude, r.latitude, r.location_source)
            IS DISTINCT FROM (s.longitude, s.latitude, s.location_source)))
"""  # noqa: S608
_UPDATE_NAMES = """
    UPDATE regions_region r
    SET level = s.level, official_name = s.official_name, name = n.name, pinyin = n.pinyin, search = n.search
    FROM staging_region s JOIN staging_name n USING (code)
    WHERE r.code = s.code AND (r.level, r.official_name, r.name, r.pinyin, r.search)
        IS DISTINCT FROM (s.level, s.official_name, n.name, n.pinyin, n.search)
"""
_SPAN_ABOVE = "CASE level " + " ".join(f"WHEN {level} THEN {codes.SPAN[level - 1]}" for level in range(2, 6)) + " END"
_COUNT = f"""
    UPDATE regions_region r SET child_count = c.children, village_count = c.villages
    FROM (
        SELECT code, max(children) AS children, max(villages) AS villages FROM (
            SELECT code - code % ({_SPAN_ABOVE}) AS code, count(*) AS children, 0 AS villages
                FROM regions_region WHERE level > 1 GROUP BY 1
            {
    " ".join(
        f'''
            UNION ALL SELECT code - code % {codes.SPAN[level]}, 0, sum(n)
                FROM (SELECT code - code % 1000 AS code, count(*) AS n FROM regions_region WHERE level = 5 GROUP BY 1) t
                GROUP BY 1'''
        for level in range(1, 5)
    )
}
        ) parts GROUP BY code
    ) c
    WHERE r.code = c.code AND (r.child_count, r.village_count) IS DISTINCT FROM (c.children, c.villages)
"""  # noqa: S608
_MISSING = "SELECT count(*) FROM regions_region r WHERE NOT EXISTS (SELECT FROM staging_region s WHERE s.code = r.code)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did: rows of the file, and how many were new, changed, or are no longer in the file."""

    read: int
    added: int
    changed: int
    missing: int


@transaction.atomic
def import_divisions(
    *, divisions: Divisions, under: int | None = None, now: datetime, progress: Progress = lambda line: None
) -> Outcome:
    """Bring the table of divisions to what the file says; what staff corrected stays.

    With `under`, only that division, all in it and what is above it. Nothing is ever deleted: other records point
    at divisions; those that the file no longer has are counted in `Outcome.missing`.
    """
    lock_name("import_regions")
    started = time.perf_counter()

    def say(what: str) -> None:
        progress(f"{what} ({time.perf_counter() - started:.1f} s)")

    empty = not Region.objects.exists()
    lon, lat, estimated = divisions.places
    say("places estimated")
    rows = np.arange(len(divisions)) if under is None else divisions.rows_under(under)
    facts = _fact_blocks(divisions, rows, lon, lat, estimated, _county_tiers())
    rules = _rules_digest()
    missing = 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute("SET LOCAL work_mem = '128MB'")
        for table, columns in (("staging_region", _FACTS), ("staging_name", f"code, {_NAMES}")):
            cursor.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT {columns} FROM regions_region WHERE false")  # noqa: S608
        _copy(cursor, "staging_region", _FACTS, facts)
        say(f"{len(rows):,} divisions copied")
        unread = rows
        if not empty and _names_follow(rules):
            cursor.execute("ANALYZE staging_region")
            cursor.execute(_TO_READ)
            unread = np.searchsorted(divisions.code, np.array(sorted(code for (code,) in cursor.fetchall()), np.int64))
        _copy(cursor, "staging_name", f"code, {_NAMES}", _name_blocks(divisions, unread))
        say(f"{len(unread):,} names read")
        if empty:
            # One sorted build of the index is far faster than 3 million insertions into it. What the caller's
            # transaction has still to check is checked now: PostgreSQL drops no index before that.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("DROP INDEX region_search")
        cursor.execute(_INSERT)
        added = cursor.rowcount
        if empty:
            cursor.execute("CREATE INDEX region_search ON regions_region USING gin (search) WITH (fastupdate = off)")
            changed = 0
        else:
            cursor.execute(_UPDATE_NAMES)
            renamed = cursor.rowcount
            cursor.execute(_UPDATE_FACTS)
            changed = max(renamed, cursor.rowcount)
            cursor.execute(_COUNT)
            if under is None:
                cursor.execute(_MISSING)
                missing = cursor.fetchone()[0]
        say("table and search index brought up to date")
        cursor.execute("DROP TABLE staging_region, staging_name")
        _remember_formerly_poor(cursor, now)
        if added or changed:
            cursor.execute("ANALYZE regions_region")
    if added or changed or not _names_follow(rules):
        DivisionsImport.objects.create(
            imported_at=now,
            file_name=divisions.file_name,
            file_digest=divisions.file_digest,
            rules_digest=rules,
            under=under,
            read_count=len(rows),
            added_count=added,
            changed_count=changed,
        )
    return Outcome(len(rows), added, changed, missing)


def _rules_digest() -> str:
    """Digest of the rules by which names are read: when they change, every name is read again."""
    digest = hashlib.sha256()
    for module in (romanise, place_words):
        digest.update(Path(module.__file__ or "").read_bytes())
    return digest.hexdigest()


def _names_follow(rules: str) -> bool:
    """Whether every name in the table was read by these rules."""
    found = False
    for digest, under in DivisionsImport.objects.values_list("rules_digest", "under"):
        if digest != rules:
            return False
        found = True
        if under is None:
            break
    return found


def _copy(cursor: Any, table: str, columns: str, blocks: Iterator[str]) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)


def _counts(code: NDArray[np.int64], level: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """For each row of a sorted table: divisions directly below it, and villages in it (a village counts itself)."""
    spans = np.array([codes.SPAN[n] for n in range(6)])
    above = code - code % spans[level - 1]
    below = level > 1
    children = np.bincount(np.searchsorted(code, above[below]), minlength=len(code))
    villages = code[level == 5]
    return children.tolist(), (
        np.searchsorted(villages, code + spans[level]) - np.searchsorted(villages, code)
    ).tolist()


def default_tier(code: int) -> Tier:
    """The tier of a county that has no setting of its own: by its province."""
    return Tier.WESTERN if code // codes.SPAN[1] in WESTERN_PROVINCES else Tier.ORDINARY


def _formerly_poor() -> dict[int, str]:
    """Code → basis of the counties that we ship as formerly poor."""
    with (DATA / "formerly_poor.csv").open(encoding="utf-8", newline="") as stream:
        return {int(row["code"]): row["basis"] for row in csv.DictReader(stream)}


def _county_tiers() -> dict[int, str]:
    """Tiers that are not the province's: what staff set, and the shipped list where they set nothing."""
    tiers: dict[int, str] = dict.fromkeys(_formerly_poor(), Tier.FORMERLY_POOR)
    for county, tier in CountySetting.objects.values_list("county_id", "tier"):
        tiers[county] = tier or default_tier(county)
    return tiers


def _remember_formerly_poor(cursor: Any, now: datetime) -> None:
    rows = [(code, Tier.FORMERLY_POOR.value, basis, now, code) for code, basis in _formerly_poor().items()]
    cursor.executemany(
        "INSERT INTO regions_countysetting (county_id, tier, basis, updated_at) SELECT %s, %s, %s, %s "
        "WHERE EXISTS (SELECT FROM regions_region WHERE code = %s) ON CONFLICT DO NOTHING",
        rows,
    )


def _fact_blocks(
    divisions: Divisions,
    rows: NDArray[np.int64],
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    estimated: NDArray[np.bool_],
    tiers: dict[int, str],
) -> Iterator[str]:
    """Rows of `_FACTS` in COPY's text format. Names hold no tabs, quotes or backslashes: the reader refuses them."""
    children, villages = _counts(divisions.code[rows], divisions.level[rows])
    numbers = zip(
        divisions.code[rows].tolist(), divisions.level[rows].tolist(), rows.tolist(), longitude[rows].tolist(),
        latitude[rows].tolist(), estimated[rows].tolist(), children, villages, strict=True,
    )  # fmt: skip
    tier_of: dict[int, str] = {}
    block: list[str] = []
    for code, level, row, lon, lat, guessed, below, inside in numbers:
        county = code - code % 1_000_000
        tier = tier_of.get(county)
        if tier is None:
            tier = tier_of[county] = str(tiers.get(county) or default_tier(county))
        if lon != lon:
            place = _NOWHERE
        else:
            place = f"{lon}\t{lat}\t{_ESTIMATED if guessed else _OFFICIAL}"
        block.append(f"{code}\t{level}\t{divisions.official_name[row]}\t{place}\t{tier}\t{below}\t{inside}\n")
        if len(block) == _BLOCK:
            yield "".join(block)
            block.clear()
    yield "".join(block)


def _name_blocks(divisions: Divisions, rows: NDArray[np.int64]) -> Iterator[str]:
    """Rows of `code` and `_NAMES` in COPY's text format; equal names are read once."""
    known: dict[tuple[str, int], str] = {}
    block: list[str] = []
    for row, code, level in zip(
        rows.tolist(), divisions.code[rows].tolist(), divisions.level[rows].tolist(), strict=True
    ):
        official = divisions.official_name[row]
        text = known.get((official, level))
        if text is None:
            name = romanise.short_name(official) if level == 5 else official
            read = romanise.romanise(name, level)
            text = f"{name}\t{read.display}\t" + " ".join([f"'{lexeme}'" for lexeme in read.lexemes]) + "\n"
            known[official, level] = text
        block.append(f"{code}\t{text}")
        if len(block) == _BLOCK:
            yield "".join(block)
            block.clear()
    yield "".join(block)
