"""One village, one adviser: who is served, computed set-wise.

A village counts as served *under contract* when a post of a contract in performance is filled there today; as served
*by volunteers* when it is not, but a volunteer's service was confirmed there in the last ``VOLUNTEER_DAYS`` days or a
volunteer has a place at a coming shift there. ``vacant`` means: bought, and nobody serves. Everything else has nothing
bought yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.core.locks import lock_name
from marketplace.regions import codes
from marketplace.timesheets.selectors import day_start

from .models import CoverageFigure

VOLUNTEER_DAYS = 90


class Status(TextChoices):
    CONTRACT = "contract", _("adviser under contract")
    VOLUNTEER = "volunteer", _("served by volunteers")
    VACANT = "vacant", _("bought, no adviser yet")
    NONE = "none", _("nothing bought yet")


#: One row a village that has anything: (region_id, status), the best status winning.
_STATUS_SQL = """
    SELECT region_id, min(standing) AS standing FROM (
        SELECT p.region_id, CASE WHEN p.state = 'filled' THEN 1 ELSE 3 END AS standing
        FROM contracts_post p JOIN contracts_contract c ON c.id = p.contract_id
        WHERE c.state = 'active' AND p.state IN ('filled', 'vacant')
          AND p.starts_on <= %(today)s AND p.ends_on >= %(today)s
          AND p.region_id >= %(low)s AND p.region_id < %(high)s AND p.region_id %% 1000 <> 0
        UNION ALL
        SELECT s.region_id, 2 FROM timesheets_servicesession s
        WHERE s.state = 'confirmed' AND s.capacity = 'volunteer' AND upper(s.period) > %(since)s
          AND s.region_id >= %(low)s AND s.region_id < %(high)s AND s.region_id %% 1000 <> 0
        UNION ALL
        SELECT o.region_id, 2
        FROM volunteers_signup u JOIN volunteers_shift f ON f.id = u.shift_id
             JOIN volunteers_opportunity o ON o.id = f.opportunity_id
        WHERE u.state = 'confirmed' AND o.state IN ('open', 'closed') AND f.ends_at > %(now)s
          AND o.region_id >= %(low)s AND o.region_id < %(high)s AND o.region_id %% 1000 <> 0
    ) found GROUP BY region_id
"""

_STANDING = {1: Status.CONTRACT, 2: Status.VOLUNTEER, 3: Status.VACANT}

# Two constants of this module are joined; nothing comes from outside.
_REFRESH_SQL = f"""
WITH status AS ({_STATUS_SQL}),
spans(span) AS (VALUES (1000000000000::bigint), (10000000000), (100000000), (1000000), (1000)),
placed AS (
    SELECT DISTINCT s.region_id, s.standing, s.region_id - s.region_id %% spans.span AS code
    FROM status s CROSS JOIN spans
),
served AS (
    SELECT DISTINCT s.id, s.decided_minutes, s.people_served, s.capacity,
           s.region_id - s.region_id %% spans.span AS code
    FROM timesheets_servicesession s CROSS JOIN spans
    WHERE s.state = 'confirmed' AND lower(s.period) >= %(year_start)s
),
travel AS (
    SELECT DISTINCT a.id, a.travel_minutes, p.region_id - p.region_id %% spans.span AS code
    FROM staffing_assignment a JOIN contracts_post p ON p.id = a.post_id CROSS JOIN spans
    WHERE a.state = 'accepted' AND p.state = 'filled'
),
counted AS (
    SELECT code, count(*) FILTER (WHERE standing = 1) AS contract, count(*) FILTER (WHERE standing = 2) AS volunteer,
           count(*) FILTER (WHERE standing = 3) AS vacant
    FROM placed GROUP BY code
),
summed AS (
    SELECT code, sum(decided_minutes) AS minutes,
           sum(decided_minutes) FILTER (WHERE capacity <> 'contract') AS unpaid, sum(people_served) AS people
    FROM served GROUP BY code
),
middle AS (
    SELECT code, percentile_cont(0.5) WITHIN GROUP (ORDER BY travel_minutes) AS minutes FROM travel GROUP BY code
)
INSERT INTO dashboards_coveragefigure
    (code, contract, volunteer, vacant, travel_minutes, served_minutes, unpaid_minutes, people_served, computed_at)
SELECT coalesce(c.code, s.code), coalesce(c.contract, 0), coalesce(c.volunteer, 0), coalesce(c.vacant, 0),
       floor(m.minutes + 0.5)::smallint, coalesce(s.minutes, 0), coalesce(s.unpaid, 0), coalesce(s.people, 0), %(now)s
FROM counted c FULL JOIN summed s ON s.code = c.code LEFT JOIN middle m ON m.code = coalesce(c.code, s.code)
"""  # noqa: S608


def _parameters(code: int, now: datetime) -> dict[str, int | date | datetime]:
    low, high = codes.code_range(code)
    today = timezone.localdate(now)
    return {
        "low": low,
        "high": high,
        "today": today,
        "now": now,
        "since": now - timedelta(days=VOLUNTEER_DAYS),
        "year_start": day_start(date(today.year, 1, 1)),
    }


def village_status(code: int, now: datetime) -> Mapping[int, Status]:
    """Region code → status, for the villages under ``code`` that have anything. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STATUS_SQL, _parameters(code, now))
        return {region: _STANDING[standing] for region, standing in cursor.fetchall()}


@transaction.atomic
def refresh(*, now: datetime) -> int:
    """Compute every division's figures anew; how many rows stand now."""
    lock_name("dashboards.coverage")
    CoverageFigure.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH_SQL, _parameters(codes.NATION, now))
        return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Villages by status, with the moment of counting."""

    villages: int
    contract: int
    volunteer: int
    vacant: int
    computed_at: datetime | None

    @property
    def none(self) -> int:
        return self.villages - self.contract - self.volunteer - self.vacant

    @property
    def served(self) -> int:
        return self.contract + self.volunteer

    @property
    def share(self) -> float:
        return self.served / self.villages if self.villages else 0.0


def coverage_of(figure: CoverageFigure | None, villages: int) -> Coverage:
    """The stored figure beside the number of villages; nothing bought where there is none."""
    if figure is None:
        return Coverage(villages, 0, 0, 0, None)
    return Coverage(villages, figure.contract, figure.volunteer, figure.vacant, figure.computed_at)


def count_status(status: Mapping[int, Status], villages: int, now: datetime) -> Coverage:
    """The same from statuses just read."""
    found = list(status.values())
    return Coverage(
        villages, found.count(Status.CONTRACT), found.count(Status.VOLUNTEER), found.count(Status.VACANT), now
    )
