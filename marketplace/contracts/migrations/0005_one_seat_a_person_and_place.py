"""Nobody holds two seats of one contract in one place."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0004_parts_agree'),
        ('regions', '0003_place_is_whole'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='post',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'filled')), fields=('contract', 'region', 'adviser'), name='one_seat_a_person_and_place', violation_error_message='This person holds a seat here already. Choose somebody else.'),
        ),
    ]
