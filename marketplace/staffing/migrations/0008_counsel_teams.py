"""Runs that deal the seats of a team, who may not sit with whom, and in how many teams a person sits."""

import django.db.models.deletion
import marketplace.core.sealing
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0005_one_seat_a_person_and_place'),
        ('staffing', '0007_parts_of_runs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Quarrel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', marketplace.core.sealing.EncryptedTextField(blank=True, default='', verbose_name='reason')),
                ('note', marketplace.core.sealing.EncryptedTextField(blank=True, default='', verbose_name='in your words')),
                ('state', models.CharField(choices=[('standing', 'holds'), ('withdrawn', 'taken back')], default='standing', max_length=10, verbose_name='state')),
                ('stated_at', models.DateTimeField(verbose_name='stated')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back')),
            ],
            options={
                'verbose_name': 'statement about a colleague',
                'verbose_name_plural': 'statements about colleagues',
                'ordering': ['stated_by_id', '-stated_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='TeamTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('most_teams', models.PositiveSmallIntegerField(verbose_name='counsel teams at most')),
            ],
            options={
                'verbose_name': 'terms for teams',
                'verbose_name_plural': 'terms for teams',
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='shape',
            field=models.CharField(choices=[('posts', 'village by village'), ('team', 'one team')], default='posts', max_length=5, verbose_name='what is dealt'),
        ),
        migrations.AlterField(
            model_name='emptypost',
            name='because',
            field=models.CharField(choices=[('no_people', 'no lawyer could be asked at all'), ('barred', 'nobody could be asked for it'), ('full', 'all within reach are needed elsewhere'), ('people', 'fewer people could be asked than there are seats'), ('specialty', 'nobody who could be asked covers a field of law that is needed'), ('senior', 'too few people with the years of practice'), ('seats', 'so few seats cannot cover all that is needed'), ('quarrel', 'only people who may not sit together would do'), ('busy', 'who could complete the team sits in others'), ('cost', 'no team was found')], max_length=9, verbose_name='why'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('team__isnull', False)), fields=('run', 'person'), name='one_seat_a_person_and_team_run'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'accepted'])), fields=('team', 'person'), name='one_live_seat_a_person_and_team'),
        ),
        migrations.AddField(
            model_name='quarrel',
            name='other',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='colleague'),
        ),
        migrations.AddField(
            model_name='quarrel',
            name='stated_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quarrels', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='teamterms',
            name='person',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='team_terms', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='quarrel',
            constraint=models.CheckConstraint(condition=models.Q(('stated_by', models.F('other')), _negated=True), name='nobody_quarrels_with_himself'),
        ),
        migrations.AddConstraint(
            model_name='quarrel',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'standing')), fields=('stated_by', 'other'), name='one_standing_quarrel_a_pair', violation_error_message='You have stated this already.'),
        ),
        migrations.AddConstraint(
            model_name='quarrel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'withdrawn'), _negated=True), ('withdrawn_at__isnull', False), _connector='OR'), name='withdrawn_quarrel_says_when'),
        ),
        migrations.AddConstraint(
            model_name='teamterms',
            constraint=models.CheckConstraint(condition=models.Q(('most_teams__lte', 20)), name='most_teams_sane'),
        ),
    ]
