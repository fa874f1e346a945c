"""What a review says: how grave, one line for people, and the grounds."""

from dataclasses import dataclass, field
from typing import Any

from conversations.models import Turn


@dataclass(frozen=True, slots=True)
class Found:
    """severity: 0 (nothing to see) .. 1 (a person must look now)."""

    severity: float
    summary: str
    grounds: list[dict[str, Any]] = field(default_factory=list)


def gravest(found: list[Found], otherwise: str) -> Found:
    """The gravest of several, with the grounds of all; `otherwise` says what it means that there is none."""
    if not found:
        return Found(0.0, otherwise)
    worst = max(found, key=lambda one: one.severity)
    return Found(worst.severity, worst.summary, [ground for one in found for ground in one.grounds])


def signals_of(turn: Turn) -> list[dict[str, Any]]:
    """The signals that the decision was made on, as stored: name, score, where, level, evidence."""
    return [signal for signal in turn.decision.get("signals", []) if isinstance(signal, dict)]


def answer_text(turn: Turn) -> str:
    return "\n".join(block.get("text", "") for block in turn.content["answer"] if block.get("type") == "text")
