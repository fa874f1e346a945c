"""What lists are filtered by, usage by the hour, exports, and erasures asked for together.

Each turn is added to its hour by a trigger, in the transaction that records it: nothing that was recorded is ever
missing from the numbers, however late it was, and no page counts turns.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import conversations.models.marks

# As in conversations/models/usage.py, at the time of this migration.
BOUNDS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000,
    15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
)  # fmt: skip
OUTCOMES = ("answer", "redirect", "decline", "end")


def waits(place: str) -> str:
    counts = (f"count(*) FILTER (WHERE {place} = {number})" for number in range(len(BOUNDS) + 1))
    return f"ARRAY[{', '.join(counts)}]::int[]"


SUMS = ("turns", *OUTCOMES, "flagged", "failed", "input_tokens", "output_tokens", "cost", "unpriced")


def count(turns: str) -> str:
    """The hours of the rows of `turns`, added to what is counted."""
    bounds = f"ARRAY[{', '.join(map(str, BOUNDS))}]"
    columns = ", ".join(f'"{column}"' for column in SUMS)
    outcomes = ", ".join(f"count(*) FILTER (WHERE outcome = '{outcome}')" for outcome in OUTCOMES)
    added = ", ".join(f'"{column}" = u."{column}" + excluded."{column}"' for column in SUMS)
    return f"""
    INSERT INTO conversations_usagehour AS u
        (deployment_id, hour, key_id, model, {columns}, own_waits, model_waits)
    SELECT deployment_id, date_trunc('hour', started_at, 'UTC') AS begun, key_id, model, count(*), {outcomes},
           count(*) FILTER (WHERE flagged), count(*) FILTER (WHERE status = 'upstream_error'), sum(input_tokens),
           sum(output_tokens), coalesce(sum(cost), 0),
           count(*) FILTER (WHERE cost IS NULL AND input_tokens + output_tokens > 0),
           {waits("own")}, {waits("theirs")}
    FROM (
        SELECT t.deployment_id, t.started_at, t.key_id, t.model, t.outcome, t.status, t.flagged,
               t.input_tokens::int8, t.output_tokens::int8, t.cost,
               width_bucket(greatest(t.milliseconds - t.upstream_milliseconds, 0), {bounds}) AS own,
               CASE WHEN t.upstream <> '' THEN width_bucket(t.upstream_milliseconds, {bounds}) END AS theirs
        FROM {turns}
    ) counted
    GROUP BY deployment_id, begun, key_id, model ORDER BY deployment_id, begun, key_id, model
    ON CONFLICT (deployment_id, hour, key_id, model) DO UPDATE SET
        {added},
        own_waits = plumbline_added(u.own_waits, excluded.own_waits),
        model_waits = plumbline_added(u.model_waits, excluded.model_waits);
    """  # noqa: S608 - made of constants


FORWARD = f"""
CREATE FUNCTION plumbline_added(integer[], integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(a + b ORDER BY place) FROM unnest($1, $2) WITH ORDINALITY AS both_of (a, b, place)
$$;

CREATE FUNCTION plumbline_count_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {count("added t")}
    RETURN NULL;
END $$;
CREATE TRIGGER count_usage AFTER INSERT ON conversations_turn REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION plumbline_count_usage();

-- Counts an hour of a deployment anew from its turns; an hour of which none are left keeps what was counted. Turns that
-- are being recorded wait meanwhile: before the lock they are committed and counted here, after it they add themselves.
CREATE FUNCTION plumbline_recount(chosen uuid, began timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE there boolean;
BEGIN
    LOCK TABLE conversations_usagehour IN SHARE ROW EXCLUSIVE MODE;
    SELECT EXISTS (SELECT FROM conversations_turn t WHERE t.deployment_id = chosen AND t.started_at >= began
                   AND t.started_at < began + interval '1 hour') INTO there;
    IF there THEN
        DELETE FROM conversations_usagehour WHERE deployment_id = chosen AND hour = began;
        {count("conversations_turn t WHERE t.deployment_id = chosen AND t.started_at >= began"
               " AND t.started_at < began + interval '1 hour'")}
    END IF;
    RETURN there;
END $$;

-- Rows are changed often and grow little: room for the next version beside each spares the index.
ALTER TABLE conversations_usagehour SET (fillfactor = 50);
"""  # noqa: S608 - made of constants

BACKWARD = """
DROP TRIGGER count_usage ON conversations_turn;
DROP FUNCTION plumbline_count_usage;
DROP FUNCTION plumbline_recount;
DROP FUNCTION plumbline_added;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0014_reviews_and_endings'),
        ('operators', '0014_judged_share'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('form', models.CharField(choices=[('jsonl', 'JSON Lines'), ('csv', 'CSV')], max_length=8)),
                ('content', models.BooleanField()),
                ('filter', models.JSONField()),
                ('turns', models.PositiveIntegerField(db_default=0)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('done_at', models.DateTimeField(null=True)),
                ('whole', models.BooleanField(db_default=False)),
            ],
        ),
        migrations.CreateModel(
            name='UsageHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('model', models.CharField(max_length=128)),
                ('turns', models.PositiveIntegerField()),
                ('answer', models.PositiveIntegerField()),
                ('redirect', models.PositiveIntegerField()),
                ('decline', models.PositiveIntegerField()),
                ('end', models.PositiveIntegerField()),
                ('flagged', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField()),
                ('input_tokens', models.PositiveBigIntegerField()),
                ('output_tokens', models.PositiveBigIntegerField()),
                ('cost', models.DecimalField(decimal_places=9, max_digits=24)),
                ('unpriced', models.PositiveIntegerField()),
                ('own_waits', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=None)),
                ('model_waits', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), size=None)),
            ],
        ),
        migrations.AddField(
            model_name='erasure',
            name='wishes',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='erasure',
            name='together',
            field=models.UUIDField(null=True),
        ),
        migrations.RunSQL("UPDATE conversations_erasure SET together = id", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='erasure',
            name='together',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name='conversation',
            name='marks',
            field=conversations.models.marks.MarksField(db_default=0),
        ),
        migrations.AddField(
            model_name='turn',
            name='cost',
            field=models.DecimalField(decimal_places=9, max_digits=24, null=True),
        ),
        migrations.AddField(
            model_name='export',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='export',
            name='deployment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='operators.deployment'),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='deployment',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='usage_hours', to='operators.deployment'),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='key',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='operators.key'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(models.F('deployment'), models.OrderBy(models.F('id'), descending=True), name='newest_export'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(models.F('seen_at'), condition=models.Q(('done_at', None)), name='export_open'),
        ),
        migrations.AddConstraint(
            model_name='usagehour',
            constraint=models.UniqueConstraint(fields=('deployment', 'hour', 'key', 'model'), name='usage_hour_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
