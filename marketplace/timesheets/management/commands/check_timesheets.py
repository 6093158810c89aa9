"""Prove that no minute of a person is recorded twice, by a way of counting that the constraint does not use."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from marketplace.timesheets.models import ServiceSession

# Sorted by start, an interval overlaps an earlier one exactly when it starts before the greatest end so far.
_OVERLAPS = """
    SELECT id, person_id FROM (
        SELECT id, person_id, lower(period) AS began,
               max(upper(period)) OVER (PARTITION BY person_id ORDER BY lower(period), id
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest_end
        FROM timesheets_servicesession WHERE state NOT IN ('rejected', 'withdrawn')
    ) ordered WHERE began < latest_end ORDER BY id
"""
_UNDECIDED = """
    SELECT id, person_id FROM timesheets_servicesession
    WHERE decided_minutes > claimed_minutes OR decided_by_id = person_id
       OR claimed_minutes > extract(epoch FROM upper(period) - lower(period)) / 60 ORDER BY id
"""


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for word, sql in (("overlaps", _OVERLAPS), ("counts more than it may", _UNDECIDED)):
            with connection.cursor() as cursor:
                cursor.execute(sql)
                for session, person in cursor.fetchall():
                    self.stderr.write(f"session {session} of person {person} {word}")
                    broken += 1
        if broken:
            raise CommandError(f"{broken} sessions are not as they must be")
        self.stdout.write(f"timesheets: {ServiceSession.objects.count()} sessions, no minute twice")
