"""The ranked hierarchy on one page: concerns in, one decision out. Pure: the same situation, the same decision."""

from __future__ import annotations

from collections.abc import Sequence

from charter.behaviours import effective
from charter.concerns import concerns
from charter.decision import Concern, Decision
from charter.situation import Judgment, Past, Situation

__all__ = ["Concern", "Decision", "Judgment", "Past", "Situation", "decide"]


def decide(situation: Situation) -> Decision:
    """The outcome of a turn. The highest tier with an objection decides, by severity within the tier.

    An objection is a binding concern: it will have no outcome but its own. Where nothing objects, the turn is answered,
    and the weightiest concern left gives the decision its tier: it decides how, not whether.
    """
    in_force = effective(situation.charter, situation.configuration, situation.user_adjustments, situation.paused)
    ranked = sorted(set(concerns(situation, in_force)), key=lambda concern: concern.rank)
    objections = [concern for concern in ranked if concern.binding]
    winner = next(iter(objections or ranked), None)
    outcome = winner.outcome if winner else "answer"
    overruled = tuple(concern for concern in objections if concern.outcome != outcome)
    return Decision(
        outcome=outcome,
        tier=winner.tier if winner else 4,
        winner=winner,
        overruled=overruled,
        heeded=tuple(concern for concern in ranked if concern is not winner and concern not in overruled),
        directives=_directives(ranked) if outcome == "answer" else (),
        flags=tuple(dict.fromkeys(concern.signal or concern.source for concern in ranked if concern.flag)),
        effective=in_force,
        charter_digest=situation.charter.digest,
        judgment=situation.judgment,
    )


def _directives(ranked: Sequence[Concern]) -> tuple[str, ...]:
    """Each once, the highest tier first. What lost to an answer still says what the answer must leave out."""
    return tuple(dict.fromkeys(concern.directive for concern in ranked if concern.directive))
