"""Prove that nothing was granted for a minute that is not confirmed, paid twice, or larger than its policy says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from marketplace.incentives.models import Entitlement

_CHECKS = {
    "was granted for a session that does not count": """
        SELECT e.id FROM incentives_entitlement e JOIN timesheets_servicesession s ON s.id = e.session_id
        WHERE s.state <> 'confirmed' OR s.capacity = 'contract' OR s.person_id <> e.person_id ORDER BY 1""",
    "mixes subsidy with volunteering": """
        SELECT e.id FROM incentives_entitlement e JOIN timesheets_servicesession s ON s.id = e.session_id
        WHERE (e.kind = 'subsidy') <> (s.capacity = 'subsidised') ORDER BY 1""",
    "does not agree with its ledger transfer": """
        SELECT e.id FROM incentives_entitlement e LEFT JOIN ledger_transfer t ON t.id = e.transfer_id
        WHERE t.id IS NULL OR t.amount <> e.amount OR t.amount_currency <> e.amount_currency ORDER BY 1""",
    "is more than a day's subsidy": """
        SELECT max(e.id) FROM incentives_entitlement e JOIN incentives_policy p ON p.id = e.policy_id
        WHERE e.kind = 'subsidy' GROUP BY e.person_id, e.policy_id, e.service_date
        HAVING sum(e.amount) > max((p.rules->>'subsidy_per_day')::numeric) * 3 ORDER BY 1""",
}


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for word, sql in _CHECKS.items():
            with connection.cursor() as cursor:
                cursor.execute(sql)
                for (pk,) in cursor.fetchall():
                    self.stderr.write(f"entitlement {pk} {word}")
                    broken += 1
        if broken:
            raise CommandError(f"{broken} entitlements are not as they must be")
        self.stdout.write(f"incentives: {Entitlement.objects.count()} entitlements, each earned once")
