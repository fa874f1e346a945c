"""What the log tells about itself: the proof that an entry is in it, and how far the tree is behind the writers."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from audit.log import tree
from audit.log.envelope import COLUMNS, from_row
from audit.log.store import with_hashes

ENTRY = f"""
SELECT leaf.index, {COLUMNS}
FROM audit_log_entry AS entry LEFT JOIN audit_log_leaf AS leaf ON leaf.entry_id = entry.id
WHERE entry.id = %s"""  # noqa: S608 - made of constants
NEWEST = "SELECT tree_size, note FROM audit_log_checkpoint ORDER BY tree_size DESC LIMIT 1"
LAG = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(entry.at)), 0)::float8
FROM audit_log_pending AS pending LEFT JOIN audit_log_entry AS entry ON entry.id = pending.entry_id"""


@dataclass(frozen=True)
class Lag:
    pending: int
    oldest_seconds: float  # age of the oldest pending entry, 0 where there is none


def lag() -> Lag:
    """How far the sequencer is behind. Grows without bound when none runs: alarm on it."""
    with connection.cursor() as cursor:
        cursor.execute(LAG)
        pending, seconds = cursor.fetchone()
    return Lag(pending, max(0.0, seconds))


def receipt(entry_id: UUID) -> dict[str, Any] | None:
    """The proof that an entry is in the log, as JSON-ready data; None where there is no such entry.

    `{"status": "included", "entry", "leaf_index", "inclusion_proof", "checkpoint"}`: hashing `entry` as canonical
    JSON gives the leaf, the proof (base64, leaf upwards) leads from it to the root in the signed note `checkpoint`.
    Until a checkpoint covers it, a second or two: `{"status": "pending", "entry"}`.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENTRY, [entry_id])
        row = cursor.fetchone()
        if row is None:
            return None
        index, *fields = row
        entry = from_row(fields)
        cursor.execute(NEWEST)
        size, note = cursor.fetchone() or (0, "")
        if index is None or index >= size:
            return {"status": "pending", "entry": entry}
        proof = with_hashes(cursor, lambda node: tree.inclusion_proof(index, size, node))
    return {
        "status": "included",
        "entry": entry,
        "leaf_index": index,
        "inclusion_proof": [base64.b64encode(step).decode() for step in proof],
        "checkpoint": note,
    }
