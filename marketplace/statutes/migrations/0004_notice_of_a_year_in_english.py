from typing import Any

from django.db import migrations, models


def _name(apps: Any, _editor: Any) -> None:
    """The English name of the notices that the project itself has entered."""
    for row in apps.get_model("statutes", "CalendarYear").objects.filter(announced=True, instrument_en=""):
        if row.instrument == f"国务院办公厅关于{row.year}年部分节假日安排的通知":
            row.instrument_en = f"Notice of the General Office of the State Council on the holidays of {row.year}"
            row.save(update_fields=["instrument_en"])


class Migration(migrations.Migration):
    dependencies = [("statutes", "0003_suppliers_are_counted")]

    operations = [
        migrations.AddField(
            model_name="calendaryear",
            name="instrument_en",
            field=models.CharField(blank=True, max_length=240, verbose_name="instrument (English)"),
        ),
        migrations.RunPython(_name, migrations.RunPython.noop, elidable=True),
    ]
