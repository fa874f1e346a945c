"""What stewards do is known to every process at once, and the charter that comes with the platform is in force."""

from django.db import migrations

TABLES = ("pause", "forcedreview", "charterpublication")

FORWARD = """
CREATE FUNCTION plumbline_notify_oversight() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'oversight:');
    RETURN NULL;
END $$;
DROP TRIGGER notify ON audit_oversight_pause;
DROP FUNCTION plumbline_notify_pause;
""" + "".join(
    f"""
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_oversight_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION plumbline_notify_oversight();
"""
    for table in TABLES
)

BACKWARD = (
    "".join(f"DROP TRIGGER notify ON audit_oversight_{table};" for table in TABLES)
    + """
DROP FUNCTION plumbline_notify_oversight;
CREATE FUNCTION plumbline_notify_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'pause:');
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON audit_oversight_pause
    FOR EACH STATEMENT EXECUTE FUNCTION plumbline_notify_pause();
"""
)


def first_publication(apps, _schema_editor):
    """From here on a newer document in the code is a proposal's matter."""
    from charter import versions

    newest = versions()[0]
    apps.get_model("audit_oversight", "CharterPublication").objects.create(number=newest.number, digest=newest.digest)


class Migration(migrations.Migration):
    dependencies = [("audit_oversight", "0004_charters_and_reviews")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(first_publication, migrations.RunPython.noop),
    ]
