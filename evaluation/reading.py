"""One message through the screens and the hierarchy, said by a user of a deployment that configures nothing."""

import time
from typing import NamedTuple

from charter import Configuration, Signal
from charter.screens import normalise, reader
from charter.screens.input import LONGEST, OVERLAP, WINDOW
from charter.signals import strongest
from charter.situation import is_history
from conversations.requests import MessagesRequest
from evaluation.rows import Sample
from evaluation.scenarios import replay

SIGNALS_OF = {
    "harm": ("bright_line.", "harm."),
    "abuse": ("abuse",),
    "risk": ("risk.",),
    "jailbreak": ("jailbreak",),
}
"""The beginnings of the names of the signals that count as finding each kind."""
HEADS_OF = {"harm": ("harmful",), "abuse": ("abuse",), "risk": ("risk", "emergency"), "jailbreak": ("jailbreak",)}
BLANK = Configuration()
ANSWER = {"role": "assistant", "content": "I see."}
"""Stands for what the model said between the messages of a conversation."""


class Reading(NamedTuple):
    """level: certain, suspected or nothing; score: 0..1; name: its strongest signal; seconds: to observe and decide."""

    level: str
    score: float
    name: str
    outcome: str
    seconds: float


def read(sample: Sample, kind: str) -> Reading:
    messages = [message for earlier in sample.before for message in (_by_user(earlier), ANSWER)] + [
        _by_user(sample.text)
    ]
    request = MessagesRequest({}, "", messages, "", stream=False, user_ref="", adjustments={})
    started = time.perf_counter()
    decision, signals = replay(request, BLANK)
    seconds = (time.perf_counter() - started) / (len(sample.before) + 1)
    counted = [s for s in signals if s.name.startswith(SIGNALS_OF[kind]) and s.level != "noted" and not is_history(s)]
    found = strongest(counted)
    return Reading(
        level=found.level if found else "nothing",
        score=graded(sample.text, kind, counted),
        name=found.name if found else "",
        outcome=decision.outcome,
        seconds=seconds,
    )


def _by_user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def graded(text: str, kind: str, counted: list[Signal]) -> float:
    """How strongly the screens find the kind, 0..1: the learned head's word, or a stronger one of a phrase.

    Below *suspected* there is no signal, so the head is asked itself: the area under the curve needs every grade.
    """
    plain = normalise.read(text[:LONGEST]).plain
    starts = range(0, max(1, len(plain) - OVERLAP), WINDOW - OVERLAP)
    scores = [reader.read(plain[start : start + WINDOW]).scores for start in starts]
    heads = [read[head] for read in scores for head in HEADS_OF[kind]]
    return max([*heads, *(signal.score for signal in counted)])
