"""Changes tell every process at once, and a published configuration stays as it is: both held by triggers."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION plumbline_notify_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'key:' || coalesce(NEW.public_id, OLD.public_id));
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON operators_key
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_key();

CREATE FUNCTION plumbline_notify_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plumbline', 'deployment:' || coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER notify AFTER UPDATE OR DELETE ON operators_deployment
    FOR EACH ROW EXECUTE FUNCTION plumbline_notify_deployment();

CREATE FUNCTION plumbline_configuration_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published configuration does not change; publish a new version';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE ON operators_configuration
    FOR EACH ROW EXECUTE FUNCTION plumbline_configuration_is_immutable();
"""

BACKWARD = """
DROP TRIGGER notify ON operators_key;
DROP TRIGGER notify ON operators_deployment;
DROP TRIGGER immutable ON operators_configuration;
DROP FUNCTION plumbline_notify_key, plumbline_notify_deployment, plumbline_configuration_is_immutable;
"""


class Migration(migrations.Migration):
    dependencies = [("operators", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
