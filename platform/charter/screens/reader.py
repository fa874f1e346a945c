"""One text read by both models: linear heads and the encoder's first look always, its closer look in doubt."""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charter.screens import encoder, linear
from charter.screens.language import foreign

ARTIFACT = Path(__file__).parent / "artifact" / "thresholds.json"
OF_OTHERS = frozenset({"injection", "against_users"})
"""Heads that are about the texts of tools, documents and operators, and say nothing of a user's."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities of one head, as training measured them on themes held out (artifact/DATA_CARD.md).

    `glance`: from here on the first look asks for the closer one; `suspected` and `certain` are the levels of signals;
    `firm`, between those, is where few look-alikes are left.
    """

    glance: float
    suspected: float
    firm: float
    certain: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Probabilities by head; after a closer look also what harm it would be, by signal name, and the scope vector."""

    scores: dict[str, float]
    kinds: dict[str, float]
    vector: NDArray[np.float32] | None


def thresholds(text: str = "") -> dict[str, Thresholds]:
    """By head. The models know English best, so a text in another language must show more to be suspected."""
    return _thresholds("foreign" if foreign(text) else "heads")


@lru_cache(maxsize=2)
def _thresholds(which: str) -> dict[str, Thresholds]:
    return {name: Thresholds(**values) for name, values in _settings()[which].items()}


def worth_an_aside(text: str) -> bool:
    """Whether one sentence of a user's text is worth a look by itself, as the linear heads tell by its words."""
    known = linear.logits(text)
    return foreign(text) or any(known[head] >= least for head, least in _settings()["asides"].items())


@lru_cache(maxsize=1)
def scope_thresholds() -> Thresholds:
    """Those of `scope.off_topic`, which takes no first look."""
    return Thresholds(glance=0.0, firm=1.0, **_settings()["scope"])


@lru_cache(maxsize=1)
def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(ARTIFACT.read_text())
    return settings


def forget() -> None:
    """Reads the thresholds anew at the next text; for training, which has just written them."""
    for known in (_thresholds, scope_thresholds, _settings, read):
        known.cache_clear()


@lru_cache(maxsize=1_024)
def read(text: str, *, closely: bool = False, about: str = "") -> Reading:
    """Measures one text of at most a window's length. `closely`: take the closer look whatever the first one says.

    about: the one head that is asked, of a text that is not a user's. Recent texts are remembered: retries, and the
    several screens that read one text."""
    known = linear.logits(text)
    # What is said to users is read in English words; the texts of operators and tools the encoder knows as they are.
    first = encoder.first_look(text, as_it_is=bool(about))
    share = _settings()["gloss_share" if first.glossed else "linear_share"]
    scores = blended(first.logits, known, share)
    at = thresholds(text)
    asked = {about} if about else scores.keys() - OF_OTHERS
    if not closely and all(scores[head] < at[head].glance for head in asked):
        return Reading(scores, {}, None)
    closer = encoder.closer_look(first)
    kinds = {name: _probability(logit) for name, logit in closer.logits.items() if name not in known}
    return Reading(blended(closer.logits, known, share), kinds, closer.vector)


def blended(looked: dict[str, float], known: dict[str, float], share: float) -> dict[str, float]:
    """Both models' logits as one probability a head. The linear part keeps what the encoder has no words for."""
    return {head: _probability(looked[head] + share * logit) for head, logit in known.items()}


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
