"""A pause is known to every process at once."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION plumbline_notify_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'pause:');
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON audit_oversight_pause
    FOR EACH STATEMENT EXECUTE FUNCTION plumbline_notify_pause();
"""

BACKWARD = "DROP TRIGGER notify ON audit_oversight_pause; DROP FUNCTION plumbline_notify_pause;"


class Migration(migrations.Migration):
    dependencies = [("audit_oversight", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
