"""The database's own say: the web role adds entries and no more, the sequencer's places them and writes none."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import httpx2
import psycopg
import pytest
from django.core.management import CommandError, call_command

from audit.log.models import Entry, Pending
from audit.log.names import Name
from audit.log.sequencer import Appender
from audit.log.store import connect
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row
from config.database import conninfo
from tests.audit.log.log_support import Log
from tests.support.product import free_port
from tests.support.product import web as serve

WEB, SEQUENCER = "test_plumbline_web", "test_plumbline_sequencer"
ROLES = {"web": WEB, "sequencer": SEQUENCER}


@pytest.fixture
def roles(log: Log) -> Iterator[None]:
    call_command("grant_roles", create=True, stdout=StringIO(), **ROLES)
    yield
    with connect("test-owner") as owner:
        for role in ROLES.values():
            owner.execute(f"DROP OWNED BY {role}")
            owner.execute(f"DROP ROLE {role}")


def as_role(role: str) -> psycopg.Connection:
    return psycopg.connect(conninfo(user=role), autocommit=True)


def test_the_web_role_may_only_insert_entries(roles: None, log: Log) -> None:
    log.grow(3)
    row = entry_row(Name.KEY_CREATED, actor=("account", 1), subject=("key", 1))
    with as_role(WEB) as web:
        web.execute(INSERT_ENTRIES, entry_parameters([row]))
        assert web.execute("SELECT count(*) FROM audit_log_entry").fetchone() == (4,)
        refused = [
            "UPDATE audit_log_entry SET name = 'x'",
            "DELETE FROM audit_log_entry",
            "TRUNCATE audit_log_entry",
            "DELETE FROM audit_log_pending",
            "INSERT INTO audit_log_pending (entry_id) SELECT id FROM audit_log_entry",
            "INSERT INTO audit_log_leaf (index) VALUES (99)",
            "INSERT INTO audit_log_node VALUES (1, 99, 'x')",
            "INSERT INTO audit_log_checkpoint VALUES (99, 'x', 'x', now())",
            "INSERT INTO audit_log_verifierkey (vkey) VALUES ('x')",
            "UPDATE audit_log_checkpoint SET note = 'x'",
            "ALTER TABLE audit_log_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_log_enqueue ON audit_log_entry",
            "SET session_replication_role = replica",
        ]
        for statement in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement)
    assert [pending.entry_id for pending in Pending.objects.all()] == [row.id]


def test_a_temporary_table_does_not_take_the_queues_place(roles: None, log: Log) -> None:
    row = entry_row(Name.KEY_CREATED, actor=("account", 1), subject=("key", 1))
    with as_role(WEB) as web:
        web.execute("CREATE TEMP TABLE audit_log_pending (id serial, entry_id uuid)")
        web.execute(INSERT_ENTRIES, entry_parameters([row]))
        assert web.execute("SELECT count(*) FROM pg_temp.audit_log_pending").fetchone() == (0,)
    assert Pending.objects.count() == 1


def test_the_sequencers_role_does_all_of_its_work_and_writes_no_entry(roles: None, log: Log) -> None:
    log.write(5)
    with as_role(SEQUENCER) as own:
        appender = Appender(own, log.keys, log.origin, log.files)
        assert appender.drain() == 5
        assert appender.checkpoint()
        for statement in (
            "INSERT INTO audit_log_entry SELECT * FROM audit_log_entry",
            "DELETE FROM audit_log_leaf",
            "UPDATE audit_log_node SET hash = 'x'",
            "SELECT * FROM operators_account",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(statement)
    assert log.verify().ok


def test_the_product_runs_under_the_web_role(roles, new_key, model, tmp_path: Path, log: Log) -> None:
    _, key = new_key()
    environment = {"DATABASE_URL": conninfo(user=WEB), "ANTHROPIC_BASE_URL": model.url}
    body = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "What is a monad?"}]}
    with serve(free_port(), environment, tmp_path / "web.log") as address:
        answer = httpx2.post(f"{address}/v1/messages", json=body, headers={"x-api-key": key}, timeout=20)
        assert answer.status_code == 200, answer.text
        receipt = answer.headers["plumbline-receipt"]
        assert Entry.objects.filter(pk=receipt).exists()
        pending = httpx2.get(f"{address}/v1/receipts/{receipt}", headers={"x-api-key": key})
        assert pending.status_code == 202
        assert httpx2.get(f"{address}/sign-in/").status_code in {200, 301}


def test_roles_that_are_missing_or_may_too_much_are_refused(log: Log) -> None:
    with pytest.raises(CommandError, match="there is no role 'test_nobody'"):
        call_command("grant_roles", web="test_nobody", sequencer=SEQUENCER)
    with connect("test-owner") as owner, owner.transaction(force_rollback=True):
        (me,) = owner.execute("SELECT current_user").fetchone() or ("",)
    with pytest.raises(CommandError, match="may too much"):
        call_command("grant_roles", web=me, sequencer=SEQUENCER)
    with pytest.raises(CommandError, match="must be two"):
        call_command("grant_roles", web=WEB, sequencer=WEB)
