"""What PostgreSQL itself lets the product's processes do: the tables' owner migrates, two lesser roles run the product.

The *web* role, of all processes but one, adds entries and can neither change nor remove them, nor place them in the
tree or sign. The *sequencer's* places them, and can write none. Neither owns a table, so neither can switch a trigger
off. Granted anew after each migration, for new tables come with no rights.
"""

from collections.abc import Iterator

from psycopg import Connection, sql

LOG = ("entry", "pending", "leaf", "node", "checkpoint", "verifierkey")
PLACES = ("leaf", "node", "checkpoint", "verifierkey")

_EXISTS = "SELECT FROM pg_roles WHERE rolname = %s"
_MAY = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = %s"
_OWNS = """
SELECT count(*) FROM pg_class AS made JOIN pg_roles AS owner ON owner.oid = made.relowner
WHERE owner.rolname = %s AND made.relname LIKE 'audit\\_log\\_%%'"""


class RoleError(ValueError):
    """A role is missing, or may too much."""


def grant(connection: Connection[tuple[object, ...]], web: str, sequencer: str, *, create: bool) -> None:
    """Gives both roles what they need and no more, in one transaction. `connection` is the tables' owner's.

    create: makes the roles that are not there, able to sign in. Raises RoleError.
    """
    if web == sequencer:
        raise RoleError("the web's role and the sequencer's must be two")
    with connection.transaction():
        for role in (web, sequencer):
            _prepare(connection, role, create=create)
        for statement in (*_web(web), *_sequencer(sequencer)):
            connection.execute(statement)


def _prepare(connection: Connection[tuple[object, ...]], role: str, *, create: bool) -> None:
    if connection.execute(_EXISTS, [role]).fetchone() is None:
        if not create:
            raise RoleError(f"there is no role {role!r}: CREATE ROLE it, or have it made with --create")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    (much,) = connection.execute(_MAY, [role]).fetchone() or (True,)
    (owned,) = connection.execute(_OWNS, [role]).fetchone() or (1,)
    if much or owned:
        raise RoleError(f"the role {role!r} may too much: it is a superuser, makes roles, or owns the log's tables")


def _web(role: str) -> Iterator[sql.Composed]:
    yield from _for(
        role,
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
    )
    for table in LOG:
        yield from _for(role, f"REVOKE ALL ON audit_log_{table} FROM {{role}}")
        yield from _for(role, f"GRANT SELECT ON audit_log_{table} TO {{role}}")
    yield from _for(role, "GRANT INSERT ON audit_log_entry TO {role}")


def _sequencer(role: str) -> Iterator[sql.Composed]:
    yield from _for(role, "GRANT USAGE ON SCHEMA {schema} TO {role}")
    for table in LOG:
        yield from _for(role, f"REVOKE ALL ON audit_log_{table} FROM {{role}}")
        yield from _for(role, f"GRANT SELECT ON audit_log_{table} TO {{role}}")
    for table in PLACES:
        yield from _for(role, f"GRANT INSERT ON audit_log_{table} TO {{role}}")
    yield from _for(
        role,
        "GRANT USAGE ON SEQUENCE audit_log_verifierkey_id_seq TO {role}",
        # FOR UPDATE asks for the right to change a column, though a trigger lets nobody do it.
        "GRANT DELETE, UPDATE (id) ON audit_log_pending TO {role}",
    )


def _for(role: str, *statements: str) -> Iterator[sql.Composed]:
    schema = sql.SQL("public")
    for statement in statements:
        yield sql.SQL(statement).format(role=sql.Identifier(role), schema=schema)  # type: ignore[arg-type] # constants
