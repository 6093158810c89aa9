from html import unescape
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeData

from marketplace.audit.labels import action_label, reason_of
from marketplace.audit.selectors import trail_of
from marketplace.audit.templatetags.audit import act_data


class Command(BaseCommand):
    help = "Print everything recorded about one object, oldest first: audit_trail procurement.tender 7"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject_type", help="app.model, for example procurement.tender")
        parser.add_argument("subject_id")

    def handle(self, *args: Any, **options: Any) -> None:
        events = list(trail_of(options["subject_type"].lower(), options["subject_id"]).order_by("occurred_at", "id"))
        if not events:
            raise CommandError("Nothing is recorded about this object. Is it app.model and its key?")
        for event in events:
            sealed = f"seal {event.sealed.seal_id}" if hasattr(event, "sealed") else "not sealed yet"
            moment = timezone.localtime(event.occurred_at)
            who = str(event.actor) if event.actor else "the clock"
            self.stdout.write(
                f"{moment:%Y-%m-%d %H:%M:%S}  {who}: {action_label(event.action)}  [{event.pk}, {sealed}]"
            )
            for label, value in [*act_data(event), *([("reason", reason_of(event))] if event.reason else [])]:
                self.stdout.write(f"    {label}: {_plain(value)}")


def _plain(value: str) -> str:
    """Markup as text; what somebody wrote stays as it is, whatever it looks like."""
    return unescape(strip_tags(value)) if isinstance(value, SafeData) else value
