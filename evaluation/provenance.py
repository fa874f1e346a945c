"""Which texts the screens' artifact was trained on: figures on those flatter it."""

from functools import cache

from evaluation import sets
from evaluation.reading import HEAD_OF
from evaluation.rows import Source


@cache
def trained_texts(kind: str) -> frozenset[str] | None:
    """What the kind's head was trained on; None where the training data is not on this machine."""
    try:
        return frozenset(row.text for row in sets.heads()[HEAD_OF[kind]])
    except SystemExit:
        return None


def trained_on(source: Source) -> int | None:
    """How many of a source's texts the artifact has seen; None where that cannot be told."""
    texts = trained_texts(source.kind)
    return None if texts is None else sum(sample.text in texts for sample in source.samples)
