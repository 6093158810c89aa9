"""Posts left empty become rows, runs get their summary, and later runs of a contract the run that they repaired."""

from django.db import migrations

_SUMMARIES = """
    UPDATE staffing_assignmentrun SET summary = jsonb_build_object(
        'objective', result->'objective', 'pairs', result->'pairs', 'proof', result->'proof', 'travel', result->'travel',
        'load', result->'load', 'how', result->'how', 'weights', problem->'parameters', 'worth', '[]'::jsonb)
    WHERE result ? 'objective'"""

_ROWS = """
    INSERT INTO staffing_emptypost (run_id, post_id, because, reason)
    SELECT r.id, (entry->>'post')::bigint, entry->>'because', entry - 'post' - 'because'
    FROM staffing_assignmentrun r, jsonb_array_elements(r.result->'unfilled') entry"""

_BACK = """
    UPDATE staffing_assignmentrun r SET result = r.result || jsonb_build_object('unfilled', COALESCE((
        SELECT jsonb_agg(e.reason || jsonb_build_object('post', e.post_id, 'because', e.because) ORDER BY e.post_id)
        FROM staffing_emptypost e WHERE e.run_id = r.id), '[]'::jsonb))
    WHERE r.result ? 'objective'"""

_FOLLOWS = """
    UPDATE staffing_assignmentrun r SET follows_id = earlier.id, kind = 'repair'
    FROM staffing_assignmentrun earlier WHERE earlier.id = (
        SELECT e.id FROM staffing_assignmentrun e
        WHERE e.contract_id = r.contract_id AND e.state = 'published' AND e.id < r.id ORDER BY e.id DESC LIMIT 1)"""

_REPLACES = """
    UPDATE {table} a SET replaces_id = earlier.id
    FROM staffing_assignment earlier WHERE earlier.state IN ('declined', 'expired', 'withdrawn', 'ended') AND earlier.id = (
        SELECT e.id FROM staffing_assignment e JOIN staffing_assignmentrun r ON r.id = e.run_id
        WHERE e.post_id = a.post_id AND r.state = 'published' AND e.run_id < a.run_id ORDER BY e.id DESC LIMIT 1)"""


class Migration(migrations.Migration):
    dependencies = [("staffing", "0004_repairs_and_scenarios")]

    operations = [
        migrations.RunSQL(_SUMMARIES, "UPDATE staffing_assignmentrun SET summary = '{}'::jsonb"),
        migrations.RunSQL(_ROWS, "DELETE FROM staffing_emptypost"),
        # Read in reverse order: the rows go back into the results before they are deleted.
        migrations.RunSQL("UPDATE staffing_assignmentrun SET result = result - 'unfilled'", _BACK),
        migrations.RunSQL(_FOLLOWS, "UPDATE staffing_assignmentrun SET follows_id = NULL, kind = 'full', automatic = false"),
        migrations.RunSQL(_REPLACES.format(table="staffing_assignment"), "UPDATE staffing_assignment SET replaces_id = NULL"),
        migrations.RunSQL(_REPLACES.format(table="staffing_emptypost"), migrations.RunSQL.noop),
    ]
