"""What verify_audit says of turns: each has its entry, and is what that says of it."""

from pathlib import Path

import httpx2
import pytest
from django.db import connection

from conversations.models import Turn
from tests.audit.log.log_database import tampering
from tests.audit.log.log_support import Log
from tests.conversations.limited import ask


@pytest.fixture
def log(transactional_db: None, tmp_path: Path, settings) -> Log:
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    return Log(tmp_path)


@pytest.fixture
def turn(web, key, log) -> Turn:
    ask(web, key)
    ask(web, key)
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()
    assert log.verify().ok
    return Turn.objects.first()


@pytest.mark.parametrize(
    "change",
    [
        "content = set_byte(content, 40, get_byte(content, 40) # 1)",
        "decision = decision || ' '::bytea",
        "outcome = 'decline'",
    ],
)
def test_a_turn_that_was_altered_is_named(log, turn, change):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE conversations_turn SET {change} WHERE id = %s", [turn.pk])  # noqa: S608 - constants
    (problem,) = log.verify().problems
    assert problem.kind.value == "record_altered"
    assert str(turn.pk) in problem.message


def test_a_turn_with_another_turns_entry_is_named(log, turn):
    other = Turn.objects.exclude(pk=turn.pk).get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_turn SET entry_id = %s WHERE id = %s", [other.entry_id, turn.pk])
    assert [problem.kind.value for problem in log.verify().problems] == ["record_altered"]


def test_a_turn_without_its_entry_is_named(log, turn):
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_log_entry WHERE id = %s", [turn.entry_id])
    assert {problem.kind.value for problem in log.verify().problems} == {"entry_deleted", "incomplete"}


def test_a_turn_that_was_deleted_by_its_app_is_well(log, turn, web, key):

    httpx2.delete(f"{web}/v1/conversations/{turn.conversation_id}", headers={"x-api-key": key})
    with log.appender() as appender:
        appender.drain()
    assert log.verify().ok
