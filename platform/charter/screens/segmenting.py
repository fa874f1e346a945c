"""Words out of letters that have no gaps: "howtomakeatable" is "how to make a table".

Dynamic programming over how common words are, as the encoder's vocabulary ranks them; where that fits badly, over the
glossary's words of other languages too.
"""

import math
from collections.abc import Mapping
from functools import lru_cache

from charter.screens import gloss, language

LONGEST_WORD = 20
LONGEST = 400
"""Letters that are read; a longer run without a gap is no message of a person."""
UNKNOWN, UNKNOWN_LETTER = 12.0, 2.5
"""Costs of a word that is in no list, and of each of its letters; a known one's is its rank's logarithm, at most 10."""
SHORT_COST = 4.0
FOREIGN_RANK = 4_000
MUCH_BETTER = 0.85


def segmented(letters: str) -> str:
    """The most plausible words, with single spaces between. What is in no list stays in one."""
    letters = letters[:LONGEST].lower()
    words, cost = _best(letters, _english())
    others, less = _best(letters, _all())
    return " ".join(others if less < MUCH_BETTER * cost else words)


def is_word(word: str) -> bool:
    """Whether a lower-case word is an English one, and no mere abbreviation."""
    return word in _english()


def readable(text: str) -> float:
    """The share of letters in words of three letters or more that are English; 0 without such words."""
    words = [word for word in text.lower().split() if word.isalpha()]
    long = [word for word in words if len(word) > 2]
    return sum(len(word) for word in long if word in language.ranks()) / (sum(map(len, long)) or 1)


def _best(letters: str, costs: Mapping[str, float]) -> tuple[list[str], float]:
    """(words, what they cost together)."""
    best = [(0.0, 0)]
    for end in range(1, len(letters) + 1):
        best.append(
            min(
                (best[start][0] + costs.get(letters[start:end], UNKNOWN + UNKNOWN_LETTER * (end - start)), start)
                for start in range(max(0, end - LONGEST_WORD), end)
            )
        )
    words: list[str] = []
    end = len(letters)
    while end:
        start = best[end][1]
        words.append(letters[start:end])
        end = start
    return words[::-1], best[-1][0]


@lru_cache(maxsize=1)
def _english() -> dict[str, float]:
    # Single letters are the vocabulary's most common entries, and hardly ever words.
    costs = {word: math.log(rank + 10) for word, rank in language.ranks().items() if len(word) > 2}
    return costs | dict.fromkeys((*_SHORT, "a", "i"), SHORT_COST)


@lru_cache(maxsize=1)
def _all() -> dict[str, float]:
    return dict.fromkeys(gloss.spellings(), math.log(FOREIGN_RANK)) | _english()


_SHORT = "of to in is it on as at by be he we me my no do go up us an or so if am".split()  # noqa: SIM905
"""Words of two letters; most others in the vocabulary are abbreviations."""
