"""manage.py backup and restore: into a second database, where the log verifies, and what was erased is not there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.log.models import Pending
from config.database import conninfo
from conversations.models import Turn
from conversations.user_erasure import carry_out, erase_user
from operators.models import Deployment
from tests.audit.log.log_support import Log
from tests.conversations.records import ask

WORD = "zanzibar"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def second() -> Iterator[str]:
    """The address of an empty database beside the test's."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(conninfo(dbname="postgres"), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        yield conninfo(dbname=name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def sequence_all(folder: Path) -> None:
    with Log(folder).appender() as appender:
        appender.drain()
        appender.checkpoint()


@pytest.fixture(autouse=True)
def places(tmp_path, settings):
    """The log's key, its checkpoints and the list of erasures, of this test alone."""
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    settings.ERASURES_FILE = str(tmp_path / "erasures.jsonl")
    settings.ERASURE_SETTLE_SECONDS = 0
    return tmp_path


def elsewhere(database: str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the platform on another database, with the same secrets."""
    own = {
        "DATABASE_URL": database,
        "PLUMBLINE_LOG_KEY_FILE": str(folder / "log.key"),
        "PLUMBLINE_CHECKPOINT_DIR": str(folder / "checkpoints-there"),
        "PLUMBLINE_ERASURES_FILE": str(folder / "erasures.jsonl"),
        "PLUMBLINE_ERASURE_SETTLE_SECONDS": "0",
    }
    command = (sys.executable, *command)
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False, timeout=120
    )


READ = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from conversations.models import Turn
print(json.dumps({str(turn.pk): [turn.content["answer"], turn.content.get("gone")] for turn in Turn.objects.all()}))
"""


def read_there(database: str, folder: Path) -> dict:
    done = elsewhere(database, folder, "-c", READ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_backup_is_restored_verified_and_read_and_the_erased_stay_erased(api, second, places):
    kept, gone = ask(api, "[[say:Kept.]]", "ben"), ask(api, f"[[say:{WORD}.]]", "anna")
    alone = ask(api, f"[[say:{WORD}, too.]]")
    sequence_all(places)
    call_command("backup", str(places / "backup"))
    assert WORD.encode() not in (places / "backup" / "database.dump").read_bytes()
    assert (places / "backup" / "database.dump").stat().st_mode & 0o077 == 0
    order = erase_user(Deployment.objects.get(), "anna", ("account", "7"))
    assert carry_out(order.pk)
    api.delete(f"/v1/conversations/{alone['conversation']}")
    sequence_all(places)
    assert not Pending.objects.exists()
    call_command("list_erasures")
    listed = (places / "erasures.jsonl").read_text()
    assert listed.count("\n") == 3
    assert "anna" not in listed

    done = elsewhere(second, places, "manage.py", "restore", str(places / "backup"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Erased again: 1 conversations, 1 users" in done.stdout
    assert "verified: " in done.stdout
    read = read_there(second, places)
    assert read[kept["turn"]] == [[{"type": "text", "text": "Kept."}], None]
    assert read[gone["turn"]] == [[], "deleted"]
    assert read[alone["turn"]] == [[], "deleted"]
    with psycopg.connect(second) as there:
        assert there.execute("SELECT count(*) FROM conversations_datakey").fetchone() == (1,)
        named = there.execute("SELECT count(*) FROM conversations_conversation WHERE user_ref = 'anna'")
        assert named.fetchone() == (0,)


def test_a_database_that_is_not_empty_is_left_alone(api, places):
    told = ask(api, "[[say:Kept.]]")
    call_command("backup", str(places / "backup"))
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(places / "backup"))
    assert Turn.objects.get(pk=told["turn"]).content["answer"]


def test_a_damaged_backup_a_lacking_key_and_a_lacking_list_are_refused(transactional_db, settings, places):
    call_command("backup", str(places / "backup"))
    with pytest.raises(CommandError, match="cannot be made"):
        call_command("backup", str(places / "backup"))
    (places / "erasures.jsonl").unlink()
    with pytest.raises(CommandError, match="list of erasures"):
        call_command("restore", str(places / "backup"))
    without = {"without_erasures": True}
    settings.MASTER_KEYS = ["k" * 48]
    with pytest.raises(CommandError, match="not among those given"):
        call_command("restore", str(places / "backup"), **without)
    with (places / "backup" / "database.dump").open("ab") as dump:
        dump.write(b"x")
    with pytest.raises(CommandError, match="digest differs"):
        call_command("restore", str(places / "backup"), **without)
    with pytest.raises(CommandError, match="no backup"):
        call_command("restore", str(places), **without)


def test_the_list_goes_on_where_it_ended(api, places):
    for _ in range(2):
        api.delete(f"/v1/conversations/{ask(api, 'hello')['conversation']}")
        sequence_all(places)
        call_command("list_erasures")
        call_command("list_erasures")
    lines = [json.loads(line) for line in (places / "erasures.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["conversation.deleted"] * 2
    assert lines[0]["index"] < lines[1]["index"]
