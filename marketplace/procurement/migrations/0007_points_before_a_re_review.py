import django.db.models.deletion
from django.db import migrations, models

from marketplace.core.immutable import append_only


class Migration(migrations.Migration):
    dependencies = [("procurement", "0006_a_request_makes_one_thing")]

    operations = [
        migrations.CreateModel(
            name="ReviewedScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("points", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="points")),
                ("reopened_at", models.DateTimeField(verbose_name="sent back for re-review")),
                (
                    "evaluator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviewed_scores",
                        to="procurement.evaluator",
                    ),
                ),
                (
                    "opened_bid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="procurement.openedbid"
                    ),
                ),
                (
                    "criterion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="procurement.criterion"
                    ),
                ),
            ],
            options={
                "verbose_name": "score before a re-review",
                "verbose_name_plural": "scores before a re-review",
                "ordering": ["reopened_at", "evaluator_id", "opened_bid_id", "criterion_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("evaluator", "opened_bid", "criterion", "reopened_at"), name="one_reviewed_score_a_cell"
                    )
                ],
            },
        ),
        append_only("procurement_reviewedscore"),
    ]
