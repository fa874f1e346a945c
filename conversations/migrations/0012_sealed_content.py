"""Content is sealed with a key per user, and an erasure tells every process that a key is destroyed."""

import conversations.models.content
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION plumbline_notify_data_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'data_key:' || OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER DELETE ON conversations_datakey
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_data_key();
"""
BACKWARD = """
DROP TRIGGER notify ON conversations_datakey;
DROP FUNCTION plumbline_notify_data_key;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0010_replays'),
        ('operators', '0012_data_settings'),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('handed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('done_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('error', models.CharField(db_default='', max_length=500)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('owner', models.BinaryField(db_index=True, max_length=32)),
                ('user_ref', models.CharField(blank=True, max_length=256)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('requested_by', models.CharField(blank=True, max_length=120)),
                ('conversations', models.PositiveIntegerField(db_default=0)),
                ('turns', models.PositiveIntegerField(db_default=0)),
            ],
            options={
                'ordering': ['-requested_at'],
            },
        ),
        migrations.AddField(
            model_name='batchitem',
            name='data_key_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='turn',
            name='gone',
            field=models.CharField(blank=True, choices=[('deleted', 'it was erased'), ('expired', 'it was kept for as long as the deployment says'), ('not_stored', 'this deployment keeps no content')], db_default='', default='', max_length=12),
        ),
        migrations.AlterField(
            model_name='batchitem',
            name='result',
            field=models.BinaryField(null=True),
        ),
        migrations.AlterField(
            model_name='idempotencykey',
            name='envelope',
            field=models.BinaryField(null=True),
        ),
        migrations.AlterField(
            model_name='turn',
            name='content',
            field=conversations.models.content.SealedContent(),
        ),
        migrations.AlterField(
            model_name='turn',
            name='decision',
            field=conversations.models.content.QuotingJSON(),
        ),
        migrations.CreateModel(
            name='DataKey',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('owner', models.BinaryField(db_index=True, max_length=32)),
                ('wrapped', models.BinaryField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('deployment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='operators.deployment')),
            ],
        ),
        migrations.AddField(
            model_name='turn',
            name='data_key',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='conversations.datakey'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='deployment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='erasures', to='operators.deployment'),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(models.F('id'), condition=models.Q(('dead_at', None), ('done_at', None)), name='open_erasure'),
        ),
        migrations.CreateModel(
            name='RetentionRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('turns', models.PositiveIntegerField(default=0)),
                ('conversations', models.PositiveIntegerField(default=0)),
                ('keys', models.PositiveIntegerField(default=0)),
                ('oldest_kept', models.DateTimeField(null=True)),
                ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retention_runs', to='operators.deployment')),
            ],
            options={
                'ordering': ['-started_at'],
                'indexes': [models.Index(models.F('deployment'), models.OrderBy(models.F('started_at'), descending=True), name='newest_retention_run')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
