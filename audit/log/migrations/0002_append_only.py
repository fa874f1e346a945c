from django.db import migrations

APPEND_ONLY = ("entry", "leaf", "node", "checkpoint")

FUNCTIONS = """
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'A correction is a new entry.';
END $$;

CREATE FUNCTION audit_log_enqueue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log_pending (entry_id) SELECT id FROM new_entries;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_log_enqueue AFTER INSERT ON audit_log_entry
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_enqueue();

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log_pending
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log_pending
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
"""

# ALWAYS: session_replication_role = replica would otherwise pass them by.
REFUSALS = """
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
ALTER TABLE audit_log_{table} ENABLE ALWAYS TRIGGER audit_log_append_only;
ALTER TABLE audit_log_{table} ENABLE ALWAYS TRIGGER audit_log_no_truncate;
"""

DROP = """
DROP TRIGGER audit_log_append_only ON audit_log_{table};
DROP TRIGGER audit_log_no_truncate ON audit_log_{table};
"""


class Migration(migrations.Migration):
    dependencies = [("audit_log", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FUNCTIONS + "".join(REFUSALS.format(table=table) for table in APPEND_ONLY),
            "".join(DROP.format(table=table) for table in APPEND_ONLY)
            + """
            DROP TRIGGER audit_log_no_truncate ON audit_log_pending;
            DROP TRIGGER audit_log_no_update ON audit_log_pending;
            DROP TRIGGER audit_log_enqueue ON audit_log_entry;
            DROP FUNCTION audit_log_enqueue();
            DROP FUNCTION audit_log_refuse();
            """,
        )
    ]
