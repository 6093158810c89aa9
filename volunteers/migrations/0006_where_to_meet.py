from django.db import migrations, models

import marketplace.core.sealing


class Migration(migrations.Migration):
    dependencies = [
        ("volunteers", "0005_readmitted_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="opportunity",
            name="meeting_point",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="where to meet"),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="meeting_point_en",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=240, verbose_name="where to meet, in English"
            ),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="contact_phone",
            field=marketplace.core.sealing.EncryptedTextField(
                blank=True, default="", verbose_name="telephone for questions"
            ),
        ),
        # Nobody who gave a contact before has agreed that others may open it.
        migrations.AddField(
            model_name="volunteerprofile",
            name="contact_agreed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="may be opened on the day since"),
        ),
        migrations.AlterField(
            model_name="signup",
            name="state",
            field=models.CharField(
                choices=[
                    ("confirmed", "has a place"),
                    ("waiting", "on the waiting list"),
                    ("offered", "place offered"),
                    ("cancelled", "cancelled"),
                    ("lapsed", "offer lapsed"),
                    ("attended", "attended"),
                    ("missed", "did not come"),
                ],
                max_length=10,
                verbose_name="state",
            ),
        ),
    ]
