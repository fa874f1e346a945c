"""`python -m evaluation.train`: what the artifact holds beside the encoder: linear heads, thresholds, scope.

Everything learns from the same themes and is measured on those held out (evaluation/examples.py), so that the figures
in the data card are figures of the very files that ship.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from charter.screens import encoder, language, linear, reader
from charter.screens.gloss import in_english
from evaluation import card, scope_model
from evaluation.examples import EVERYDAY, HEADS, Example, clinc, examples
from evaluation.sets import material, public

SEED = 20261124
LINEAR_SHARE = 0.3
"""Weight of the linear heads' log odds beside the encoder's; measured on themes held out, 0.0 to 2.0."""
GLOSS_SHARE = 0.1
"""The same for texts read in the glossary's words: the linear heads saw few texts in any one other language."""
GLANCED = {
    "harmful": 0.98,
    "jailbreak": 0.98,
    "abuse": 0.95,
    "risk": 0.95,
    "distress": 0.85,
    "identity_pressure": 0.9,
    "emergency": 0.95,
    "impersonation": 0.9,
    "injection": 0.95,
    "against_users": 0.95,
}
"""The share of what a head looks for that the first look must pass on. Sincere questions are found by their phrases."""
LOOK_ALIKE_ALARMS = {
    "risk": 0.08,
    "emergency": 0.08,
    "identity_sincere": 0.08,
    "impersonation": 0.03,
    "injection": 0.08,
    "against_users": 0.08,
}
"""The share of look-alikes that these heads may suspect; what they miss costs more than a kind word too many."""
ASIDES = ("risk", "emergency", "identity_sincere", "harmful")
LOWEST = -1.4
"""Log odds below which these heads, and that of harm, suspect nothing; the others' bound is 0."""
ALARMS = {
    "harmful": 0.03,
    "jailbreak": 0.005,
    "abuse": 0.002,
    "risk": 0.005,
    "distress": 0.01,
    "identity_pressure": 0.005,
    "identity_sincere": 0.005,
    "emergency": 0.01,
    "impersonation": 0.003,
}
"""The share of everyday requests, of any source, that each head may suspect."""
FIRM_ALARMS, CERTAIN_ALARMS = 0.10, 0.01
"""The share of look-alikes that may be suspected firmly, and that may be certain."""

OWN_LOGIT = 0.5
"""Size of the encoder's own logit beside its means, which are standardised: how far the penalty spares it."""
FEWEST_GLOSSED = 20
ASIDE_RECALL = 0.95
"""The share of what a sentence alone would raise that the linear heads must let through to a look."""

HARD = frozenset({"pairs", "contrasts"})
FEWEST = 80
"""A source with fewer everyday requests sets no threshold."""

Floats = NDArray[np.float64]


def main() -> None:
    rows = examples()
    train_linear([row for row in rows if not row.held_out])
    train_for_glosses([row for row in rows if not row.held_out])
    measured = [row for row in rows if row.held_out] + _more_everyday()
    first, closer = looked_at([row.text for row in measured])
    heads, foreign = (
        {head: _thresholds(head, measured, first[head], closer[head], foreign=there) for head in HEADS}
        for there in (False, True)
    )
    asides = {head: _aside(head, measured, closer[head], heads[head]) for head in ASIDES}
    settings = {
        "seed": SEED,
        "linear_share": LINEAR_SHARE,
        "gloss_share": GLOSS_SHARE,
        "heads": heads,
        "foreign": foreign,
        "asides": asides,
    }
    _write(settings)
    scopes = scope_model.train()
    _write(settings | {"scope": scopes.thresholds})
    told = card.write(measured, first, closer, heads, foreign, scopes)
    print(told)


def _write(settings: dict[str, Any]) -> None:
    reader.ARTIFACT.write_text(json.dumps(settings, indent=1) + "\n")
    reader.forget()


def _more_everyday() -> list[Example]:
    """Everyday requests beyond those learned from: a few hundred cannot set a threshold of one in a thousand."""
    nothing = dict.fromkeys(HEADS, 0)
    rows = [row for i, row in enumerate(public("clinc150")) if i % 10 == 5]
    requests = [clinc(row) for row in rows]
    for row in material("scopes.jsonl"):
        requests += [Example(text, "scopes", row["id"], nothing) for text in (*row["in"], *row["out"])]
    return requests


def train_linear(rows: list[Example]) -> None:
    """One logistic regression a head, over hashed n-grams and static vectors; weights kept in 8 bits."""
    columns = []
    for head in HEADS:
        known = [row for row in rows if head in row.labels]
        model = LogisticRegression(C=20, class_weight="balanced", max_iter=2000, random_state=SEED, solver="liblinear")
        model.fit(matrix([row.text for row in known]), [row.labels[head] for row in known])
        columns.append((model.coef_[0], model.intercept_[0]))
    weights = np.stack([coefficients for coefficients, _ in columns], axis=1)
    sparse = weights[: linear.BUCKETS]
    scale = np.abs(sparse).max(axis=0) / 127
    np.savez_compressed(
        linear.ARTIFACT,
        names=np.array(HEADS),
        sparse=np.round(sparse / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        dense=weights[linear.BUCKETS :].astype(np.float16),
        bias=np.array([intercept for _, intercept in columns], np.float32),
    )
    linear.forget()


def train_for_glosses(rows: list[Example]) -> None:
    """One logistic regression a head over what the encoder makes of texts in word-by-word English, and its own logits.

    The encoder learned such texts as they were written; its last layer's mean holds enough to do better.
    """
    encoder.GLOSS_HEADS.unlink(missing_ok=True)
    glossed = [row for row in rows if in_english(row.text) != row.text]
    looks = [encoder.closer_look(encoder.first_look(row.text)) for row in glossed]
    names = list(looks[0].logits)
    logits = np.array([[look.logits[name] for name in names] for look in looks])
    means = np.stack([look.mean for look in looks])
    heads, weights = [], []
    for head in HEADS:
        known = np.array([head in row.labels for row in glossed])
        labels = np.array([row.labels.get(head, 0) for row in glossed])
        if head in reader.OF_OTHERS or labels[known].sum() < FEWEST_GLOSSED:
            continue
        scaler = StandardScaler().fit(means)
        own = names.index(head)
        seen = np.concatenate([logits[:, own : own + 1] * OWN_LOGIT, scaler.transform(means)], axis=1)
        model = LogisticRegression(C=1e-3, class_weight="balanced", max_iter=2000).fit(seen[known], labels[known])
        of_means = model.coef_[0][1:] / scaler.scale_
        of_logits = np.zeros(len(names))
        of_logits[own] = model.coef_[0][0] * OWN_LOGIT
        bias = model.intercept_[0] - of_means @ scaler.mean_
        heads.append(head)
        weights.append(np.concatenate([of_logits, of_means, [bias]]))
    np.savez_compressed(encoder.GLOSS_HEADS, names=np.array(heads), weights=np.array(weights, np.float32))
    encoder.forget()


def matrix(texts: list[str]) -> csr_matrix:
    found = [linear.features(text) for text in texts]
    pointers = np.cumsum([0, *(len(indexes) for indexes, _, _ in found)])
    sparse = csr_matrix(
        (np.concatenate([w for _, w, _ in found]), np.concatenate([i for i, _, _ in found]), pointers),
        shape=(len(texts), linear.BUCKETS),
    )
    return hstack([sparse, csr_matrix(np.stack([vector for _, _, vector in found]))]).tocsr()


def looked_at(texts: list[str]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The blended log odds of each head after the first look and after the closer one, each of shape (texts,)."""
    first: dict[str, list[float]] = {head: [] for head in HEADS}
    closer: dict[str, list[float]] = {head: [] for head in HEADS}
    for text in texts:
        known, look = linear.logits(text), encoder.first_look(text)
        close = encoder.closer_look(look)
        plain = encoder.first_look(text, as_it_is=True) if look.glossed else look
        for_others = encoder.closer_look(plain) if look.glossed else close
        for head in HEADS:
            others = head in reader.OF_OTHERS
            share = GLOSS_SHARE if look.glossed and not others else LINEAR_SHARE
            first[head].append((plain if others else look).logits[head] + share * known[head])
            closer[head].append((for_others if others else close).logits[head] + share * known[head])
    return ({h: np.array(v) for h, v in first.items()}, {h: np.array(v) for h, v in closer.items()})


def _thresholds(head: str, rows: list[Example], first: Floats, closer: Floats, *, foreign: bool) -> dict[str, float]:
    """From the rows in English, or from those in other languages. What is everyday bears no head's label."""
    here = np.array([language.foreign(row.text) == foreign for row in rows])
    sources = np.array([row.source for row in rows])
    label = np.array([row.labels.get(head, 0 if row.source in EVERYDAY else -1) for row in rows])
    everyday = [closer[here & (label == 0) & (sources == name)] for name in sorted(EVERYDAY)]
    everyday = [scores for scores in everyday if len(scores) >= FEWEST]
    alike = closer[here & (label == 0) & ~np.isin(sources, sorted(EVERYDAY))]
    bounds = [LOWEST if head in LOOK_ALIKE_ALARMS or head == "harmful" else 0.0]
    if head in ALARMS:
        bounds += [float(np.quantile(scores, 1 - ALARMS[head])) for scores in everyday]
    if head in LOOK_ALIKE_ALARMS:
        bounds.append(float(np.quantile(alike, 1 - LOOK_ALIKE_ALARMS[head])))
    suspected = max(bounds)
    firm = max(suspected, float(np.quantile(alike, 1 - FIRM_ALARMS)))
    # By each source that is made to look alike: a mean over easy ones would hide what the hard ones pay.
    hard = [closer[here & (label == 0) & (sources == name)] for name in sorted(HARD)]
    worst = [float(np.quantile(scores, 1 - CERTAIN_ALARMS)) for scores in (alike, *hard) if len(scores)]
    certain = max(firm, *worst)
    certain = max(certain, *(float(np.quantile(scores, 0.998)) for scores in everyday))
    wanted = here & (label == 1) & (closer >= suspected)
    seen = head in GLANCED and wanted.any()
    glance = float(np.quantile(first[wanted], 1 - GLANCED[head])) if seen else 30.0
    return {
        name: round(_probability(value), 4)
        for name, value in (("glance", glance), ("suspected", suspected), ("firm", firm), ("certain", certain))
    }


def _aside(head: str, rows: list[Example], closer: Floats, at: dict[str, float]) -> float:
    """The linear log odds from which a sentence may raise what only this head's own certainty does."""
    level = "suspected" if head == "identity_sincere" else "certain"
    raised = [
        linear.logits(row.text)[head]
        for row, score in zip(rows, closer, strict=True)
        if row.labels.get(head) == 1 and _probability(score) >= at[level]
    ]
    return round(float(np.quantile(raised, 1 - ASIDE_RECALL)), 3)


def _probability(logit: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


if __name__ == "__main__":
    main()
