"""Duty rosters; the database counts the places and keeps the times."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import marketplace.timesheets.models
from django.conf import settings
from django.db import migrations, models

# Places are counted where duties are written, whoever writes them: the CHECK of the shift refuses one too many.
_PLACES = """
CREATE FUNCTION staffing_duty_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tstzrange(starts_at, ends_at, '[)') INTO NEW.period FROM staffing_rostershift WHERE id = NEW.shift_id;
    RETURN NEW;
END $$;

CREATE TRIGGER staffing_duty_period BEFORE INSERT OR UPDATE OF shift_id, period ON staffing_duty
    FOR EACH ROW EXECUTE FUNCTION staffing_duty_period();

CREATE FUNCTION staffing_duty_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held boolean := TG_OP <> 'INSERT' AND OLD.state IN ('proposed', 'confirmed');
    holds boolean := TG_OP <> 'DELETE' AND NEW.state IN ('proposed', 'confirmed');
BEGIN
    IF held AND holds AND OLD.shift_id = NEW.shift_id THEN
        RETURN NULL;
    END IF;
    IF held THEN
        UPDATE staffing_rostershift SET taken = taken - 1 WHERE id = OLD.shift_id;
    END IF;
    IF holds THEN
        UPDATE staffing_rostershift SET taken = taken + 1 WHERE id = NEW.shift_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER staffing_duty_places AFTER INSERT OR DELETE OR UPDATE OF state, shift_id ON staffing_duty
    FOR EACH ROW EXECUTE FUNCTION staffing_duty_places();

CREATE FUNCTION staffing_rostershift_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.starts_at, NEW.ends_at, NEW.roster_id) IS DISTINCT FROM (OLD.starts_at, OLD.ends_at, OLD.roster_id)
       AND EXISTS (SELECT FROM staffing_duty WHERE shift_id = NEW.id) THEN
        RAISE EXCEPTION 'a shift that was dealt keeps its time'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dealt_shift_keeps_its_time', TABLE = 'staffing_rostershift';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER staffing_rostershift_times BEFORE UPDATE OF starts_at, ends_at, roster_id ON staffing_rostershift
    FOR EACH ROW EXECUTE FUNCTION staffing_rostershift_times();
"""

_NO_PLACES = """
DROP TRIGGER staffing_rostershift_times ON staffing_rostershift;
DROP FUNCTION staffing_rostershift_times();
DROP TRIGGER staffing_duty_places ON staffing_duty;
DROP FUNCTION staffing_duty_places();
DROP TRIGGER staffing_duty_period ON staffing_duty;
DROP FUNCTION staffing_duty_period();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0004_parts_agree'),
        ('regions', '0003_place_is_whole'),
        ('staffing', '0005_rows_of_empty_posts'),
        ('volunteers', '0004_answered_call_may_be_cancelled'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Roster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=12, verbose_name='kind')),
                ('starts_on', models.DateField(verbose_name='from')),
                ('ends_on', models.DateField(verbose_name='to (inclusive)')),
                ('volunteers_welcome', models.BooleanField(default=False, verbose_name='open to volunteers')),
                ('skills', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('marriage', 'marriage and family'), ('land', 'land, forest and homestead'), ('labour', 'labour and wages'), ('contract', 'contracts and debts'), ('tort', 'injury and traffic'), ('criminal', 'criminal defence'), ('administrative', 'administrative law'), ('procurement', 'government contracts'), ('environment', 'environment'), ('minors', 'minors and the elderly'), ('company', 'companies and cooperatives'), ('mediation', 'mediation')], max_length=16), blank=True, default=list, size=None, verbose_name='indispensable fields of law')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('cmn', 'Mandarin'), ('hmu', 'Hmong (Miao)'), ('doc', 'Dong'), ('pcc', 'Bouyei'), ('iii', 'Yi'), ('bod', 'Tibetan'), ('uig', 'Uyghur'), ('mon', 'Mongolian'), ('yue', 'Cantonese'), ('csl', 'Chinese sign language')], max_length=3), blank=True, default=list, size=None, verbose_name='languages')),
                ('day_minutes', models.PositiveIntegerField(default=480, verbose_name='a day at most (minutes)')),
                ('most_minutes', models.PositiveIntegerField(blank=True, null=True, verbose_name='in all at most (minutes)')),
                ('rest_minutes', models.PositiveSmallIntegerField(default=30, verbose_name='rest between two shifts (minutes)')),
                ('radius_minutes', models.PositiveSmallIntegerField(default=90, verbose_name='longest way (minutes one way)')),
                ('offers_until', models.DateTimeField(blank=True, null=True, verbose_name='offers are taken until')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('open', 'open for offers'), ('closed', 'offers are in'), ('published', 'published'), ('cancelled', 'cancelled')], default='draft', max_length=10, verbose_name='state')),
                ('cancel_reason', models.TextField(blank=True, verbose_name='why it was cancelled')),
                ('created_at', models.DateTimeField(verbose_name='made')),
                ('contract', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rosters', to='contracts.contract', verbose_name='contract')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('opportunity', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rosters', to='volunteers.opportunity', verbose_name='call for volunteers')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='regions.region', verbose_name='place')),
            ],
            options={
                'verbose_name': 'duty roster',
                'verbose_name_plural': 'duty rosters',
                'ordering': ['-starts_on', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('capacity', models.CharField(choices=[('contract', 'under contract (paid)'), ('subsidised', 'subsidised'), ('volunteer', 'volunteer')], max_length=12, verbose_name='capacity')),
                ('most_minutes', models.PositiveIntegerField(blank=True, null=True, verbose_name='in all at most (minutes)')),
                ('offered_at', models.DateTimeField(verbose_name='offered')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='roster_offers', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('roster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='staffing.roster')),
            ],
            options={
                'verbose_name': 'offer',
                'verbose_name_plural': 'offers',
                'ordering': ['offered_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Deal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('repair', models.BooleanField(default=False, verbose_name='repair')),
                ('parameters', models.JSONField(default=dict, verbose_name='parameters')),
                ('problem', models.JSONField(default=dict, verbose_name='problem')),
                ('digest', models.CharField(max_length=64, verbose_name='digest of the problem')),
                ('result', models.JSONField(default=dict, verbose_name='result')),
                ('summary', models.JSONField(default=dict, verbose_name='summary')),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'computing'), ('done', 'plan computed'), ('sent', 'proposals sent'), ('failed', 'did not succeed'), ('cancelled', 'cancelled')], default='queued', max_length=10, verbose_name='state')),
                ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='progress (percent)')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='starts')),
                ('error', models.TextField(blank=True, verbose_name='what went wrong')),
                ('requested_at', models.DateTimeField(verbose_name='requested')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('roster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deals', to='staffing.roster')),
            ],
            options={
                'verbose_name': 'deal of shifts',
                'verbose_name_plural': 'deals of shifts',
                'ordering': ['-requested_at', '-pk'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='RosterShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='to')),
                ('places', models.PositiveSmallIntegerField(verbose_name='places')),
                ('taken', models.PositiveSmallIntegerField(default=0, verbose_name='taken')),
                ('lawyer_needed', models.BooleanField(default=True, verbose_name='a lawyer is needed')),
                ('roster', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='staffing.roster')),
                ('volunteer_shift', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='roster_shifts', to='volunteers.shift')),
            ],
            options={
                'verbose_name': 'shift of a roster',
                'verbose_name_plural': 'shifts of a roster',
                'ordering': ['starts_at', '-lawyer_needed', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='OfferedShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(verbose_name='offered')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered', to='staffing.offer')),
                ('shift', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offered', to='staffing.rostershift')),
            ],
            options={
                'verbose_name': 'offered shift',
                'verbose_name_plural': 'offered shifts',
                'ordering': ['since', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('capacity', models.CharField(choices=[('contract', 'under contract (paid)'), ('subsidised', 'subsidised'), ('volunteer', 'volunteer')], max_length=12, verbose_name='capacity')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name='from – to')),
                ('travel_minutes', models.PositiveSmallIntegerField(default=0, verbose_name='travel (minutes one way)')),
                ('reason', models.JSONField(default=dict, verbose_name='reasons of the choice')),
                ('state', models.CharField(choices=[('computed', 'computed, not yet sent'), ('proposed', 'waiting for an answer'), ('confirmed', 'confirmed'), ('declined', 'declined'), ('expired', 'not answered in time'), ('withdrawn', 'withdrawn'), ('given_back', 'given back'), ('handed_over', 'handed over to a colleague')], default='computed', max_length=12, verbose_name='state')),
                ('respond_by', models.DateTimeField(blank=True, null=True, verbose_name='answer due')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('note', models.TextField(blank=True, verbose_name='reason given')),
                ('deal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='staffing.deal')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duties', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('post', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='contracts.post')),
                ('sign_up', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='volunteers.signup')),
                ('takes_over', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_over_by', to='staffing.duty')),
                ('shift', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='staffing.rostershift')),
            ],
            options={
                'verbose_name': 'duty',
                'verbose_name_plural': 'duties',
                'ordering': ['period', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Swap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.TextField(blank=True, verbose_name='message')),
                ('state', models.CharField(choices=[('asked', 'waiting for an answer'), ('agreed', 'agreed'), ('refused', 'refused'), ('withdrawn', 'withdrawn')], default='asked', max_length=10, verbose_name='state')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('colleague', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='swaps_asked', to=settings.AUTH_USER_MODEL, verbose_name='colleague')),
                ('duty', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='swaps', to='staffing.duty')),
                ('in_return', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='staffing.duty')),
            ],
            options={
                'verbose_name': 'swap of duties',
                'verbose_name_plural': 'swaps of duties',
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('contract__isnull', False), ('opportunity__isnull', True)), models.Q(('contract__isnull', True), ('opportunity__isnull', False)), _connector='OR'), name='roster_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='roster_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['open', 'closed', 'published']), _negated=True), ('offers_until__isnull', False), _connector='OR'), name='open_roster_has_deadline'),
        ),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'cancelled'), _negated=True), models.Q(('cancel_reason', ''), _negated=True), _connector='OR'), name='cancelled_roster_says_why'),
        ),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'cancelled'), _negated=True), fields=('opportunity',), name='one_roster_an_opportunity'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(fields=('roster', 'person'), name='one_offer_a_person'),
        ),
        migrations.AddConstraint(
            model_name='deal',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running'])), fields=('roster',), name='one_deal_at_a_time', violation_error_message='The shifts of this roster are being dealt already. Wait for the result.'),
        ),
        migrations.AddConstraint(
            model_name='deal',
            constraint=models.CheckConstraint(condition=models.Q(('progress__lte', 100)), name='deal_progress_is_percent'),
        ),
        migrations.AddConstraint(
            model_name='deal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['done', 'sent']), _negated=True), models.Q(('finished_at__isnull', False), ('progress', 100)), _connector='OR'), name='done_deal_is_finished'),
        ),
        migrations.AddConstraint(
            model_name='deal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='failed_deal_says_why'),
        ),
        migrations.AddConstraint(
            model_name='rostershift',
            constraint=models.CheckConstraint(condition=models.Q(('taken__lte', models.F('places'))), name='roster_shift_not_oversold', violation_error_message='All places of this shift are taken.'),
        ),
        migrations.AddConstraint(
            model_name='rostershift',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='roster_shift_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='rostershift',
            constraint=models.CheckConstraint(condition=models.Q(('places__gte', 1)), name='roster_shift_has_places'),
        ),
        migrations.AddConstraint(
            model_name='rostershift',
            constraint=models.UniqueConstraint(condition=models.Q(('volunteer_shift__isnull', True)), fields=('roster', 'starts_at', 'ends_at', 'lawyer_needed'), name='one_roster_shift_a_time'),
        ),
        migrations.AddConstraint(
            model_name='rostershift',
            constraint=models.UniqueConstraint(fields=('roster', 'volunteer_shift'), name='one_roster_shift_a_volunteer_shift'),
        ),
        migrations.AddConstraint(
            model_name='offeredshift',
            constraint=models.UniqueConstraint(fields=('offer', 'shift'), name='one_offer_a_shift'),
        ),
        migrations.AddIndex(
            model_name='duty',
            index=models.Index(fields=['person', 'state'], name='duty_person_state'),
        ),
        migrations.AddIndex(
            model_name='duty',
            index=models.Index(condition=models.Q(('state', 'proposed')), fields=['respond_by'], name='duty_overdue'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'confirmed'])), fields=('shift', 'person'), name='nobody_twice_in_a_shift'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.UniqueConstraint(fields=('deal', 'shift', 'person'), name='one_duty_a_deal_and_shift'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state', 'confirmed')), expressions=[(marketplace.timesheets.models.PersonRange(), '&&'), ('period', '&&')], name='no_two_duties_at_once', violation_error_message='You have another duty at that time.'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['proposed', 'declined', 'expired']), _negated=True), ('respond_by__isnull', False), _connector='OR'), name='proposed_duty_has_deadline'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['confirmed', 'declined']), _negated=True), ('answered_at__isnull', False), _connector='OR'), name='answered_duty_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['declined', 'given_back']), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='refused_duty_says_why'),
        ),
        migrations.AddConstraint(
            model_name='duty',
            constraint=models.CheckConstraint(condition=models.Q(('deal__isnull', False), ('takes_over__isnull', False), _connector='OR'), name='duty_comes_from_somewhere'),
        ),
        migrations.AddConstraint(
            model_name='swap',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('duty',), name='one_swap_asked_a_duty'),
        ),
        migrations.AddConstraint(
            model_name='swap',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'asked'), ('answered_at__isnull', False), _connector='OR'), name='answered_swap_has_its_time'),
        ),
        migrations.RunSQL(_PLACES, _NO_PLACES),
    ]
