import audit.cases.models.reviewers
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit_cases', '0003_initial'),
        ('conversations', '0008_idempotency_keys'),
        ('operators', '0008_invitations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('by', models.CharField(choices=[('operator', 'the operator'), ('user', 'a user')], max_length=8)),
                ('reason', models.TextField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('status', models.CharField(choices=[('open', 'waits'), ('upheld', 'upheld: what was decided stands'), ('overturned', 'overturned: what was decided was wrong')], default='open', max_length=10)),
                ('answer', models.TextField(blank=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('stage', models.CharField(choices=[('first', 'first review'), ('second', 'second review'), ('third', 'third review'), ('steward', 'for a steward'), ('appeal', 'appeal')], max_length=8)),
                ('grave', models.BooleanField(default=False)),
                ('claimed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('verdict', models.CharField(blank=True, choices=[('no_action', 'No action needed'), ('over_refusal', 'We refused too much'), ('coach_operator', 'Coach the operator'), ('warn_operator', 'Warn the operator'), ('end_conversation', 'End the conversation'), ('pause_deployment', 'Pause the deployment'), ('change_severity', 'Change the severity'), ('escalate', 'Escalate to a steward')], max_length=16)),
                ('severity', models.FloatField(blank=True, null=True)),
                ('rule', models.CharField(blank=True, max_length=80)),
                ('note', models.TextField(blank=True)),
                ('operator_note', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='GoldenCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('no_action', 'No action needed'), ('over_refusal', 'We refused too much'), ('coach_operator', 'Coach the operator'), ('warn_operator', 'Warn the operator'), ('end_conversation', 'End the conversation'), ('pause_deployment', 'Pause the deployment'), ('change_severity', 'Change the severity'), ('escalate', 'Escalate to a steward')], max_length=16)),
                ('severity', models.FloatField()),
                ('stage', models.CharField(choices=[('first', 'first review'), ('second', 'second review'), ('third', 'third review'), ('steward', 'for a steward'), ('appeal', 'appeal')], default='first', max_length=8)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Reviewer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('queues', models.JSONField(default=audit.cases.models.reviewers.all_queues)),
                ('hide_grave', models.BooleanField(default=True, help_text='Turn by turn; the summary comes first.', verbose_name='Hide grave texts until I reveal them')),
                ('grey_images', models.BooleanField(default=True, verbose_name='Show images in grey')),
                ('grave_a_day', models.PositiveSmallIntegerField(default=20, help_text='After that many, lighter cases come first.', verbose_name='Grave cases a day')),
                ('break_after_minutes', models.PositiveSmallIntegerField(default=50, help_text='Minutes of work without one.', verbose_name='Suggest a break after')),
            ],
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='Name')),
                ('query', models.CharField(max_length=500)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AlterModelOptions(
            name='case',
            options={'ordering': ['-mandatory', '-severity', 'due_at', 'opened_at', 'id']},
        ),
        migrations.RemoveConstraint(
            model_name='case',
            name='one_open_case_per_conversation',
        ),
        migrations.AddField(
            model_name='case',
            name='claimed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='case',
            name='due_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='case',
            name='ended_conversation',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='case',
            name='lease_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='mandatory',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='case',
            name='operator_note',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='case',
            name='pause_id',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='queue',
            field=models.CharField(choices=[('harm', 'Harm'), ('people', 'People at risk'), ('model', "The model's wellbeing"), ('quality', 'Quality and over-refusal'), ('appeals', 'Appeals')], default='quality', max_length=8),
        ),
        migrations.AddField(
            model_name='case',
            name='settles_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='stage',
            field=models.CharField(choices=[('first', 'first review'), ('second', 'second review'), ('third', 'third review'), ('steward', 'for a steward'), ('appeal', 'appeal')], default='first', max_length=8),
        ),
        migrations.AddField(
            model_name='case',
            name='verdict_rule',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name='case',
            name='status',
            field=models.CharField(choices=[('open', 'open'), ('settling', 'decided, may still be undone'), ('closed', 'closed')], default='open', max_length=8),
        ),
        migrations.AlterField(
            model_name='case',
            name='verdict',
            field=models.CharField(blank=True, choices=[('no_action', 'No action needed'), ('over_refusal', 'We refused too much'), ('coach_operator', 'Coach the operator'), ('warn_operator', 'Warn the operator'), ('end_conversation', 'End the conversation'), ('pause_deployment', 'Pause the deployment'), ('change_severity', 'Change the severity'), ('escalate', 'Escalate to a steward')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.OrderBy(models.F('mandatory'), descending=True), models.OrderBy(models.F('severity'), descending=True), models.F('due_at'), models.F('opened_at'), models.F('id'), condition=models.Q(('status', 'open')), name='case_in_order'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.F('queue'), models.OrderBy(models.F('mandatory'), descending=True), models.OrderBy(models.F('severity'), descending=True), models.F('due_at'), models.F('opened_at'), models.F('id'), condition=models.Q(('status', 'open')), name='case_in_order_of_queue'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('status', 'settling')), fields=['settles_at'], name='case_settling'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(models.OrderBy(models.F('decided_at'), descending=True), models.F('id'), condition=models.Q(('status', 'closed')), name='case_lately_closed'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('status', 'closed')), fields=['reason', '-decided_at'], name='case_alike'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('status', 'closed'), _negated=True), fields=['due_at'], name='case_due'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'closed'), _negated=True), fields=('conversation',), name='one_open_case_per_conversation'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='account',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='appeal',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='appeals', to='audit_cases.case'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='appeal',
            name='deployment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='appeals', to='operators.deployment'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='turn',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='conversations.turn'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assessments', to='audit_cases.case'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='goldencase',
            name='case',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='golden', to='audit_cases.case'),
        ),
        migrations.AddField(
            model_name='goldencase',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assessment',
            name='golden',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='assessments', to='audit_cases.goldencase'),
        ),
        migrations.AddField(
            model_name='reviewer',
            name='account',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reviewer', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedfilter',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_filters', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('case',), name='one_open_appeal_a_case'),
        ),
        migrations.AddIndex(
            model_name='assessment',
            index=models.Index(fields=['reviewer', '-claimed_at'], name='assessment_of_reviewer'),
        ),
        migrations.AddIndex(
            model_name='assessment',
            index=models.Index(fields=['-submitted_at'], name='assessment_by_time'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None), ('golden', None), ('submitted_at', None)), fields=('case',), name='one_reviewer_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None), ('submitted_at', None)), fields=('reviewer',), name='one_case_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('account', 'name'), name='filter_name_once'),
        ),
        # Cases of before have the longest of the service levels, from when they were opened.
        migrations.RunSQL(
            "UPDATE audit_cases_case SET due_at = opened_at + interval '72 hours'", migrations.RunSQL.noop
        ),
    ]
