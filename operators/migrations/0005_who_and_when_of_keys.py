"""Who made a key or a version through the API, what replaced a key, and when it was last used."""

import django.db.models.deletion
from django.db import migrations, models

# Last uses are written each minute and change nothing that a process keeps of a key, so they tell nobody.
FORWARD = """
DROP TRIGGER notify ON operators_key;
CREATE TRIGGER notify AFTER INSERT OR DELETE OR
    UPDATE OF deployment_id, public_id, secret_hash, scopes, expires_at, revoked_at ON operators_key
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_key();
"""
BACKWARD = """
DROP TRIGGER notify ON operators_key;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON operators_key
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_key();
"""


class Migration(migrations.Migration):
    dependencies = [("operators", "0004_key_scopes")]

    operations = [
        migrations.AddField(
            model_name="configuration",
            name="published_with",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="operators.key",
            ),
        ),
        migrations.AddField(
            model_name="key",
            name="created_with",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="operators.key",
            ),
        ),
        migrations.AddField(
            model_name="key",
            name="replaced_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="operators.key",
            ),
        ),
        migrations.AddField(
            model_name="key",
            name="last_used_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
