"""What of a decision is compared, and shown: no evidence, which quotes what was said."""

from dataclasses import asdict, dataclass
from typing import Any

from charter import Decision
from conversations.models.replays import ReplayedTurn

Change = ReplayedTurn.Change


@dataclass(frozen=True, slots=True)
class Verdict:
    """rule: the winner's, "" where nothing spoke; reason: its words."""

    outcome: str
    tier: int
    rule: str
    signal: str
    reason: str
    directives: tuple[str, ...]

    @classmethod
    def of(cls, decision: Decision) -> "Verdict":
        winner = decision.winner
        return cls(
            decision.outcome,
            decision.tier,
            winner.source if winner else "",
            winner.signal if winner else "",
            winner.reason if winner else "",
            decision.directives,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"directives": list(self.directives)}


def change(before: Verdict, after: Verdict) -> Change | None:
    """The weightiest thing that differs; None where nothing does. Other words of the same rule are no change."""
    if before.outcome != after.outcome:
        return Change.OUTCOME
    if (before.tier, before.rule, before.signal) != (after.tier, after.rule, after.signal):
        return Change.REASON
    return Change.DIRECTIVES if before.directives != after.directives else None
