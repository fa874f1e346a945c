
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('operators', '0009_playground_key'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScheduledPublication',
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
                ('note', models.CharField(blank=True, max_length=500)),
                ('over', models.PositiveIntegerField()),
                ('canceled_at', models.DateTimeField(null=True)),
                ('refused', models.CharField(blank=True, max_length=1000)),
                ('canceled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('deployment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scheduled', to='operators.deployment')),
                ('made', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='operators.configuration')),
                ('scheduled_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['deployment', '-id'], name='scheduled_newest'), models.Index(models.F('due_at'), condition=models.Q(('dead_at', None), ('done_at', None)), name='scheduled_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('dead_at', None), ('done_at', None)), fields=('deployment',), name='one_scheduled_at_once')],
            },
        ),
    ]
