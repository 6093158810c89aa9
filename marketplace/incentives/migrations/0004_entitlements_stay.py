from django.db import migrations

from marketplace.core.immutable import append_only


class Migration(migrations.Migration):
    dependencies = [("incentives", "0003_one_policy_a_region_and_day")]

    operations = [append_only("incentives_entitlement"), append_only("incentives_stargrant")]
