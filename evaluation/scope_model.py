"""What makes a message belong to an app, learned from likenesses: how near its topics, how near everything else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from charter.screens import encoder, scope
from charter.screens.embedding import embed
from evaluation.scopes import ScopeMaterial, scope_material
from evaluation.sets import material, public

SEED = 20261124
EVERYDAY = 1_000
PER_DOMAIN = 120
FAR = 6
"""Everyday requests held against each of our own scopes, beside its own far and near misses."""
CERTAIN_ALARMS, SUSPECTED_ALARMS = 0.05, 0.12
"""The share of an app's own messages that may be sent away, and that may be doubted."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Held-out scores (0..1), labels (1: off topic), kind of each message, and the thresholds chosen."""

    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    kinds: NDArray[np.str_]
    thresholds: dict[str, float]


def train() -> Measured:
    """Fits on scopes that the encoder never saw, measures across them, and writes the artifact."""
    random = np.random.default_rng(SEED)
    requests = [row["text"] for row in public("clinc150")[::12]] + [row["text"] for row in public("benign")]
    requests += [row["text"] for row in material("contrasts/*.jsonl") if row["kind"] == "everyday"]
    bank = [requests[i] for i in random.choice(len(requests), EVERYDAY, replace=False)]
    everyday = scope.Everyday(
        np.stack([embed(text) for text in bank]).astype(np.float16).astype(np.float32),
        np.stack([encoder.vector_of_known(text) for text in bank]).astype(np.float16).astype(np.float32),
    )
    rows = [row for one in _material() for row in _rows(one, requests, everyday, random)]
    x, y = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows])
    kinds, groups = np.array([row[2] for row in rows]), [row[3] for row in rows]
    scores = np.zeros(len(y))
    for learn, test in GroupKFold(5).split(x, y, groups):
        scores[test] = _model().fit(x[learn], y[learn]).predict_proba(x[test])[:, 1]
    scaler, regression = _model().fit(x, y).named_steps.values()
    weights = regression.coef_[0] / scaler.scale_
    np.savez_compressed(
        scope.ARTIFACT,
        static=everyday.static.astype(np.float16),
        read=everyday.read.astype(np.float16),
        weights=weights.astype(np.float32),
        bias=np.float32(regression.intercept_[0] - (weights * scaler.mean_).sum()),
    )
    # By the kind of app that fares worst: domains with hundreds of examples would hide those with a few.
    inside = [scores[(y == 0) & (kinds == kind)] for kind in sorted(set(kinds[y == 0]))]
    thresholds = {
        name: round(max(float(np.quantile(own, 1 - alarms)) for own in inside), 4)
        for name, alarms in (("suspected", SUSPECTED_ALARMS), ("certain", CERTAIN_ALARMS))
    }
    return Measured(scores, y, kinds, thresholds)


def _material() -> list[ScopeMaterial]:
    own, domains = scope_material(held_out=True)
    return [*own, *domains]


def _model() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced"))


def _rows(
    one: ScopeMaterial, requests: list[str], everyday: scope.Everyday, random: np.random.Generator
) -> list[tuple[NDArray[np.float32], int, str, str]]:
    """(measures, label, kind, scope's id) of each message."""
    messages = [(text, 0, "inside") for text in one.inside]
    if one.own:
        half = len(one.outside) // 2
        messages += [(text, 1, "far" if i < half else "near") for i, text in enumerate(one.outside)]
        messages += [(requests[i], 1, "everyday") for i in random.choice(len(requests), FAR, replace=False)]
        kind = "own" if one.language == "en" else "own, not English"
    else:
        chosen = random.choice(len(messages), PER_DOMAIN, replace=False)
        messages = [messages[i] for i in chosen]
        messages += [(text, 1, "none") for text in random.choice(one.outside, PER_DOMAIN, replace=False)]
        kind = "CLINC domain"
    return [
        (scope.measures(text, one.scope, everyday), label, f"{kind}: {how}", one.id) for text, label, how in messages
    ]
