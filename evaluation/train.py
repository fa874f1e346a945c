"""`python -m evaluation.train`: makes the screens' artifact anew, and its data card with measured figures.

Figures come from folds that hold whole groups out, per source; the artifact is then trained on all rows.
"""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from charter.configuration import Scope, Topic
from charter.screens import linear, scope
from charter.screens.embedding import embed
from evaluation.sets import Row, heads, material, public

SEED = 20261123
EVERYDAY = 1_500
ALARMS = {
    "harmful": 0.03,
    "jailbreak": 0.005,
    "abuse": 0.005,
    "risk": 0.003,
    "distress": 0.01,
    "identity_pressure": 0.005,
    "identity_sincere": 0.003,
}
"""The share of everyday requests that each head may suspect."""
EVERYDAY_SOURCES = ("benign", "clinc150")


def main() -> None:
    linear.ARTIFACT.parent.mkdir(exist_ok=True)
    card = ["# Data card of the local screens", ""]
    card += ["Made by `python -m evaluation.train`, seed " + str(SEED) + ". Figures are from folds that hold whole"]
    card += ["groups out; the artifact is then trained on all rows. Sources and licences: shared data README and"]
    card += [
        "`evaluation/material/`.",
        "",
        "## Heads",
        "",
        "| head | source | rows | positive | AUROC | recall at 0.5 |",
    ]
    card += ["| --- | --- | --- | --- | --- | --- |"]
    card += train_heads()
    card += ["", "## Scope", ""]
    card += train_scope()
    (linear.ARTIFACT.parent / "DATA_CARD.md").write_text("\n".join(card) + "\n")
    print("\n".join(card))


def matrix(texts: list[str]) -> csr_matrix:
    found = [linear.features(text) for text in texts]
    pointers = np.cumsum([0, *(len(indexes) for indexes, _, _ in found)])
    sparse = csr_matrix(
        (np.concatenate([w for _, w, _ in found]), np.concatenate([i for i, _, _ in found]), pointers),
        shape=(len(texts), linear.BUCKETS),
    )
    return hstack([sparse, csr_matrix(np.stack([vector for _, _, vector in found]))]).tocsr()


def train_heads() -> list[str]:
    names, columns, thresholds, lines = [], [], [], []
    for name, rows in heads().items():
        x, y = matrix([row.text for row in rows]), np.array([row.label for row in rows])
        told, held_out = _held_out(name, rows, x, y)
        lines += told
        thresholds.append(_thresholds(rows, held_out, ALARMS[name]))
        model = _classifier().fit(x, y)
        names.append(name)
        columns.append((model.coef_[0], model.intercept_[0]))
    weights = np.stack([coefficients for coefficients, _ in columns], axis=1)
    sparse = weights[: linear.BUCKETS]
    scale = np.abs(sparse).max(axis=0) / 127
    np.savez_compressed(
        linear.ARTIFACT,
        names=np.array(names),
        sparse=np.round(sparse / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        dense=weights[linear.BUCKETS :].astype(np.float16),
        bias=np.array([intercept for _, intercept in columns], np.float32),
        thresholds=np.array(thresholds, np.float32),
    )
    lines += ["", "| head | suspected from | certain from |", "| --- | --- | --- |"]
    lines += [f"| {name} | {low:.3f} | {high:.3f} |" for name, (low, high) in zip(names, thresholds, strict=True)]
    return lines


def _thresholds(rows: list[Row], scores: NDArray[np.float64], alarms: float) -> tuple[float, float]:
    """(suspected, certain), from held-out scores.

    At most `alarms` of everyday requests are suspected; at most 0.1 % of those are certain, and 1 % of look-alikes.
    """
    harmless = np.array([row.label == 0 for row in rows])
    everyday = np.array([row.source in EVERYDAY_SOURCES for row in rows]) & harmless
    suspected = float(np.quantile(scores[everyday], 1 - alarms))
    certain = max(float(np.quantile(scores[everyday], 0.999)), float(np.quantile(scores[harmless & ~everyday], 0.99)))
    return suspected, max(suspected, certain)


def _classifier() -> LogisticRegression:
    return LogisticRegression(C=20, class_weight="balanced", max_iter=2000, random_state=SEED, solver="liblinear")


def _held_out(name: str, rows: list[Row], x: csr_matrix, y: NDArray[np.int64]) -> tuple[list[str], NDArray[np.float64]]:
    scores = np.zeros(len(rows))
    for train, test in GroupKFold(5).split(x, y, [row.group for row in rows]):
        scores[test] = _classifier().fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    by_source: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_source[row.source].append(index)
    lines = []
    for source, indexes in sorted(by_source.items()):
        labels, own = y[indexes], scores[indexes]
        both = 0 < labels.sum() < len(labels)
        auc = f"{roc_auc_score(labels, own):.3f}" if both else "-"
        share = f"{(own[labels == 1] >= 0.5).mean():.3f}" if labels.any() else f"false alarms {(own >= 0.5).mean():.3f}"
        lines.append(f"| {name} | {source} | {len(indexes)} | {int(labels.sum())} | {auc} | {share} |")
    return lines, scores


def _topics(rows: list[dict[str, Any]]) -> tuple[Topic, ...]:
    return tuple(Topic(row["name"], tuple(row["examples"])) for row in rows)


def train_scope() -> list[str]:
    """Our own scopes, and each CLINC domain as if it were an app, against the other domains' requests."""
    random = np.random.default_rng(SEED)
    clinc = public("clinc150")
    texts = [row["text"] for row in [*clinc, *public("benign")]]
    domains = np.array([row.get("category") or "" for row in clinc] + ["benign"] * (len(texts) - len(clinc)))
    vectors = np.stack([embed(text) for text in texts])
    rows: list[tuple[NDArray[np.float32], int, str, str]] = []
    everyday = vectors[random.choice(len(texts), EVERYDAY, replace=False)]
    for own in material("scopes.jsonl"):
        its_scope = Scope(own["description"], _topics(own["allowed"]), _topics(own["refused"]), restrict=True)
        for label, side in enumerate(("in", "out")):
            rows += [(scope.measures(text, its_scope, everyday), label, own["id"], "own") for text in own[side]]
    for domain in sorted(set(domains) - {"", "benign", "oos"}):
        rows += _domain_rows(domain, clinc=clinc, texts=texts, domains=domains, vectors=vectors, random=random)
    x, y = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows])
    groups, kinds = np.array([row[2] for row in rows]), np.array([row[3] for row in rows])
    scores = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        scores[test] = _scope_model().fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    model = _scope_model().fit(x, y)
    np.savez_compressed(
        scope.ARTIFACT,
        everyday=everyday.astype(np.float16),
        weights=model.coef_[0].astype(np.float32),
        bias=np.float32(model.intercept_[0]),
    )
    scope._model.cache_clear()
    lines = [
        "| scopes | messages | AUROC | off-topic recall at 5 % false alarms | threshold |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, told in (("own", "our own, half of the misses near"), ("clinc", "CLINC domains as apps")):
        mine, labels = scores[kinds == kind], y[kinds == kind]
        at = np.quantile(mine[labels == 0], 0.95)
        auc, recall = roc_auc_score(labels, mine), (mine[labels == 1] >= at).mean()
        lines.append(f"| {told} | {len(mine)} | {auc:.3f} | {recall:.3f} | {at:.2f} |")
    return lines


def _scope_model() -> LogisticRegression:
    return LogisticRegression(C=100, max_iter=2000, class_weight="balanced")


def _domain_rows(
    domain: str,
    *,
    clinc: list[dict[str, Any]],
    texts: list[str],
    domains: NDArray[np.str_],
    vectors: NDArray[np.float32],
    random: np.random.Generator,
) -> list[tuple[NDArray[np.float32], int, str, str]]:
    """A CLINC domain as an app: three examples an intent; its own requests are not part of the everyday ones."""
    own = np.flatnonzero(domains == domain)
    by_intent: dict[str, list[str]] = defaultdict(list)
    for index in own:
        by_intent[clinc[index]["label"]].append(texts[index])
    topics = tuple(Topic(intent.replace("_", " "), tuple(said[:3])) for intent, said in sorted(by_intent.items()))
    its_scope = Scope(f"Help with {domain.replace('_', ' ')}", topics, restrict=True)
    others = np.flatnonzero(domains != domain)
    everyday = vectors[random.choice(others, EVERYDAY, replace=False)]
    said = [text for several in by_intent.values() for text in several[3:]]
    inside = [said[i] for i in random.choice(len(said), 120, replace=False)]
    outside = [texts[i] for i in random.choice(others, 120, replace=False)]
    return [
        (scope.measures(text, its_scope, everyday), label, domain, "clinc")
        for label, chosen in enumerate((inside, outside))
        for text in chosen
    ]


if __name__ == "__main__":
    main()
