"""What was signed is kept as it was signed: the paper of a contract in each language, with its digest."""

import django.db.models.deletion
from django.db import migrations, models

from marketplace.core.immutable import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0005_one_seat_a_person_and_place"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignedPaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10)),
                ("content", models.BinaryField()),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("made_at", models.DateTimeField()),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="papers", to="contracts.contract"
                    ),
                ),
            ],
            options={
                "verbose_name": "signed paper",
                "verbose_name_plural": "signed papers",
                "ordering": ["contract_id", "language"],
                "constraints": [
                    models.UniqueConstraint(fields=("contract", "language"), name="one_signed_paper_a_language")
                ],
            },
        ),
        append_only("contracts_signedpaper"),
    ]
