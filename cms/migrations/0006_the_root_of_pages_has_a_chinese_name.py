"""The root of all pages, which Wagtail brings, has an English name; editors read it above the home page."""

from django.db import migrations

OLD, NEW = "Root", "全部页面 · All pages"


def _rename(apps, old, new):
    apps.get_model("wagtailcore", "Page").objects.filter(depth=1, title=old).update(title=new, draft_title=new)


class Migration(migrations.Migration):
    dependencies = [
        ("cms", "0005_the_review_has_a_name_in_both_languages"),
    ]

    operations = [
        migrations.RunPython(
            lambda apps, _editor: _rename(apps, OLD, NEW), lambda apps, _editor: _rename(apps, NEW, OLD)
        ),
    ]
