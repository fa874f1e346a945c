"""What the whole report measures: the public sets that are here, and our own material, each by itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from evaluation import provenance, sets
from evaluation.labels import meaning
from evaluation.rows import Sample, Source

MOST = 4_000
"""Texts of one source that are measured; of more, these are drawn."""
SEED = 20261124
EVERYDAY, LOOK_ALIKES, REQUESTS, OTHER = "everyday requests", "look-alikes", "harmful requests", "other"
PUBLIC = (
    ("benign", "harm", EVERYDAY),
    ("clinc150", "harm", EVERYDAY),
    ("advbench", "harm", REQUESTS),
    ("harmbench", "harm", REQUESTS),
    ("tdc2023", "harm", REQUESTS),
    ("openai_moderation", "harm", OTHER),
    ("jailbreaks", "jailbreak", OTHER),
    ("convabuse", "abuse", OTHER),
)


def available() -> tuple[list[Source], list[str]]:
    """Every source, its trained and its held-out part apart, and the names of public sets that are not here."""
    missing = [name for name, _, _ in PUBLIC if not (sets.DATA / f"{name}.jsonl").exists()]
    public = (_public(name, kind, role) for name, kind, role in PUBLIC if name not in missing)
    return [part for source in (*public, *_own()) for part in _parts(source)], missing


def _public(name: str, kind: str, role: str) -> Source:
    return Source(name, kind, tuple(_samples(sets.public(name), everyday=role == EVERYDAY)), role)


def _own() -> Iterator[Source]:
    yield from _by_family("pairs", "pairs/*.jsonl", "language")
    yield from _by_family("contrasts", "contrasts/*.jsonl", "kind")
    conversations = (
        Sample(row["turns"][-1], row["label"] == "harmful", row["group"], tuple(row["turns"][:-1]))
        for row in sets.material("escalations.jsonl")
    )
    yield Source("escalations", "harm", tuple(conversations), LOOK_ALIKES)
    for name, kind in (("abuse", "abuse"), ("distress", "risk"), ("emergencies", "risk")):
        yield Source(name, kind, tuple(_samples(sets.material(f"{name}.jsonl"))), OTHER)


def _by_family(name: str, pattern: str, field: str) -> Iterator[Source]:
    """Our pairs by language and our contrasts by kind; a pair is two rows."""
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sets.material(pattern):
        families[row[field]] += [{**row, "text": row[s], "label": s} for s in ("harmful", "benign") if s in row] or [
            row
        ]
    for family, rows in families.items():
        samples = tuple(_samples(rows))
        role = LOOK_ALIKES if any(sample.positive for sample in samples) else EVERYDAY
        yield Source(f"{name}: {family}", "harm", samples, role)


def _samples(rows: Iterable[dict[str, Any]], *, everyday: bool = False) -> Iterator[Sample]:
    for row in rows:
        known = ("", False) if everyday else meaning(row["label"])
        if known is not None:
            yield Sample(row["text"], known[1], row.get("group") or row["text"])


def _parts(source: Source) -> Iterator[Source]:
    known = provenance.trained_texts(source.kind)
    for trained in (False, True):
        samples = [s for s in source.samples if (provenance.key(s.text) in (known or ())) is trained]
        if samples:
            yield Source(source.name, source.kind, tuple(_drawn(samples)), source.role)


def _drawn(samples: list[Sample]) -> Iterable[Sample]:
    if len(samples) <= MOST:
        return samples
    chosen = np.random.default_rng(SEED).choice(len(samples), MOST, replace=False)
    return (samples[index] for index in sorted(chosen))
