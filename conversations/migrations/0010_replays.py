
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0009_playground'),
        ('operators', '0008_invitations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('handed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('done_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('error', models.CharField(db_default='', max_length=500)),
                ('settings', models.JSONField()),
                ('digest', models.CharField(max_length=71)),
                ('charter_digest', models.CharField(max_length=71)),
                ('size', models.PositiveIntegerField()),
                ('days', models.PositiveIntegerField()),
                ('sample', models.JSONField(null=True)),
                ('position', models.PositiveIntegerField(default=0)),
                ('same', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('not_kept', models.PositiveIntegerField(default=0)),
                ('unreadable', models.PositiveIntegerField(default=0)),
                ('canceled_at', models.DateTimeField(null=True)),
                ('deployment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='replays', to='operators.deployment')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ReplayedTurn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change', models.CharField(choices=[('outcome', 'another outcome'), ('reason', 'the same outcome for another reason'), ('directives', 'the same, with other directives to the model')], max_length=16)),
                ('cause', models.CharField(choices=[('draft', 'the draft'), ('since', "not the draft: the turn's own version would decide so today, too"), ('unknown', "unknown: the turn's own version cannot be asked any more")], max_length=16)),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
                ('in_doubt', models.BooleanField(default=False)),
                ('replay', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='turns', to='conversations.replay')),
                ('turn', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='conversations.turn')),
            ],
        ),
        migrations.AddIndex(
            model_name='replay',
            index=models.Index(fields=['deployment', '-id'], name='replay_newest'),
        ),
        migrations.AddIndex(
            model_name='replay',
            index=models.Index(models.F('id'), condition=models.Q(('dead_at', None), ('done_at', None)), name='replay_open'),
        ),
        migrations.AddConstraint(
            model_name='replay',
            constraint=models.UniqueConstraint(condition=models.Q(('dead_at', None), ('done_at', None)), fields=('deployment',), name='one_replay_at_once'),
        ),
        migrations.AddConstraint(
            model_name='replayedturn',
            constraint=models.UniqueConstraint(fields=('replay', 'turn'), name='replayed_once'),
        ),
    ]
