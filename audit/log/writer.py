"""Writing entries, in the caller's own transaction and without a lock.

Django code calls `write`. The hot path makes rows with `entry_row` and puts many into its own statement:

    rows = [entry_row(Name.TURN_RECORDED, actor=("key", key_id), subject=("turn", turn_id), digest=digest)]
    await cursor.execute(INSERT_ENTRIES, entry_parameters(rows))

INSERT_ENTRIES is one INSERT with named placeholders (`entry_id` and so on), so it may also stand in a statement that
does more: f"WITH entries AS ({INSERT_ENTRIES}) INSERT INTO ...", with the caller's own named parameters beside these.
A trigger on the table adds the pending rows; a writer does not touch that table.
"""

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from audit.log.belonging import with_owner
from audit.log.canonical import canonical
from audit.log.envelope import DIGEST
from audit.log.names import Name

MAX_DETAIL_BYTES = 16_384

ENTRY_COLUMNS = ("id", "name", "actor_type", "actor_id", "subject_type", "subject_id", "at", "digest", "detail")
_TYPES = ("uuid", "text", "text", "text", "text", "text", "timestamptz", "text", "text")

# detail travels as text: drivers differ in how they adapt arrays of jsonb.
INSERT_ENTRIES = (
    f"INSERT INTO audit_log_entry ({', '.join(ENTRY_COLUMNS)}) "  # noqa: S608 - made of the constants above
    f"SELECT {', '.join(ENTRY_COLUMNS[:-1])}, detail::jsonb FROM unnest("
    + ", ".join(f"%(entry_{column})s::{kind}[]" for column, kind in zip(ENTRY_COLUMNS, _TYPES, strict=True))
    + f") AS new_entries ({', '.join(ENTRY_COLUMNS)})"
)


class Ref(NamedTuple):
    """Who acts or what is acted on, e.g. ("account", "42"). A plain pair serves as well."""

    type: str
    id: str


class Row(NamedTuple):
    """One entry, in the order of ENTRY_COLUMNS; `detail` is canonical JSON text."""

    id: UUID
    name: str
    actor_type: str
    actor_id: str
    subject_type: str
    subject_id: str
    at: datetime
    digest: str | None
    detail: str


def entry_row(
    name: Name,
    *,
    actor: tuple[str, Any],
    subject: tuple[str, Any],
    digest: str | bytes | None = None,
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    entry_id: UUID | None = None,
) -> Row:
    """A row for INSERT_ENTRIES. Pure but for the clock and the random part of the id.

    entry_id: one from `new_id`, where it was told to somebody before the act was done.
    actor, subject: (type, id); the id may be anything whose str() names it.
    digest: of the content's ciphertext; 32 bytes or 64 hex digits, "sha256:" before them allowed.
    detail: a small object of strings, integers, booleans, nulls, arrays and objects; never content or secrets.
    at: aware; now by default.
    Raises ValueError where one of these is something else.
    """
    if at is not None and at.tzinfo is None:
        raise ValueError("at must be aware of its time zone")
    text = "{}"
    if detail:
        encoded = canonical(dict(detail))
        if len(encoded) > MAX_DETAIL_BYTES:
            raise ValueError(f"detail of {len(encoded)} bytes is over {MAX_DETAIL_BYTES}")
        text = encoded.decode()
    return Row(
        entry_id or new_id(),
        Name(name).value,
        *_ref("actor", actor),
        *_ref("subject", subject),
        at or datetime.now(UTC),
        _hex(digest),
        text,
    )


def entry_parameters(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The named parameters of INSERT_ENTRIES for one or more rows."""
    return {
        f"entry_{column}": list(values) for column, values in zip(ENTRY_COLUMNS, zip(*rows, strict=True), strict=True)
    }


def write(
    name: Name,
    *,
    actor: tuple[str, Any],
    subject: tuple[str, Any],
    digest: str | bytes | None = None,
    detail: Mapping[str, Any] | None = None,
) -> UUID:
    """Records an act in the current Django transaction; returns the entry's id. Arguments as for `entry_row`.

    Where the subject is an operator's and `detail` does not say so, it is added: see belonging.py.
    """
    row = entry_row(name, actor=actor, subject=subject, digest=digest, detail=with_owner(subject, detail))
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ENTRIES, entry_parameters([row]))
    return row.id


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): milliseconds, then 12 bits of the rest of the clock, then 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    random = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 7 << 76 | (rest << 12) // 1_000_000 << 64 | 2 << 62 | random)


def _ref(what: str, pair: tuple[str, Any]) -> tuple[str, str]:
    kind, identity = str(pair[0]), str(pair[1])
    if not kind or not identity or "\0" in kind + identity:
        raise ValueError(f"{what} needs a type and an id, without NUL: {pair!r}")
    return kind, identity


def _hex(digest: str | bytes | None) -> str | None:
    if digest is None:
        return None
    text = digest.hex() if isinstance(digest, bytes) else digest.removeprefix("sha256:")
    if not DIGEST.fullmatch(text):
        raise ValueError("digest must be a SHA-256: 32 bytes or 64 lower-case hex digits")
    return text
