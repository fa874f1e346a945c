"""An answer given again from its record: the message as it was, or a stream's events made of it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from charter import Decision, Past
from config import database
from conversations import content
from conversations.errors import ApiError
from conversations.history import Place
from conversations.idempotency import HEADER, Answered
from conversations.sse import Event, made

_TURN = f"""
SELECT t.conversation_id, t.parent_id, t.number, t.decision, t.entry_id, coalesce(c.number, 0), {content.COLUMNS}
FROM conversations_turn t LEFT JOIN operators_configuration c ON c.id = t.configuration_id {content.FROM_JOIN}
WHERE t.id = %s
"""  # noqa: S608 - made of constants


class Recorded:
    """A turn that was answered before. `message`: its answer, without our `plumbline`."""

    def __init__(
        self, answered: Answered, row: tuple[Any, ...], found: content.Opened, envelope: dict[str, Any]
    ) -> None:
        conversation, parent, number, decision, self.receipt, self.configuration_number = row
        self.turn_id = answered.turn_id
        self.place = Place(conversation, parent, None, number, 0, [], b"", Past())
        made = found.decision(decision)
        self.decision = Decision.from_json(made)
        self.not_granted: dict[str, str] = made.get("not_granted", {})
        self.dropped: dict[str, str] = envelope["dropped"]
        # Where the deployment keeps no content, the envelope has it.
        self.message = {"content": found.said["answer"]} | envelope["message"]
        self.until = answered.expires_at


async def recorded(answered: Answered) -> Recorded:
    """Raises ApiError 409 where the turn was deleted since: it is not answered anew either."""
    async with database.pool().connection() as connection:
        row = await (await connection.execute(_TURN, (answered.turn_id,))).fetchone()
    if row is not None:
        found, envelope = content.opened(answered.turn_id, *row[6:]), _envelope(answered, *row[8:])
        if envelope is not None and found.gone in {"", "not_stored"}:
            return Recorded(answered, row[:6], found, envelope)
    told = "this request was answered, and its turn was erased since"
    raise ApiError(409, f"{HEADER}: {told}", headers={"x-should-retry": "false"})


def _envelope(answered: Answered, key_id: UUID | None, wrapped: bytes | None) -> dict[str, Any] | None:
    """None where it was erased."""
    raw = answered.envelope
    if key_id is None:  # from before content was sealed
        return orjson.loads(raw) if raw else None  # type: ignore[no-any-return]
    if not raw or wrapped is None:
        return None
    return orjson.loads(content.unseal(content.open_key(key_id, wrapped), content.ENVELOPE, answered.turn_id, raw))  # type: ignore[no-any-return]


def events(message: dict[str, Any]) -> Iterator[Event]:
    """A valid stream of the message, in the documented order."""
    usage = message.get("usage") or {}
    ending = {name: message.get(name) for name in ("stop_reason", "stop_sequence")}
    start = message | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 0}}
    yield made("message_start", message=start)
    for index, block in enumerate(message["content"]):
        yield from _block(index, block)
    yield made("message_delta", delta=ending, usage=usage)
    yield made("message_stop")


def _block(index: int, block: dict[str, Any]) -> Iterator[Event]:
    empty, deltas = _taken_apart(block)
    yield made("content_block_start", index=index, content_block=empty)
    for delta in deltas:
        yield made("content_block_delta", index=index, delta=delta)
    yield made("content_block_stop", index=index)


def _taken_apart(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it starts, and the deltas that make it whole. What is not known here starts whole."""
    kind = block.get("type")
    if kind == "text":
        empty = {name: value for name, value in block.items() if name != "citations"} | {"text": ""}
        cited = [{"type": "citations_delta", "citation": one} for one in block.get("citations") or []]
        return empty, [{"type": "text_delta", "text": block.get("text", "")}, *cited]
    if kind == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": block.get("thinking", "")}]
        if block.get("signature"):
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return block | {"thinking": "", "signature": ""}, deltas
    if isinstance(block.get("input"), dict):
        whole = orjson.dumps(block["input"]).decode()
        return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": whole}]
    return block, []
