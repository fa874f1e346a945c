"""Data settings of a deployment, with the secret of its digests. Changes tell every process at once."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION plumbline_notify_data_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'deployment:' || NEW.deployment_id);
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER UPDATE OF store_content, retention_days, redaction ON operators_datasettings
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_data_settings();
"""
BACKWARD = """
DROP TRIGGER notify ON operators_datasettings;
DROP FUNCTION plumbline_notify_data_settings;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('operators', '0010_scheduled_publications'),
    ]

    operations = [
        migrations.CreateModel(
            name='DataSettings',
            fields=[
                ('deployment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='data', serialize=False, to='operators.deployment')),
                ('wrapped_secret', models.BinaryField()),
                ('store_content', models.BooleanField(db_default=True, default=True, verbose_name='Keep what is said')),
                ('retention_days', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='Days that it is kept')),
                ('redaction', models.CharField(choices=[('off', 'Nowhere'), ('storage', 'In what is kept'), ('upstream', 'In what the model is sent and in what is kept')], db_default='off', default='off', max_length=8, verbose_name='Replace personal data')),
                ('region_note', models.CharField(blank=True, db_default='', default='', max_length=500, verbose_name='Where the data are')),
            ],
            options={
                'verbose_name_plural': 'data settings',
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
