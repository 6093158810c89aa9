import django.db.models.deletion
from django.db import migrations, models

import marketplace.core.sealing
from marketplace.core.immutable import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("procurement", "0003_evaluation_guards"),
    ]

    operations = [
        migrations.AddField(
            model_name="openedbid",
            name="contact_phone",
            field=marketplace.core.sealing.EncryptedTextField(blank=True, default="", verbose_name="contact's phone"),
        ),
        migrations.CreateModel(
            name="OpenedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=120, verbose_name="file")),
                ("media_type", models.CharField(max_length=80)),
                ("size", models.PositiveIntegerField(verbose_name="size in bytes")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("data", models.BinaryField()),
                (
                    "opened_bid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="procurement.openedbid"
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a bid",
                "verbose_name_plural": "files of bids",
                "ordering": ["opened_bid_id", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("opened_bid", "position"), name="one_opened_file_a_position")
                ],
            },
        ),
        append_only("procurement_openedfile"),
    ]
