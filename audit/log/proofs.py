"""What the log tells and proves of itself: that an entry is in it, that a tree continues an older one, who signs.

Each is a generator that yields a query with its parameters and is sent the rows, so that pages (Django's connection)
and the API (psycopg's async pool) read in the same words: `run` and `run_async` drive it. The tables only grow, so the
queries of one proof need no common snapshot.
"""

import base64
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from psycopg import AsyncConnection

from audit.log import tree
from audit.log.envelope import COLUMNS, from_row
from audit.log.keys import log_origin
from audit.log.store import READ_HASHES, arranged, asked_places, hash_parameters
from audit.log.tree import NodeReader

T = TypeVar("T")
Signed = tuple[int, str]
"""A checkpoint's number of leaves, and its note."""
Query = tuple[str, Sequence[Any]]
Steps = Generator[Query, list[tuple[Any, ...]], T]

ENTRY = f"""
SELECT leaf.index, {COLUMNS}
FROM audit_log_entry AS entry LEFT JOIN audit_log_leaf AS leaf ON leaf.entry_id = entry.id
WHERE entry.id = ANY(%s::uuid[])"""  # noqa: S608 - made of constants
NEWEST = "SELECT tree_size, note FROM audit_log_checkpoint ORDER BY tree_size DESC LIMIT 1"
KEYS = "SELECT vkey FROM audit_log_verifierkey ORDER BY id DESC"


class NotSignedYetError(ValueError):
    """What was asked for lies beyond the newest checkpoint."""


def run(steps: Steps[T]) -> T:
    """The result of steps, read through Django's connection."""
    with connection.cursor() as cursor:
        try:
            query = next(steps)
            while True:
                cursor.execute(*query)
                query = steps.send(cursor.fetchall())
        except StopIteration as done:
            result: T = done.value
            return result


async def run_async(steps: Steps[T], using: AsyncConnection[Any]) -> T:
    """The result of steps, read through a connection of the API's pool."""
    try:
        query = next(steps)
        while True:
            cursor = await using.execute(*query)  # type: ignore[call-overload] # text made of constants
            query = steps.send(await cursor.fetchall())
    except StopIteration as done:
        result: T = done.value
        return result


def receipt(entry_id: UUID) -> Steps[dict[str, Any] | None]:
    """The proof that an entry is in the log, as JSON-ready data; None where there is no such entry.

    `{"type": "receipt", "id", "status": "included", "entry", "decision", "leaf_index", "inclusion_proof",
    "checkpoint"}`: hashing `entry` as canonical JSON gives the leaf, the proof (base64, leaf upwards) leads from it to
    the root in the signed note `checkpoint`. Until a checkpoint covers it, a second or two, `status` is `pending` and
    the last three are None. `decision` repeats the digest in the entry of a turn's decision; None for other entries.
    """
    made = yield from receipts([entry_id])
    return made[0] if made else None


def receipts(entry_ids: Sequence[UUID], under: Signed | None = None) -> Steps[list[dict[str, Any]]]:
    """The receipts of several entries, all under one checkpoint, in the order asked; those that are not there left out.

    At most some hundreds at once: each reads a logarithmic number of hashes, all in one query.
    under: an older checkpoint; the newest by default.
    """
    rows = yield ENTRY, [list(entry_ids)]
    size, note = under or (yield from newest_signed())
    found = {str(row[1]): (row[0], from_row(row[1:])) for row in rows}
    indexes = [index for index, _ in found.values() if index is not None and index < size]
    proofs = yield from _hashed(
        lambda node: {index: [_base64(step) for step in tree.inclusion_proof(index, size, node)] for index in indexes}
    )
    return [
        _receipt(entry, index, proofs.get(index), note)
        for index, entry in (found[str(wanted)] for wanted in entry_ids if str(wanted) in found)
    ]


def envelopes(entry_ids: Sequence[UUID]) -> Steps[list[dict[str, Any]]]:
    """Entries as they are hashed, without proofs, in the order asked; those that are not there left out."""
    rows = yield ENTRY, [list(entry_ids)]
    found = {str(row[1]): from_row(row[1:]) for row in rows}
    return [found[str(wanted)] for wanted in entry_ids if str(wanted) in found]


def newest_signed() -> Steps[Signed]:
    """0 and an empty note where nothing is signed."""
    newest = yield NEWEST, []
    return newest[0] if newest else (0, "")  # type: ignore[return-value] # as NEWEST selects


def _receipt(entry: dict[str, Any], index: int | None, proof: list[str] | None, note: str) -> dict[str, Any]:
    decision = entry["detail"].get("decision")
    included = proof is not None
    return {
        "type": "receipt",
        "id": entry["id"],
        "status": "included" if included else "pending",
        "entry": entry,
        "decision": f"sha256:{decision}" if decision else None,
        "leaf_index": index if included else None,
        "inclusion_proof": proof,
        "checkpoint": note if included else None,
    }


def log_now() -> Steps[dict[str, Any]]:
    """`{"type": "log", "origin", "keys", "checkpoint"}`: verifier keys, the newest first; the newest signed note."""
    keys = yield KEYS, []
    _size, note = yield from newest_signed()
    return {
        "type": "log",
        "origin": log_origin(),
        "keys": [vkey for (vkey,) in keys],
        "checkpoint": note or None,
    }


def consistency(old: int) -> Steps[dict[str, Any]]:
    """`{"type": "consistency", "from", "to", "proof", "checkpoint"}`: that the newest signed tree begins with the first
    `old` leaves. Raises NotSignedYetError where fewer are signed; `old` is at least 1."""
    size, note = yield from newest_signed()
    if old > size:
        raise NotSignedYetError(f"{size} entries are signed, not {old}")
    proof = yield from _hashed(lambda node: tree.consistency_proof(old, size, node))
    return {
        "type": "consistency",
        "from": old,
        "to": size,
        "proof": [_base64(step) for step in proof],
        "checkpoint": note,
    }


def _hashed(compute: Callable[[NodeReader], T]) -> Steps[T]:
    places = asked_places(compute)
    if not places:
        return compute(_no_hash)
    rows = yield READ_HASHES, hash_parameters(places)
    found = arranged(rows, places)
    return compute(lambda level, index: found[level, index])


def _no_hash(level: int, index: int) -> bytes:
    raise AssertionError(f"nothing was to be read, and {level}/{index} is")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
