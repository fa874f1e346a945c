"""Which texts the screens' artifact was trained on: figures on those flatter it."""

from functools import cache

from evaluation.examples import examples
from evaluation.reading import HEADS_OF
from evaluation.rows import Source

CUT = 1_200
"""Training takes no more of some texts; a text that begins like a trained one counts as trained on."""


@cache
def trained_texts(kind: str) -> frozenset[str] | None:
    """The keys of what the kind's head was trained on; None where the training data is not on this machine."""
    try:
        heads = HEADS_OF[kind]
        return frozenset(key(row.text) for row in examples() if row.labels.keys() & heads and not row.held_out)
    except SystemExit:
        return None


def key(text: str) -> str:
    return text[:CUT].strip().casefold()


def trained_on(source: Source) -> int | None:
    """How many of a source's texts the artifact has seen; None where that cannot be told."""
    texts = trained_texts(source.kind)
    return None if texts is None else sum(key(sample.text) in texts for sample in source.samples)
