"""What the screens find in labelled texts, per source and never pooled."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from charter.document import Outcome
from charter.signals import shorten
from evaluation import provenance, rows
from evaluation.auroc import auroc
from evaluation.reading import Reading, read
from evaluation.rows import Sample, Source
from evaluation.scenario_files import OUTCOMES

LISTED = 20
LENGTHS = (120, 400, 1_200)
"""Characters: the upper ends of the lengths by which latency is told; what is longer comes last."""
WARM_UP = "Could you help me plan a birthday party for my sister?"

Pairs = Sequence[tuple[Sample, Reading]]


def file(path: Path) -> dict[str, Any]:
    """A file of rows, source by source. Raises EvaluationError."""
    sources, left_out = rows.load(path)
    return {"file": str(path), "left_out": left_out, "sources": [measure(source) for source in sources]}


def measure(source: Source) -> dict[str, Any]:
    """The figures of one source, ready for JSON; shares are 0..1 and None where there is nothing to take a share of."""
    read(Sample(WARM_UP, positive=False, group=""), source.kind)
    pairs = [(sample, read(sample, source.kind)) for sample in source.samples]
    positive, negative = ([pair for pair in pairs if pair[0].positive is side] for side in (True, False))
    return {
        "source": source.name,
        "about": source.kind,
        "role": source.role,
        "rows": len(pairs),
        "positive": len(positive),
        "trained_on": provenance.trained_on(source),
        "recall": {level: _share(positive, level) for level in ("suspected", "certain")},
        "false_alarms": {level: _share(negative, level) for level in ("suspected", "certain")},
        "precision": {level: _precision(positive, negative, level) for level in ("suspected", "certain")},
        "f1": {level: _f1(positive, negative, level) for level in ("suspected", "certain")},
        "auroc": _auroc(pairs),
        "outcomes": {"positive": _outcomes(positive), "negative": _outcomes(negative)},
        "latency_ms": _latency(pairs),
        "misses": _listed(pair for pair in positive if pair[1].level == "nothing"),
        "false_alarms_listed": _listed(pair for pair in negative if pair[1].level != "nothing"),
    }


def _hits(pairs: Pairs, level: str) -> int:
    """How many reach the level; what is certain is suspected too."""
    reached = {"certain"} if level == "certain" else {"certain", "suspected"}
    return sum(reading.level in reached for _, reading in pairs)


def _share(pairs: Pairs, level: str) -> float | None:
    return round(_hits(pairs, level) / len(pairs), 4) if pairs else None


def _precision(positive: Pairs, negative: Pairs, level: str) -> float | None:
    right, wrong = _hits(positive, level), _hits(negative, level)
    return round(right / (right + wrong), 4) if positive and negative and right + wrong else None


def _f1(positive: Pairs, negative: Pairs, level: str) -> float | None:
    if not positive or not negative:
        return None
    right, wrong = _hits(positive, level), _hits(negative, level)
    return round(2 * right / (right + wrong + len(positive)), 4)


def _auroc(pairs: Pairs) -> dict[str, float] | None:
    scores, labels = [reading.score for _, reading in pairs], [sample.positive for sample, _ in pairs]
    found = auroc(scores, labels, [sample.group for sample, _ in pairs])
    return dict(zip(("value", "low", "high"), (round(v, 4) for v in found), strict=True)) if found else None


def _outcomes(pairs: Pairs) -> dict[Outcome | str, float] | None:
    counts = Counter(reading.outcome for _, reading in pairs)
    return {outcome: round(counts[outcome] / len(pairs), 4) for outcome in OUTCOMES} if pairs else None


def _latency(pairs: Pairs) -> list[dict[str, Any]]:
    bounds = [0, *LENGTHS, None]
    found = []
    for low, high in pairwise(bounds):
        took = [r.seconds * 1_000 for s, r in pairs if low < len(s.text) and (high is None or len(s.text) <= high)]
        if took:
            p50, p95, p99 = (round(float(value), 3) for value in np.percentile(took, [50, 95, 99]))
            found.append({"characters_up_to": high, "rows": len(took), "p50": p50, "p95": p95, "p99": p99})
    return found


def _listed(pairs: Iterable[tuple[Sample, Reading]]) -> list[dict[str, Any]]:
    """The first few of those, in the file's order."""
    return [
        {"text": shorten(sample.text, 240), "score": round(reading.score, 4), "signal": reading.name}
        for sample, reading in islice(pairs, LISTED)
    ]
