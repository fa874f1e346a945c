"""A conversation as people read it: what was said, and why each turn was decided so."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects

from charter import Decision, load_charter, version_of
from conversations.explanation import Rung, ladder
from conversations.models import Turn
from conversations.models.content import keep_readable, opened_of


@dataclass(frozen=True)
class InForce:
    """A behaviour as it was in a turn, and who brought that about. `usual`: as the charter has it by itself."""

    name: str
    on: bool
    origin: str
    usual: bool


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
    """Why what was said is gone: "deleted", "expired", "not_stored" or "damaged"; "" where it is there."""
    error: str
    """The model's, where it failed."""
    behaviours: list[InForce]
    charter: str
    """The number of the version that decided; "" for one that never came with the platform."""

    @property
    def changed(self) -> int:
        """How many behaviours were not as the charter has them by itself."""
        return sum(not one.usual for one in self.behaviours)

    @property
    def own_milliseconds(self) -> int:
        return max(0, self.turn.milliseconds - self.turn.upstream_milliseconds)


def read(turns: Iterable[Turn]) -> list[ReadTurn]:
    turns = list(turns)
    prefetch_related_objects(turns, "data_key")
    return [_read(turn) for turn in turns]


def _read(turn: Turn) -> ReadTurn:
    keep_readable(turn)
    decision = Decision.from_json(turn.decision)
    version = version_of(turn.charter_digest)
    said = [(message["role"], plain(message.get("content") or ())) for message in turn.content["messages"]]
    return ReadTurn(
        turn,
        said,
        plain(turn.content["answer"]),
        decision.explanation,
        ladder(decision),
        decision.directives,
        gone=opened_of(turn).gone,
        error=opened_of(turn).error or turn.error,
        behaviours=_in_force(decision, version.number if version else ""),
        charter=version.number if version else "",
    )


def _in_force(decision: Decision, charter: str) -> list[InForce]:
    """Those that someone changed first."""
    names = {one.id: one.name for one in load_charter(charter).behaviours} if charter else {}
    shown = [
        InForce(names.get(one.id, one.id), one.on, one.origin, one.origin == "charter")
        for one in decision.effective.values()
    ]
    return sorted(shown, key=lambda one: one.usual)


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
