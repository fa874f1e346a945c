"""The list of erasures, kept outside of the database: what was erased stays erased when an older backup is restored.

One line of JSON an erasure, in the order of the audit log. It names conversations by id and users by the keyed digest
that their keys go by, so it tells nobody who was erased. Keep it apart from backups: only what is newer than a backup
matters to it.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.conf import settings
from django.db import connection

from audit.log.writer import Ref
from config import loops
from config.database import conninfo
from conversations.erasure import erase
from conversations.keyring import owner_user
from conversations.models import Conversation, Erasure, UserAdjustments
from conversations.user_erasure import carry_out, destroy_user
from operators.data_rules import DataRules, secret_of
from operators.models import Deployment

US = Ref("platform", "restore")

_NEXT = """
SELECT l.index, e.name, e.subject_id, e.at, e.detail::text
FROM audit_log_leaf l JOIN audit_log_entry e ON e.id = l.entry_id
WHERE l.index > %s AND e.name IN ('conversation.deleted', 'erasure.requested') ORDER BY l.index
"""
_SIZE = "SELECT coalesce(max(index), -1) FROM audit_log_leaf"


def list_path() -> Path:
    return Path(settings.ERASURES_FILE)


def append_new() -> int:
    """Adds what the log has since the last line; returns how many. Several may run: they wait for each other."""
    path = list_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = [line for line in file.read().splitlines() if line]
        last = orjson.loads(lines[-1])["index"] if lines else -1
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, (last,))
            rows = cursor.fetchall()
        file.seek(0, os.SEEK_END)
        _write(file, [_line(*row) for row in rows])
    return len(rows)


def mark_restored() -> None:
    """The log is another from here on: what is listed next begins after its present end."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZE)
        size = cursor.fetchone()[0]
    with os.fdopen(os.open(list_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _write(file, [{"index": size, "name": "restored"}])


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Raises OSError, orjson.JSONDecodeError."""
    for line in path.read_bytes().splitlines():
        if line:
            yield orjson.loads(line)


def replay(path: Path) -> tuple[int, int]:
    """Erases again whatever the list names; returns how many conversations and users it found still there."""
    users: dict[UUID, dict[str, str]] = {}
    conversations = erased = 0
    for line in read(path):
        if line["name"] == "restored" or not Deployment.objects.filter(pk=line["deployment"]).exists():
            continue
        deployment = UUID(line["deployment"])
        if line["name"] == "conversation.deleted":
            conversations += loops.run(_erase_again(deployment, UUID(line["id"])))
        else:
            erased += _erase_user_again(deployment, line, users.setdefault(deployment, {}))
    return conversations, erased


async def _erase_again(deployment: UUID, conversation: UUID) -> bool:
    async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as own, own.transaction():
        return await erase(own, US, deployment, conversation)


def _erase_user_again(deployment: UUID, line: Mapping[str, Any], known: dict[str, str]) -> bool:
    order = Erasure.objects.filter(pk=line["id"]).first()
    if order is not None:
        return order.done_at is None and carry_out(order.pk)
    if not known:
        rules = DataRules(secret_of(deployment))
        for kept in (Conversation, UserAdjustments):
            found = kept.objects.filter(deployment=deployment).exclude(user_ref="").order_by()
            users = found.values_list("user_ref", flat=True).distinct()
            known |= {owner_user(rules, user).hex(): user for user in users.iterator()}
    user = known.get(line["user"])
    if user is None:
        return False
    at = datetime.fromisoformat(line["at"])
    return carry_out(destroy_user(deployment, user, requested_by="platform restore", at=at).pk)


def _line(index: int, name: str, subject: str, at: datetime, detail: str) -> dict[str, Any]:
    told = orjson.loads(detail)
    line = {"index": index, "name": name, "id": subject, "deployment": told["deployment"], "at": at.isoformat()}
    return line | ({"user": told["user"]} if "user" in told else {})


def _write(file: Any, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        file.write(orjson.dumps(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())
