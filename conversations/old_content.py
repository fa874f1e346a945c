"""Content from before it was sealed: sealed where it lies, a stretch at a time, while turns go on."""

from typing import Any

import orjson
from django.db import connection, transaction

from conversations import content, prefix
from conversations.batches import sealed
from conversations.content import ContentKey, new_key, open_key
from conversations.keyring import owner_batch, owner_conversation, owner_user
from conversations.models import DataKey
from operators.data_rules import DataRules, secret_of

AT_ONCE = 100

_TURNS = """
SELECT t.id, t.deployment_id, t.conversation_id, c.user_ref, t.content, t.decision, t.error, t.prefix
FROM conversations_turn t JOIN conversations_conversation c ON c.id = t.conversation_id
WHERE t.data_key_id IS NULL AND t.gone = '' ORDER BY t.id LIMIT %s FOR NO KEY UPDATE OF t SKIP LOCKED
"""
_SEAL_TURN = """
UPDATE conversations_turn SET content = %s, decision = %s, error = %s, prefix = %s, data_key_id = %s WHERE id = %s
"""
_TOMBSTONE = "UPDATE conversations_turn SET content = '', gone = 'deleted' WHERE id = %s"
_ITEMS = """
SELECT i.id, b.deployment_id, i.batch_id, i.number, i.params, i.result
FROM conversations_batchitem i JOIN conversations_batch b ON b.id = i.batch_id
WHERE i.data_key_id IS NULL AND i.claim IS NULL AND (octet_length(i.params) > 0 OR octet_length(i.result) > 0)
ORDER BY i.id LIMIT %s FOR UPDATE OF i SKIP LOCKED
"""
_SEAL_ITEM = "UPDATE conversations_batchitem SET params = %s, result = %s, data_key_id = %s WHERE id = %s"
_registered: dict[str, str] = {}


def register_quotes(name: str, sql: str) -> None:
    """For apps above that kept texts of their own in the open: `sql` takes what quotes out of them, once and again."""
    _registered[name] = sql


def seal_turns() -> int:
    """One stretch in one transaction; returns how many turns it sealed. Raises SealError."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TURNS, (AT_ONCE,))
        rows = cursor.fetchall()
        keys: dict[bytes, ContentKey] = {}
        for row in rows:
            _seal_turn(cursor, keys, *row)
    return len(rows)


def _seal_turn(cursor: Any, keys: dict[bytes, ContentKey], *row: Any) -> None:
    turn, deployment, conversation, user_ref, raw, decision, error, digest = row
    said = orjson.loads(bytes(raw))
    if said.get("deleted"):
        cursor.execute(_TOMBSTONE, (turn,))
        return
    rules = DataRules(secret_of(deployment))
    owner = owner_user(rules, user_ref) if user_ref else owner_conversation(rules, conversation)
    key = _key(keys, deployment, owner)
    made = orjson.loads(bytes(decision))
    words = content.quoted(made)
    # What a model said of its failure may quote.
    short, quoting, _ = error.partition(":")
    plain = content.payload(said, words, error if quoting else "", bytes(digest))
    stored = content.seal(key.cipher, content.TURN, turn, plain)
    values = (stored, orjson.dumps(made), short, prefix.stored(rules, bytes(digest)), key.id, turn)
    cursor.execute(_SEAL_TURN, values)


def seal_items() -> int:
    """As `seal_turns`, of batches' requests and results, each under its batch's key."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ITEMS, (AT_ONCE,))
        rows = cursor.fetchall()
        keys: dict[bytes, ContentKey] = {}
        for item, deployment, batch, number, params, result in rows:
            key = _key(keys, deployment, owner_batch(DataRules(secret_of(deployment)), batch))
            asked, answered = bytes(params), bytes(result or b"")
            values = (
                content.seal(key.cipher, content.PARAMS, sealed.row(batch, number), asked) if asked else b"",
                sealed.sealed_result(key.cipher, batch, number, answered) if answered else result,
                key.id,
                item,
            )
            cursor.execute(_SEAL_ITEM, values)
    return len(rows)


def take_out_quotes() -> int:
    """Out of what other apps keep; returns how many rows quote no more. The words lie sealed with their turns."""
    with connection.cursor() as cursor:
        return sum(cursor.execute(sql).rowcount for sql in _registered.values())


def _key(keys: dict[bytes, ContentKey], deployment: Any, owner: bytes) -> ContentKey:
    if owner not in keys:
        row = DataKey.objects.filter(owner=owner).order_by("id").first()
        if row is not None:
            keys[owner] = ContentKey(row.pk, owner, open_key(row.pk, row.wrapped))
        else:
            made = keys[owner] = new_key(owner)
            DataKey.objects.create(id=made.id, deployment_id=deployment, owner=owner, wrapped=made.wrapped)
    return keys[owner]
