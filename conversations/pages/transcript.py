"""A conversation as people read it: what was said, and why each turn was decided so."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects

from charter import Decision, version_of
from conversations.explanation import Rung, ladder
from conversations.models import Turn
from conversations.models.content import opened_of


@dataclass(frozen=True)
class ReadTurn:
    turn: Turn
    said: list[tuple[str, str]]
    """(speaker, text) of the messages that this turn added."""
    answer: str
    explanation: str
    ladder: list[Rung]
    directives: tuple[str, ...]
    gone: str
    """Why what was said is gone: "deleted", "expired" or "not_stored"; "" where it is there."""
    error: str
    """The model's, where it failed."""
    charter: str
    """The number of the version that decided; "" for one that never came with the platform."""


def read(turns: Iterable[Turn]) -> list[ReadTurn]:
    turns = list(turns)
    prefetch_related_objects(turns, "data_key")
    return [_read(turn) for turn in turns]


def _read(turn: Turn) -> ReadTurn:
    decision = Decision.from_json(turn.decision)
    said = [(message["role"], plain(message.get("content") or ())) for message in turn.content["messages"]]
    version = version_of(turn.charter_digest)
    return ReadTurn(
        turn,
        said,
        plain(turn.content["answer"]),
        decision.explanation,
        ladder(decision),
        decision.directives,
        gone=opened_of(turn).gone,
        error=opened_of(turn).error or turn.error,
        charter=version.number if version else "",
    )


def plain(content: Any) -> str:
    """A message's content as text; other blocks are named in brackets."""
    if isinstance(content, str):
        return content
    return "\n".join(_block(block) for block in content)


def _block(block: dict[str, Any]) -> str:
    kind = block.get("type", "")
    if kind == "text":
        return str(block.get("text", ""))
    if kind == "tool_use":
        return f"[asks the tool {block.get('name')}]"
    if kind == "tool_result":
        return f"[a tool's result: {plain(block.get('content') or '')}]"
    return f"[{kind}]"
