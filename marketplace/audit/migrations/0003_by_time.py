"""Trails and the search read by time."""

from django.conf import settings
from django.db import migrations, models

_BEFORE = {"audit_subject": ["subject_type", "subject_id"], "audit_actor": ["actor"], "audit_action": ["action"]}


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0002_append_only_and_waiting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["occurred_at", "id"], name="audit_time"),
        ),
        *(
            operation
            for name, fields in _BEFORE.items()
            for operation in (
                migrations.RemoveIndex(model_name="event", name=name),
                migrations.AddIndex(
                    model_name="event", index=models.Index(fields=[*fields, "occurred_at", "id"], name=name)
                ),
            )
        ),
    ]
