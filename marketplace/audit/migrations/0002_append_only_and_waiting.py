from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from marketplace.core.immutable import append_only

# Whole numbers that every reader of JSON keeps: what lies beyond could not be sealed.
_NUMBERS = """
ALTER TABLE audit_event ADD CONSTRAINT audit_event_numbers_are_whole CHECK (
    NOT jsonb_path_exists(
        data, '$.** ? (@.type() == "number" && (@.floor() != @ || @ > 9007199254740991 || @ < -9007199254740991))'
    )
);
"""
_WAITING = """
INSERT INTO audit_unsealed (event_id)
    SELECT e.id FROM audit_event e LEFT JOIN audit_sealedevent s ON s.event_id = e.id WHERE s.event_id IS NULL;
CREATE FUNCTION audit_event_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_event_waits AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_waits();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audit", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Unsealed",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="unsealed",
                        serialize=False,
                        to="audit.event",
                    ),
                ),
            ],
            options={"ordering": ["event_id"]},
        ),
        migrations.RunSQL(
            sql=_NUMBERS, reverse_sql="ALTER TABLE audit_event DROP CONSTRAINT audit_event_numbers_are_whole;"
        ),
        migrations.RunSQL(
            sql=_WAITING,
            reverse_sql="DROP TRIGGER audit_event_waits ON audit_event; DROP FUNCTION audit_event_waits();",
        ),
        append_only("audit_event"),
        append_only("audit_seal"),
        append_only("audit_sealedevent"),
    ]
