from django.db import migrations, models

# A standard is that of one unit of its product: what several people make up they owe together (`standard.obligations_of`).
# Signed contracts keep their quantities; it was never five times a team's.
_SIGNED = """
ALTER TABLE contracts_obligation DISABLE TRIGGER contracts_obligation_kept;
UPDATE contracts_obligation o SET
    shared_by = seats.n,
    quantity = o.quantity * greatest(1, seats.n / seats.people)
FROM (
    SELECT c.id AS contract_id, p.people, coalesce(l.seats, p.people) AS n
    FROM contracts_contract c
    JOIN procurement_award a ON a.id = c.award_id
    JOIN procurement_lot l ON l.id = a.lot_id
    JOIN catalog_productversion v ON v.id = l.product_version_id
    CROSS JOIN LATERAL (SELECT coalesce((v.content ->> 'posts_per_unit')::integer, 1) AS people) p
    WHERE p.people > 1 AND NOT coalesce((v.content ->> 'staffed_by_village')::boolean, false)
) seats
WHERE seats.contract_id = o.contract_id
    AND o.kind IN ('on_site', 'remote', 'lecture', 'duty', 'mediation', 'case')
    AND o.quantity_unit IN ('minutes', 'times', 'cases')
    AND o.period <> 'each';
ALTER TABLE contracts_obligation ENABLE TRIGGER contracts_obligation_kept;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0006_signed_papers"),
        ("procurement", "0009_ends_of_every_method"),
        ("catalog", "0004_price_source_in_english"),
    ]

    operations = [
        migrations.AddField(
            model_name="obligation",
            name="shared_by",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="shared by so many seats"),
        ),
        migrations.RunSQL(_SIGNED, migrations.RunSQL.noop),
    ]
