from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("volunteers", "0004_answered_call_may_be_cancelled"),
    ]

    operations = [
        migrations.AddField(
            model_name="volunteerprofile",
            name="readmitted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="let in again"),
        ),
    ]
