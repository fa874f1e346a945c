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
UNREAD = 14.0
"""Cost of a letter that is in no word; a word's is the logarithm of its rank, at most about 10."""
FOREIGN_RANK = 4_000
MUCH_BETTER = 0.85


def segmented(letters: str) -> str:
    """The most plausible words, with single spaces between. Letters that fit no word stay together."""
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
        options = [
            (best[start][0] + costs[word], start)
            for start in range(max(0, end - LONGEST_WORD), end)
            if (word := letters[start:end]) in costs
        ]
        best.append(min([*options, (best[end - 1][0] + UNREAD, end - 1)]))
    words: list[str] = []
    end = len(letters)
    while end:
        start = best[end][1]
        word = letters[start:end]
        if word not in costs:
            # Neighbours that fit no word are one name, or noise.
            while start and letters[best[start][1] : start] not in costs:
                start = best[start][1]
            word = letters[start:end]
        words.append(word)
        end = start
    return words[::-1], best[-1][0]


@lru_cache(maxsize=1)
def _english() -> dict[str, float]:
    # Single letters are the vocabulary's most common entries, and hardly ever words.
    costs = {word: math.log(rank + 10) for word, rank in language.ranks().items() if len(word) > 2}
    return costs | dict.fromkeys(_SHORT, 5.0) | {"a": 6.0, "i": 6.0}


@lru_cache(maxsize=1)
def _all() -> dict[str, float]:
    return dict.fromkeys(gloss.spellings(), math.log(FOREIGN_RANK)) | _english()


_SHORT = "of to in is it on as at by be he we me my no do go up us an or so if am".split()  # noqa: SIM905
"""Words of two letters; most others in the vocabulary are abbreviations."""
