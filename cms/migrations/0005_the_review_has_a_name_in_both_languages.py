"""The review of pages that Wagtail brings has an English name; editors read it on a button."""

from django.db import migrations

OLD, NEW = "Moderators approval", "发布审核 · Review before publication"


def _rename(apps, old, new):
    for model in ("Workflow", "Task"):
        apps.get_model("wagtailcore", model).objects.filter(name=old).update(name=new)


class Migration(migrations.Migration):
    dependencies = [
        ("cms", "0004_words_of_blocks"),
        ("wagtailcore", "0048_add_default_workflows"),
    ]

    operations = [
        migrations.RunPython(
            lambda apps, _editor: _rename(apps, OLD, NEW), lambda apps, _editor: _rename(apps, NEW, OLD)
        ),
    ]
