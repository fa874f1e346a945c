"""Retention: what was said is kept for so many days and no longer, deployment by deployment.

By turn: of a conversation that goes on for months only the last days can be read. Once all of a conversation is over,
its user's id goes too, and with the last of a user the user's key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from conversations.keyring import owner_conversation, owner_user
from conversations.models import RetentionRun, Turn
from conversations.old_content import seal_turns
from operators.data_rules import DataRules, secret_of
from operators.models import DataSettings

AT_ONCE = 200
_registered: dict[str, str] = {}

_TURNS = """
WITH old AS (
    SELECT id FROM conversations_turn WHERE deployment_id = %(deployment)s AND started_at < %(until)s AND gone = ''
    ORDER BY started_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE conversations_turn t SET content = '', gone = 'expired', data_key_id = NULL, prefix = '', error = ''
FROM old WHERE t.id = old.id RETURNING t.id, t.conversation_id
"""
_FORGET = (
    "UPDATE conversations_batchitem SET result = '' WHERE turn_id = ANY(%(turns)s) AND result IS NOT NULL",
    "UPDATE conversations_idempotencykey SET envelope = '', body_digest = '' WHERE turn_id = ANY(%(turns)s)",
    "UPDATE conversations_job SET error = '' WHERE turn_id = ANY(%(turns)s) AND error <> ''",
)
_CONVERSATIONS = """
WITH over AS (
    SELECT c.id, c.user_ref FROM conversations_conversation c
    WHERE c.id = ANY(%(conversations)s) AND c.last_turn_at < %(until)s
      AND NOT EXISTS (SELECT FROM conversations_turn t WHERE t.conversation_id = c.id AND t.gone = '')
    ORDER BY c.id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE conversations_conversation c SET user_ref = '' FROM over WHERE c.id = over.id RETURNING c.id, over.user_ref
"""
_LEFT = "SELECT EXISTS (SELECT FROM conversations_conversation WHERE deployment_id = %s AND user_ref = %s)"
_WAITING = """
SELECT EXISTS (SELECT FROM conversations_batchitem i JOIN conversations_datakey k ON k.id = i.data_key_id
               WHERE k.owner = %s AND (octet_length(i.params) > 0 OR octet_length(i.result) > 0))
"""
# One that a turn holds just now is in use again.
_KEY = """
DELETE FROM conversations_datakey WHERE id IN (
    SELECT id FROM conversations_datakey WHERE owner = %s AND created_at < %s FOR UPDATE SKIP LOCKED)
"""


@dataclass
class Removed:
    turns: int = 0
    conversations: int = 0
    keys: int = 0


def register_expiry(name: str, sql: str) -> None:
    """As `register_erasure`, for what goes when a turn's content does: `sql` has the parameter %(turns)s."""
    _registered[name] = sql


def apply_retention(now: datetime | None = None) -> list[RetentionRun]:
    """One run over each deployment that keeps content for a time; those that removed something are returned."""
    at = now or timezone.now()
    while seal_turns():  # from before content was sealed: their decisions quote in the open
        pass
    limited = DataSettings.objects.exclude(retention_days=None).values_list("deployment_id", "retention_days")
    return [run for one, days in limited.order_by("deployment_id") if (run := _apply(one, days, at)) is not None]


def _apply(deployment: UUID, days: int, at: datetime) -> RetentionRun | None:
    """A stretch a transaction: cut off, what was removed stays so, and the next run goes on."""
    until, rules = at - timedelta(days=days), DataRules(secret_of(deployment))
    run: RetentionRun | None = None
    while True:
        with transaction.atomic():
            removed = _stretch(deployment, rules, until)
            if not removed.turns:
                break
            run = run or RetentionRun(deployment_id=deployment, days=days, started_at=at)
            run.turns += removed.turns
            run.conversations += removed.conversations
            run.keys += removed.keys
            run.save()
    if run is not None:
        _end(run)
    return run


def _stretch(deployment: UUID, rules: DataRules, until: datetime) -> Removed:
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, {"deployment": deployment, "until": until, "limit": AT_ONCE})
        rows = cursor.fetchall()
        turns = {"turns": [turn for turn, _ in rows]}
        for sql in (*_FORGET, *_registered.values()) if rows else ():
            cursor.execute(sql, turns)
        cursor.execute(_CONVERSATIONS, {"conversations": [one for _, one in rows], "until": until})
        over = cursor.fetchall()
        keys = _destroy_keys(cursor, deployment, rules, over, until)
    return Removed(len(rows), len(over), keys)


def _destroy_keys(cursor: Any, deployment: UUID, rules: DataRules, over: Iterable[Any], until: datetime) -> int:
    """Of conversations and users of whom nothing is left. A user who came back meanwhile has a key that is younger."""
    destroyed = 0
    for conversation, user_ref in over:
        owner = owner_user(rules, user_ref) if user_ref else owner_conversation(rules, conversation)
        if user_ref and _holds(cursor, _LEFT, deployment, user_ref):
            continue
        if _holds(cursor, _WAITING, owner):
            continue
        cursor.execute(_KEY, (owner, until))
        destroyed += cursor.rowcount
    return destroyed


def _holds(cursor: Any, question: str, *values: Any) -> bool:
    cursor.execute(question, values)
    return bool(cursor.fetchone()[0])


def _end(run: RetentionRun) -> None:
    oldest = Turn.objects.filter(deployment=run.deployment_id, gone="").order_by("started_at")
    with transaction.atomic():
        run.oldest_kept = oldest.values_list("started_at", flat=True).first()
        run.ended_at = timezone.now()
        run.save()
        write(
            Name.RETENTION_APPLIED,
            actor=("platform", "retention"),
            subject=("deployment", run.deployment_id),
            detail={"days": run.days, "turns": run.turns, "conversations": run.conversations, "keys": run.keys},
        )
