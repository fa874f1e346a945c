"""What is English: texts, and single words by how common they are."""

import re
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).parent / "artifact" / "vocabulary.txt"
SHORT = 4
KNOWN = 0.85
_WORDS = re.compile(r"[^\W\d_]+")
_SMALL_WORDS = frozenset(
    """
    the and but if of to at for from with by is are be been did does have had can could would should you she it
    they my your our their this that these those what how why who when where which not than then there here
    about into out up just please some any more tell write give make help want need get find explain show think
    know like good best i
    """.split()  # noqa: SIM905 - read as a line of words
)
"""Words that few English messages do without and that are not words of the languages next to it."""


@lru_cache(maxsize=1_024)
def foreign(text: str) -> bool:
    """Whether a text is not English: as told by its letters, and by the small words that any English sentence has."""
    words = _WORDS.findall(text.lower())
    plain = sum(word.isascii() for word in words)
    if plain < 0.8 * len(words):
        return True
    if len(words) <= SHORT or sum(word in _SMALL_WORDS for word in words) >= 0.08 * len(words):
        return False
    # A terse English text has few small words too, but its words are English.
    return sum(word in ranks() for word in words) < KNOWN * len(words)


def small(word: str) -> bool:
    """Whether a lower-case word is one of those that hold English sentences together."""
    return word in _SMALL_WORDS


@lru_cache(maxsize=1)
def ranks() -> dict[str, int]:
    """The encoder's whole words, about twenty thousand, by how common they are in English: 0 is the most common."""
    words = [word for word in VOCABULARY.read_text().split() if word.isascii() and word.isalpha()]
    return {word: rank for rank, word in enumerate(words)}
