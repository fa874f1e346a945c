"""What a row's label says: which kind of finding it is about, and whether that is to be found."""

from typing import Any

KINDS = ("harm", "abuse", "risk", "jailbreak")
_ANY = {
    True: ("1", "true", "yes", "positive"),
    False: ("0", "false", "no", "negative", "safe", "benign", "harmless", "neutral", "ok", "none", "everyday"),
}
_OF_KIND = {
    "harm": ("harmful", "unsafe", "harm", "malicious", "dangerous"),
    "abuse": ("abusive", "abuse", "offensive", "toxic"),
    "risk": ("risk", "at_risk", "self_harm", "suicide", "suicidal", "crisis", "emergency"),
    "jailbreak": ("jailbreak", "injection"),
}
"""To be found; each with `not_`, `non_` or `no_` before it is the opposite."""
_NO = ("not", "non", "no")
_OPPOSITES = {
    "look_alike": "harm",
    "lookalike": "harm",
    "heated": "abuse",
    "distress": "risk",
    "frustration": "risk",
}
LEFT_OUT = ("ambiguous", "unclear", "unknown")
"""Rows that their authors could not place are counted and not measured."""

_MEANING = {
    **{word: ("", positive) for positive, words in _ANY.items() for word in words},
    **{word: (kind, True) for kind, words in _OF_KIND.items() for word in words},
    **{
        f"{no}_{word}": (kind, False)
        for kind, words in _OF_KIND.items()
        for word in words
        for no in ("not", "non", "no")
    },
    **{word: (kind, False) for word, kind in _OPPOSITES.items()},
}


def meaning(label: Any) -> tuple[str, bool] | None:
    """(kind, whether it is to be found); kind is "" where the label does not say. None for a label of LEFT_OUT.

    Raises ValueError for a label that is not known.
    """
    if isinstance(label, bool) or (isinstance(label, int | float) and label in {0, 1}):
        return "", bool(label)
    word = label.strip().casefold().replace("-", "_").replace(" ", "_") if isinstance(label, str) else ""
    if word in LEFT_OUT:
        return None
    if word not in _MEANING:
        known = (*_ANY[True], *_ANY[False], *(word for words in _OF_KIND.values() for word in words), *_OPPOSITES)
        raise ValueError(f"label {label!r} is not known; known are {', '.join(known)}, not_ before one, {LEFT_OUT[0]}")
    return _MEANING[word]
