"""Static word-piece vectors: a text's vector is the mean of its pieces'.

The vectors and the tokenizer are data files of the `wordllama` package (MIT), 256 dimensions, 16-bit; the package's
code is not used, since it looks for them on the network first. About 0.05 ms a short message.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 256
LONGEST_TOKENS = 2_048

Vector = NDArray[np.float32]


@lru_cache(maxsize=1)
def _tables() -> tuple[Any, NDArray[np.float16]]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package `wordllama`, whose vectors the screens use, is not installed")
    folder = Path(spec.origin).parent
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TOKENS)
    (table,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
    return tokenizer, table


@lru_cache(maxsize=1_024)
def embed(text: str) -> Vector:
    """The text's unit vector, float32 of shape (256,); zeros for an empty text. Several screens ask for the same."""
    tokenizer, table = _tables()
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    if not ids:
        return np.zeros(DIMENSIONS, np.float32)
    mean: Vector = table[ids].astype(np.float32).mean(axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / length).astype(np.float32) if length else mean


@lru_cache(maxsize=4_096)
def embed_known(text: str) -> Vector:
    """`embed` for texts that come again and again: an operator's topics and examples."""
    return embed(text)
