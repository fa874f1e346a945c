"""Indexes of the record's lists, and what came before this is marked and counted; while turns are recorded.

Without a transaction around it, so that no index locks the table. Interrupted, it is simply run again: an index that was
left half made must be dropped first (`\\d conversations_turn` calls it INVALID).
"""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

AT_ONCE = 5000
_NEXT = """
SELECT id FROM (SELECT id FROM conversations_conversation WHERE id > %s ORDER BY id LIMIT %s) next_ones
ORDER BY id DESC LIMIT 1
"""
_MARK = """
UPDATE conversations_conversation c SET marks = c.marks | found.marks FROM (
    SELECT t.conversation_id, bit_or(
        CASE t.outcome WHEN 'redirect' THEN 1 WHEN 'decline' THEN 2 WHEN 'end' THEN 4 WHEN 'answer' THEN 256 ELSE 0 END
        | CASE t.tier WHEN 1 THEN 8 WHEN 2 THEN 16 WHEN 3 THEN 32 WHEN 4 THEN 512 ELSE 0 END
        | CASE WHEN t.status = 'upstream_error' THEN 64 ELSE 0 END
        | CASE WHEN EXISTS (SELECT FROM conversations_batchitem i WHERE i.turn_id = t.id) THEN 128 ELSE 0 END
    ) AS marks
    FROM conversations_turn t WHERE t.conversation_id > %s AND t.conversation_id <= %s GROUP BY 1
) found WHERE c.id = found.conversation_id AND c.marks | found.marks <> c.marks
"""
_HOURS = "SELECT DISTINCT deployment_id, date_trunc('hour', started_at, 'UTC') FROM conversations_turn"


def mark(_apps, schema_editor):
    """Turns recorded meanwhile mark for themselves: a mark is only ever added."""
    last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(_NEXT, [last, AT_ONCE])
            if (found := cursor.fetchone()) is None:
                return
            cursor.execute(_MARK, [last, found[0]])
            last = found[0]


def count(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_HOURS)
        for deployment, hour in cursor.fetchall():
            cursor.execute("SELECT plumbline_recount(%s, %s)", [deployment, hour])


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('conversations', '0015_record_for_people'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 1)), fields=['deployment', 'id'], name='conversation_redirect'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 2)), fields=['deployment', 'id'], name='conversation_decline'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 4)), fields=['deployment', 'id'], name='conversation_end'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 8)), fields=['deployment', 'id'], name='conversation_tier_1'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 16)), fields=['deployment', 'id'], name='conversation_tier_2'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 32)), fields=['deployment', 'id'], name='conversation_tier_3'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 64)), fields=['deployment', 'id'], name='conversation_failed'),
        ),
        AddIndexConcurrently(
            model_name='conversation',
            index=models.Index(condition=models.Q(('marks__has', 128)), fields=['deployment', 'id'], name='conversation_batch'),
        ),
        AddIndexConcurrently(
            model_name='turn',
            index=models.Index(condition=models.Q(('outcome', 'redirect')), fields=['deployment', 'started_at'], name='turn_redirected'),
        ),
        AddIndexConcurrently(
            model_name='turn',
            index=django.contrib.postgres.indexes.HashIndex(fields=['request_id'], name='turn_by_request'),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.RunPython(count, migrations.RunPython.noop),
        RemoveIndexConcurrently(
            model_name='conversation',
            name='newest_conversation',
        ),
        RemoveIndexConcurrently(
            model_name='turn',
            name='turn_not_answered',
        ),
    ]
