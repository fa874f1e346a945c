"""Content at rest: AES-256-GCM under its user's key, bound to the row and column it lies in.

A turn's content is {"system", "messages", "answer"} with everything else that quotes: the decision's evidence, the
model's error, the digest by which the conversation goes on. Nothing that quotes lies anywhere in the open.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.log.writer import new_id
from charter import Decision
from config.sealing import SealError, seal_bytes, unseal_bytes

NONCE_BYTES = 12
VERSION = b"\x01"
GONE = ("deleted", "expired", "not_stored")
"""Why a turn has no content: it was erased, its time was over, or it was never kept."""

TURN = "conversations_turn.content"
ENVELOPE = "conversations_idempotencykey.envelope"
PARAMS = "conversations_batchitem.params"
RESULT = "conversations_batchitem.result"

COLUMNS = "t.content, t.gone, t.data_key_id, dk.wrapped"
"""Of a turn, in the order that `opened` takes them after its id; FROM_JOIN goes with them."""
FROM_JOIN = "LEFT JOIN conversations_datakey dk ON dk.id = t.data_key_id"


class ContentError(Exception):
    """It cannot be opened: another key, another row, or damage. The text holds no content."""


@dataclass(frozen=True, slots=True)
class ContentKey:
    """A data key at hand. `wrapped` is empty once its row is known to be committed; before, it goes with a record."""

    id: UUID
    owner: bytes
    cipher: AESGCM
    wrapped: bytes = b""


def new_key(owner: bytes) -> ContentKey:
    """Raises SealError without a master key."""
    key_id, raw = new_id(), AESGCM.generate_key(256)
    return ContentKey(key_id, owner, AESGCM(raw), seal_bytes(raw, key_context(key_id)))


def open_key(key_id: UUID, wrapped: bytes) -> AESGCM:
    """Raises SealError."""
    return AESGCM(unseal_bytes(bytes(wrapped), key_context(key_id)))


def key_context(key_id: UUID) -> str:
    """What a wrapped key is bound to."""
    return f"data key {key_id}"


def seal(cipher: AESGCM, column: str, row: object, plain: bytes) -> bytes:
    """column: one of those above; row: what tells the row from all others of its table."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + cipher.encrypt(nonce, plain, _bound(column, row))


def unseal(cipher: AESGCM, column: str, row: object, sealed: bytes) -> bytes:
    """Raises ContentError."""
    if sealed[:1] != VERSION:
        raise ContentError("it is of no known form")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, _bound(column, row))
    except (InvalidTag, ValueError):
        raise ContentError(f"{column} of {row} cannot be opened") from None


def _bound(column: str, row: object) -> bytes:
    return f"{column} {row}".encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """A turn's content as plain JSON values. `said`: {"system", "messages", "answer"}; `gone`: why there is none."""

    said: dict[str, Any]
    words: dict[str, Any]
    """The decision's quotations (`quoted`)."""
    gone: str = ""
    error: str = ""
    prefix: bytes = b""

    def decision(self, stored: bytes | dict[str, Any]) -> dict[str, Any]:
        """The decision with what it quotes."""
        made = stored if isinstance(stored, dict) else orjson.loads(bytes(stored))
        return with_words(made, self.words) if self.words else made


def opened(turn_id: UUID, content: bytes, gone: str, key_id: UUID | None, wrapped: bytes | None) -> Opened:
    """Where there is no content, or its key was destroyed, `gone` says so. Raises ContentError, SealError."""
    raw = bytes(content)
    if not raw:
        return nothing(gone)
    if key_id is None:  # from before content was sealed; `manage.py seal_content` leaves none of these
        held = orjson.loads(raw)
        return nothing("deleted") if held.get("deleted") else Opened(held, {})
    if wrapped is None:
        return nothing("deleted")
    held = orjson.loads(unseal(open_key(key_id, wrapped), TURN, turn_id, raw))
    said = {name: held[name] for name in ("system", "messages", "answer")}
    return Opened(said, held["words"], error=held["error"], prefix=bytes.fromhex(held["prefix"]))


def nothing(gone: str) -> Opened:
    why = gone or "deleted"
    return Opened({"system": "", "messages": [], "answer": [], "deleted": True, "gone": why}, {}, gone=why)


def payload(said: dict[str, Any], words: dict[str, Any], error: str, prefix: bytes) -> bytes:
    """What `opened` gives back, to be sealed."""
    return orjson.dumps({**said, "words": words, "error": error, "prefix": prefix.hex()})


def quoted(made: dict[str, Any]) -> dict[str, Any]:
    """Takes everything that quotes out of a decision's JSON, which is changed, and returns it."""
    words: dict[str, Any] = {"evidence": [one.get("evidence") or "" for one in _weighed(made)]}
    for one in _weighed(made):
        one["evidence"] = ""
    for name in ("not_granted", "system_digest"):
        if name in made:
            words[name] = made.pop(name)
    if (made.get("judgment") or {}).get("reason"):
        words["reason"], words["explanation"] = made["judgment"]["reason"], made["explanation"]
        made["judgment"]["reason"] = ""
        made["explanation"] = Decision.from_json(made).explanation
    return words


def with_words(made: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `quoted`."""
    whole: dict[str, Any] = orjson.loads(orjson.dumps(made))
    for one, evidence in zip(_weighed(whole), words.get("evidence", ()), strict=False):
        one["evidence"] = evidence
    for name in ("not_granted", "system_digest", "explanation"):
        if name in words:
            whole[name] = words[name]
    if "reason" in words:
        whole["judgment"]["reason"] = words["reason"]
    return whole


def _weighed(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = (made.get("winner"), *made.get("overruled", ()), *made.get("heeded", ()))
    yield from (one for one in (*parts, *made.get("signals", ()), made.get("guard")) if one)


__all__ = ["ContentError", "ContentKey", "Opened", "SealError", "opened", "seal", "unseal"]
