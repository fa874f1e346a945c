"""One text through the screens and the hierarchy, as the only message of a user of an unconfigured deployment."""

import time
from typing import NamedTuple

from charter import Configuration, Passage, Signal, Situation, decide, load_charter
from charter.screens import linear, normalise, observe
from charter.screens.input import LONGEST, OVERLAP, WINDOW
from charter.signals import strongest

SIGNALS_OF = {
    "harm": ("bright_line.", "harm."),
    "abuse": ("abuse",),
    "risk": ("risk.",),
    "jailbreak": ("jailbreak",),
}
"""The beginnings of the names of the signals that count as finding each kind."""
HEAD_OF = {"harm": "harmful", "abuse": "abuse", "risk": "risk", "jailbreak": "jailbreak"}
BLANK = Configuration()


class Reading(NamedTuple):
    """level: certain, suspected or nothing; score: 0..1; name: the strongest signal's; seconds: observe and decide."""

    level: str
    score: float
    name: str
    outcome: str
    seconds: float


def read(text: str, kind: str) -> Reading:
    started = time.perf_counter()
    signals = observe([Passage(text, "user", "messages[0]")], BLANK)
    decision = decide(Situation(load_charter(), BLANK, signals=signals))
    seconds = time.perf_counter() - started
    counted = [s for s in signals if s.name.startswith(SIGNALS_OF[kind]) and s.level != "noted"]
    found = strongest(counted)
    return Reading(
        level=found.level if found else "nothing",
        score=graded(text, kind, counted),
        name=found.name if found else "",
        outcome=decision.outcome,
        seconds=seconds,
    )


def graded(text: str, kind: str, counted: list[Signal]) -> float:
    """How strongly the screens find the kind, 0..1: the learned head's word, or a stronger one of a phrase.

    Below *suspected* there is no signal, so the head is asked itself: the area under the curve needs every grade.
    """
    plain = normalise.read(text[:LONGEST]).plain
    starts = range(0, max(1, len(plain) - OVERLAP), WINDOW - OVERLAP)
    head = max(linear.scores(plain[start : start + WINDOW])[HEAD_OF[kind]] for start in starts)
    return max([head, *(signal.score for signal in counted)])
