"""Trained linear heads over hashed word and character n-grams and the text's static vector; numpy only."""

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from charter.screens.embedding import embed

ARTIFACT = Path(__file__).parent / "artifact" / "heads.npz"
BUCKETS = 1 << 14
EMBEDDING_WEIGHT = 1.5
_WORD = re.compile(r"\w+|[^\w\s]")


def buckets(text: str) -> NDArray[np.int64]:
    """The hashed n-grams of a text: words, word pairs, and character 4-grams within words."""
    words: list[str] = _WORD.findall(text.lower())
    found = [crc32(f"{first} {second}".encode()) % BUCKETS for first, second in pairwise(words)]
    for word in words:
        found += _of_word(word)
    return np.array(found, np.int64)


@lru_cache(maxsize=20_000)
def _of_word(word: str) -> tuple[int, ...]:
    """The buckets of a word by itself and of what is in it; most words of a text are common ones."""
    padded = f"<{word}>"
    grams = [word, *(f"#{padded[i : i + 4]}" for i in range(max(1, len(padded) - 3)))]
    return tuple(crc32(gram.encode()) % BUCKETS for gram in grams)


def features(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """(bucket indexes, their weights of unit length, the weighted static vector)."""
    found, counts = np.unique(buckets(text), return_counts=True)
    weights = 1.0 + np.log(counts.astype(np.float32))
    length = float(np.linalg.norm(weights))
    unit = (weights / length if length else weights).astype(np.float32)
    return found.astype(np.int64), unit, (embed(text) * EMBEDDING_WEIGHT).astype(np.float32)


@lru_cache(maxsize=1)
def _heads() -> tuple[tuple[str, ...], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    with np.load(ARTIFACT) as stored:
        names = tuple(str(name) for name in stored["names"])
        sparse = stored["sparse"].astype(np.float32) * stored["scale"][None, :]
        return names, sparse, stored["dense"].astype(np.float32), stored["bias"].astype(np.float32)


def forget() -> None:
    """Reads the artifact anew at the next text; for training, which has just written it."""
    _heads.cache_clear()
    logits.cache_clear()


@lru_cache(maxsize=1_024)
def logits(text: str) -> dict[str, float]:
    """The log odds of each head for one text, e.g. {"harmful": 2.6, "abuse": -3.9, ...}."""
    names, sparse, dense, bias = _heads()
    found, weights, vector = features(text)
    return dict(zip(names, (weights @ sparse[found] + vector @ dense + bias).tolist(), strict=True))
