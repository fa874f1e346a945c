"""Why a turn was decided so: the tiers as a ladder, and what spoke on each rung."""

from dataclasses import dataclass

from charter import Concern, Decision, load_charter


@dataclass(frozen=True)
class Rung:
    """One tier of the ladder: what spoke there."""

    number: int
    name: str
    won: bool
    spoke: list[tuple[str, Concern]]
    """(what became of it: won, agreed or overruled; the concern)"""


def ladder(decision: Decision) -> list[Rung]:
    rungs = []
    for tier in load_charter().tiers:
        spoke = [
            *([("won", decision.winner)] if decision.winner and decision.winner.tier == tier.number else []),
            *(("agreed", one) for one in decision.heeded if one.tier == tier.number),
            *(("overruled", one) for one in decision.overruled if one.tier == tier.number),
        ]
        rungs.append(Rung(tier.number, tier.name, decision.tier == tier.number, spoke))
    return rungs
