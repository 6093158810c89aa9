from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from marketplace.regions import codes
from marketplace.regions.divisions_file import EXPECTED_COUNTS
from marketplace.regions.models import DivisionsImport, Level, Region

_LEVEL = " ".join(f"WHEN code % {codes.SPAN[level]} = 0 THEN {level}" for level in range(1, 6))
_ABOVE = "CASE level " + " ".join(f"WHEN {level} THEN {codes.SPAN[level - 1]}" for level in range(2, 6)) + " END"
_VILLAGES = " UNION ALL ".join(
    f"SELECT code - code % {codes.SPAN[level]} AS code, count(*) AS n FROM regions_region WHERE level = 5 GROUP BY 1"  # noqa: S608
    for level in range(1, 5)
)
#: what must not be found, and the rows that break it: code, what is wrong
_CHECKS = {
    "a division is of the level of its code": f"SELECT code, level FROM regions_region WHERE level <> CASE {_LEVEL} END",  # noqa: S608
    "a division lies in another": f"""
        SELECT c.code, c.above FROM (SELECT code, level, code - code % ({_ABOVE}) AS above FROM regions_region WHERE level > 1) c
        LEFT JOIN regions_region p ON p.code = c.above WHERE p.code IS NULL OR p.level >= c.level""",  # noqa: S608
    "the divisions directly below are counted": f"""
        SELECT r.code, r.child_count FROM regions_region r LEFT JOIN (
            SELECT code - code % ({_ABOVE}) AS code, count(*) AS n FROM regions_region WHERE level > 1 GROUP BY 1) c
        USING (code) WHERE r.child_count <> coalesce(c.n, 0)""",  # noqa: S608
    "the villages are counted": f"""
        SELECT r.code, r.village_count FROM regions_region r LEFT JOIN (
            SELECT code, max(n) AS n FROM ({_VILLAGES}) v GROUP BY code) v USING (code)
        WHERE r.level < 5 AND r.village_count <> coalesce(v.n, 0)""",  # noqa: S608
    "a tier is that of the county": """
        SELECT r.code, r.tier FROM regions_region r JOIN regions_region c ON c.code = r.code - r.code % 1000000
        WHERE r.level > 3 AND r.tier <> c.tier""",
    "a county's own tier holds": """
        SELECT r.code, r.tier FROM regions_region r JOIN regions_countysetting s ON s.county_id = r.code
        WHERE s.tier <> '' AND s.tier <> r.tier""",
    "a township or village has a place where its county has one": """
        SELECT r.code, r.location_source FROM regions_region r JOIN regions_region c ON c.code = r.code - r.code % 1000000
        WHERE r.level > 3 AND r.longitude IS NULL AND c.longitude IS NOT NULL""",
    "an estimated place is near its county's point": """
        SELECT r.code, r.longitude || ', ' || r.latitude FROM regions_region r
        JOIN regions_region c ON c.code = r.code - r.code % 1000000
        WHERE r.level > 3 AND r.location_source = 'estimated' AND c.location_source = 'official'
            AND greatest(abs(r.latitude - c.latitude), abs(r.longitude - c.longitude) * cos(radians(c.latitude))) > 1""",
    "a division can be found by its name": """
        SELECT code, name FROM regions_region WHERE search = ''::tsvector AND level <> 2""",
}
_SHOWN = 10


class Command(BaseCommand):
    help = "Prove the tree of divisions: levels, ancestors, counts, tiers, places. Exit 1 with the rows that break it."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        with connection.cursor() as cursor:
            for what, query in _CHECKS.items():
                cursor.execute(query)
                rows = cursor.fetchall()
                broken += bool(rows)
                self._report(what, [f"{code}: {found}" for code, found in rows])
        counts = {level: Region.objects.at_level(level).count() for level in Level.values}
        wrong = []
        # A database with a part of the country (a test, a trial) is whole in itself.
        if DivisionsImport.objects.filter(under=None).exists():
            wrong = [
                f"level {n}: {counts[n]:,}, not {EXPECTED_COUNTS[n]:,}"
                for n in counts
                if counts[n] < EXPECTED_COUNTS[n]
            ]
        self._report("no division of the loaded file is gone", wrong)
        if broken or wrong:
            raise CommandError("The divisions are not as they must be: see above.")
        self.stdout.write(self.style.SUCCESS(f"{sum(counts.values()):,} divisions are as they must be."))

    def _report(self, what: str, rows: list[str]) -> None:
        if not rows:
            self.stdout.write(f"ok      {what}")
            return
        self.stdout.write(self.style.ERROR(f"BROKEN  {what} ({len(rows):,})"))
        for row in rows[:_SHOWN]:
            self.stdout.write(f"        {row}")
