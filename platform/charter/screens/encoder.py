"""A small transformer that reads what patterns cannot: two looks, run by onnxruntime on one core.

all-MiniLM-L6-v2 (Apache-2.0), trained further by `evaluation/encoder.py`. The first look is two of its six layers and
is taken at every message; the closer look, all six, where the first is unsure. Word vectors stay as published and lie
beside the graphs as 8-bit rows, so that training anew changes only the layers.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charter.screens.gloss import in_english

ARTIFACT = Path(__file__).parent / "artifact"
GLOSS_HEADS = ARTIFACT / "gloss_heads.npz"
LONGEST_TOKENS = 96
"""What it was trained on; of longer texts it reads the beginning and the end."""

Logits = dict[str, float]


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Logits by head name, and what the closer look goes on from: float32 of shape (1, tokens, 384).

    glossed: the text was read in the glossary's English words.
    """

    logits: Logits
    hidden: NDArray[np.float32]
    glossed: bool


@dataclass(frozen=True, slots=True)
class CloserLook:
    """Logits by head name, and a unit vector, float32 of shape (128,), that lies near those of texts on one subject.

    mean: what the heads look at, float32 of shape (384,).
    """

    logits: Logits
    vector: NDArray[np.float32]
    mean: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Encoder:
    first: Any
    closer: Any
    tokenizer: Any
    words: NDArray[np.int8]
    scales: NDArray[np.float32]
    heads: tuple[str, ...]


@lru_cache(maxsize=1)
def _encoder() -> _Encoder:
    from tokenizers import BertWordPieceTokenizer

    first = _session("first_look.onnx")
    return _Encoder(
        first,
        _session("closer_look.onnx"),
        BertWordPieceTokenizer(str(ARTIFACT / "vocabulary.txt"), lowercase=True),
        np.load(ARTIFACT / "words.npy", mmap_mode="r"),
        np.load(ARTIFACT / "word_scales.npy"),
        tuple(first.get_modelmeta().custom_metadata_map["heads"].split(",")),
    )


def _session(name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A process serves many turns at once: one core a look, and no threads that spin while they wait.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(ARTIFACT / name), options, providers=["CPUExecutionProvider"])


def first_look(text: str, *, as_it_is: bool = False) -> FirstLook:
    """`as_it_is`: not in the glossary's words, whatever its language."""
    encoder = _encoder()
    said = text if as_it_is else in_english(text)
    ids = _shortened(encoder.tokenizer.encode(said).ids)
    words = encoder.words[ids].astype(np.float32) * encoder.scales[ids, None]
    hidden, logits = encoder.first.run(["hidden", "logits"], {"words": words[None]})
    return FirstLook(dict(zip(encoder.heads, logits[0].tolist(), strict=True)), hidden, said != text)


def closer_look(first: FirstLook) -> CloserLook:
    encoder = _encoder()
    found, vector, mean = encoder.closer.run(["logits", "vector", "mean"], {"hidden": first.hidden})
    logits = dict(zip(encoder.heads, found[0].tolist(), strict=True))
    if first.glossed and GLOSS_HEADS.exists():
        logits |= _for_glosses(found[0], mean[0])
    return CloserLook(logits, vector[0], mean[0])


def _for_glosses(found: NDArray[np.float32], mean: NDArray[np.float32]) -> Logits:
    """What heads of their own make of word-by-word English, which the encoder was never trained on."""
    names, weights = _gloss_heads()
    seen = np.concatenate([found, mean, np.ones(1, np.float32)])
    return dict(zip(names, (weights @ seen).tolist(), strict=True))


@lru_cache(maxsize=1)
def _gloss_heads() -> tuple[tuple[str, ...], NDArray[np.float32]]:
    with np.load(GLOSS_HEADS) as stored:
        return tuple(str(name) for name in stored["names"]), stored["weights"].astype(np.float32)


def forget() -> None:
    """Reads the heads for glosses anew at the next text; for training, which has just written them."""
    _gloss_heads.cache_clear()


@lru_cache(maxsize=4_096)
def vector_of_known(text: str, *, as_it_is: bool = False) -> NDArray[np.float32]:
    """The vector of a text that comes again and again: an operator's topics and examples."""
    return closer_look(first_look(text, as_it_is=as_it_is)).vector


def _shortened(ids: list[int]) -> list[int]:
    if len(ids) <= LONGEST_TOKENS:
        return ids
    half = LONGEST_TOKENS // 2
    return ids[:half] + ids[-half:]
