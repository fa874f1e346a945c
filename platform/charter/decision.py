"""What comes out of weighing a turn: a decision that explains itself and survives a round trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from charter.behaviours import EffectiveBehaviour
from charter.document import Outcome
from charter.situation import Judgment

TIER_NAMES: Final = {1: "safety and human oversight", 2: "ethics and honesty", 3: "guidelines", 4: "helpfulness"}
OUTCOME_WORDS: Final[dict[Outcome, str]] = {
    "answer": "The message is answered",
    "redirect": "The message is turned away as something this deployment does not do",
    "decline": "The request is declined",
    "end": "The conversation is closed",
}


@dataclass(frozen=True, slots=True)
class Concern:
    """A reason that speaks for an outcome.

    source: id of the charter's rule; signal: what raised it, "" for the past; severity: 0..1 within its tier.
    A binding concern objects to other outcomes; any other only asks that an answer follows its directive.
    """

    tier: int
    outcome: Outcome
    severity: float
    reason: str
    source: str
    evidence: str = ""
    signal: str = ""
    directive: str = ""
    binding: bool = False
    flag: bool = False

    @property
    def rank(self) -> tuple[int, float, str, str, str]:
        """Sorts the weightiest first; the rest only makes ties the same every time."""
        return (self.tier, -self.severity, self.source, self.signal, self.evidence)


@dataclass(frozen=True)
class Decision:
    """`overruled` objected to this outcome and lost; `heeded` speaks for it or is met by its directives.

    tier: 1..4, the winner's, or 4 for a plain answer. flags: why a person should look at the turn, short.
    """

    outcome: Outcome
    tier: int
    winner: Concern | None
    overruled: tuple[Concern, ...]
    heeded: tuple[Concern, ...]
    directives: tuple[str, ...]
    flags: tuple[str, ...]
    effective: Mapping[str, EffectiveBehaviour] = field(default_factory=dict)
    charter_digest: str = ""
    judgment: Judgment | None = None
    """What a judge was asked of this turn, and said."""

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """All that was weighed: the winner first, then what it overruled, then what else was heeded."""
        return (*((self.winner,) if self.winner else ()), *self.overruled, *self.heeded)

    @property
    def explanation(self) -> str:
        """Plain sentences: what was decided, by which concern and tier, and what had to stand back."""
        judged = [self.judgment.explanation] if self.judgment else []
        if self.winner is None:
            return " ".join([f"{OUTCOME_WORDS[self.outcome]}: nothing speaks against it.", *judged])
        sentences = [
            f"{OUTCOME_WORDS[self.outcome]}. What decided is {_named(self.winner)}: {self.winner.reason}",
            *(f"It outweighed {_named(concern)}: {concern.reason}" for concern in self.overruled),
            *(
                f"Also heeded is {_named(concern)}: {concern.reason}"
                if concern.outcome == self.outcome
                else f"Also weighed was {_named(concern)}, which asked for care in an answer."
                for concern in self.heeded
            ),
            *judged,
        ]
        return " ".join(sentences)

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings, numbers and booleans."""
        return {
            "outcome": self.outcome,
            "tier": self.tier,
            "winner": _plain(self.winner) if self.winner else None,
            "overruled": [_plain(concern) for concern in self.overruled],
            "heeded": [_plain(concern) for concern in self.heeded],
            "directives": list(self.directives),
            "flags": list(self.flags),
            "effective": {name: _plain(behaviour) for name, behaviour in self.effective.items()},
            "charter_digest": self.charter_digest,
            "judgment": self.judgment.to_json() if self.judgment else None,
            "explanation": self.explanation,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        """The inverse of `to_json`; other keys are ignored. Raises KeyError or TypeError for other data."""
        return cls(
            outcome=data["outcome"],
            tier=data["tier"],
            winner=Concern(**data["winner"]) if data["winner"] else None,
            overruled=tuple(Concern(**concern) for concern in data["overruled"]),
            heeded=tuple(Concern(**concern) for concern in data["heeded"]),
            directives=tuple(data["directives"]),
            flags=tuple(data["flags"]),
            effective={name: EffectiveBehaviour(**entry) for name, entry in data["effective"].items()},
            charter_digest=data["charter_digest"],
            judgment=Judgment.from_json(data["judgment"]) if data.get("judgment") else None,
        )


def _plain(value: Concern | EffectiveBehaviour) -> dict[str, Any]:
    """`asdict` copies deeply and costs a hot path four times as much; these hold nothing nested."""
    return {name: getattr(value, name) for name in value.__slots__}


def _named(concern: Concern) -> str:
    return f"“{concern.source}” of tier {concern.tier}, {TIER_NAMES[concern.tier]}"
