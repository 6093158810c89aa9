from django.db import migrations

from marketplace.core.immutable import append_only


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [append_only("catalog_productversion")]
