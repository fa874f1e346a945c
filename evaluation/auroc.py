"""The area under the ROC curve, with an interval from drawing groups anew."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEED = 20261124
DRAWS = 1_000


def auroc(
    scores: Sequence[float], positive: Sequence[bool], groups: Sequence[str] | None = None
) -> tuple[float, float, float] | None:
    """(area, low and high end of the 95 % interval), whole groups drawn at once; None where one class is missing."""
    levels, places = np.unique(np.asarray(scores, float), return_inverse=True)
    labels = np.asarray(positive, bool)
    if not labels.any() or labels.all():
        return None
    _, members = np.unique(groups if groups is not None else np.arange(len(labels)), return_inverse=True)
    random = np.random.default_rng(SEED)
    number = int(members.max()) + 1
    drawn = (np.bincount(random.integers(number, size=number), minlength=number)[members] for _ in range(DRAWS))
    areas = [_area(places, len(levels), labels, weights) for weights in drawn if _both(labels, weights)]
    low, high = np.quantile(areas, [0.025, 0.975]) if areas else (0.0, 1.0)
    return _area(places, len(levels), labels, np.ones(len(labels))), float(low), float(high)


def _both(labels: NDArray[np.bool_], weights: NDArray[np.int64]) -> bool:
    return bool(weights[labels].any() and weights[~labels].any())


def _area(places: NDArray[np.int64], levels: int, labels: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    """Of all pairs of a positive and a negative, the share in which the positive scores higher; ties count half."""
    up = np.bincount(places, weights * labels, minlength=levels)
    down = np.bincount(places, weights * ~labels, minlength=levels)
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))
