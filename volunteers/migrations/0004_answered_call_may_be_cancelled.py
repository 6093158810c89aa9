"""Who has a place at an answered call keeps it, so the organiser may still have to call the call off."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("volunteers", "0003_answered_calls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="opportunity", name="answered_call_is_closed"),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(("answered_at__isnull", True), ("state__in", ["closed", "cancelled"]), _connector="OR"),
                name="answered_call_is_closed",
            ),
        ),
    ]
