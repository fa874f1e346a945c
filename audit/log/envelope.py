"""An entry as it is hashed: the same bytes whether made before the row is written or recomputed from the row."""

import json
import re
from collections.abc import Sequence
from typing import Any

from audit.log.canonical import NotCanonical, canonical
from audit.log.tree import leaf_hash

# PostgreSQL renders time and detail itself, so that no value in a row, however odd, can fail to load. The time is
# RFC 3339 in UTC with all six digits that a row keeps; to_char leaves out that a year is before Christ.
COLUMNS = """entry.id::text, entry.name, entry.actor_type, entry.actor_id, entry.subject_type, entry.subject_id,
 to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
 || CASE WHEN entry.at < '0001-01-01Z' THEN ' BC' ELSE '' END, entry.digest, entry.detail::text"""

DIGEST = re.compile(r"[0-9a-f]{64}")


def from_row(row: Sequence[Any]) -> dict[str, Any]:
    """The envelope of a row selected as COLUMNS. Raises NotCanonical where detail cannot be canonical JSON."""
    entry_id, name, actor_type, actor_id, subject_type, subject_id, at, digest, detail = row
    try:
        parsed = {} if detail == "{}" else json.loads(detail)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("detail cannot be read") from error
    if not isinstance(parsed, dict):
        raise NotCanonical("detail is not an object")
    return {
        "actor": {"id": actor_id, "type": actor_type},
        "at": at,
        "detail": parsed,
        "digest": digest,
        "id": entry_id,
        "name": name,
        "subject": {"id": subject_id, "type": subject_type},
    }


def hash_of(content: dict[str, Any]) -> bytes:
    """The RFC 9162 leaf hash of an envelope. Raises NotCanonical."""
    return leaf_hash(canonical(content))


def pending_hash(exists: bool, leaf_index: int | None, row: Sequence[Any]) -> bytes:
    """The leaf hash of a pending entry, selected as COLUMNS. Raises NotCanonical where it cannot be sequenced."""
    if not exists:
        raise NotCanonical("it is pending, but there is no such entry")
    if leaf_index is not None:
        raise NotCanonical(f"it is pending, but has leaf {leaf_index} already")
    return hash_of(from_row(row))
