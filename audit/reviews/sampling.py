"""Which turns a judge reviews. The screens look at every one: they cost nothing."""

from hashlib import sha256

from audit.cases.findings import Found
from audit.reviews.models import TurnReview
from conversations.models import Turn

GRAVE = 0.4
"""What the screens find at least so severe a judge looks at, whatever the lot says."""

Chosen = TurnReview.Chosen


def chosen(turn: Turn, screens: Found) -> Chosen:
    if turn.decision.get("forced_review") is not None:
        return Chosen.FORCED  # stewards hold the deployment to review
    if turn.flagged:
        return Chosen.FLAGGED
    if screens.severity >= GRAVE:
        return Chosen.GRAVE
    return Chosen.SAMPLED if _lot(turn) < turn.deployment.judged_share else Chosen.NOT


def _lot(turn: Turn) -> float:
    """0..1, the same whenever it is drawn: a job that is done again comes to the same."""
    return int.from_bytes(sha256(turn.pk.bytes).digest()[:6]) / 2**48
