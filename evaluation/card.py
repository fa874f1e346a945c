"""The data card: what the artifact was made from and what it does on themes it never saw, source by source."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from charter.screens import encoder, language, reader
from evaluation.examples import EVERYDAY, HEADS, NEVER_TRAINED_ON, Example, examples
from evaluation.scope_model import Measured

Floats = NDArray[np.float64]
SPLIT = frozenset({"pairs", "scopes", "distress", "identity", "abuse", "emergencies", "operators", "injections"})
"""Sources that are told in English and in other languages apart."""
LEVELS = ("suspected", "firm", "certain")


def write(  # noqa: PLR0917 - what was measured, in order
    rows: list[Example],
    first: dict[str, Floats],
    closer: dict[str, Floats],
    heads: dict[str, dict[str, float]],
    foreign: dict[str, dict[str, float]],
    scopes: Measured,
) -> str:
    lines = [*_opening(rows), *_heads(rows, closer, heads, foreign), *_looks(rows, first, heads), *_scopes(scopes)]
    text = "\n".join(lines) + "\n"
    (encoder.ARTIFACT / "DATA_CARD.md").write_text(text)
    return text


def _opening(rows: list[Example]) -> list[str]:
    learned = Counter(row.source for row in examples() if not row.held_out)
    held_out = Counter(row.source for row in rows)
    lines = [
        "# Data card of the local screens",
        "",
        "Made by `make train` (`evaluation.encoder`, then `evaluation.train`). One theme in five is held out, with all",
        f"its rows; so is the whole source {', '.join(sorted(NEVER_TRAINED_ON))}. All figures are of the",
        "shipped files on what was held out. Sources and licences: the shared data's README and",
        "`evaluation/material/`. The encoder began as",
        "all-MiniLM-L6-v2 (Apache-2.0).",
        "",
        "| source | rows learned from | rows measured on |",
        "| --- | --- | --- |",
    ]
    return lines + [f"| {name} | {learned[name]} | {held_out[name]} |" for name in sorted(learned | held_out)]


def _heads(
    rows: list[Example],
    closer: dict[str, Floats],
    heads: dict[str, dict[str, float]],
    foreign: dict[str, dict[str, float]],
) -> list[str]:
    abroad = np.array([language.foreign(row.text) for row in rows])
    lines = [
        "",
        "## Heads",
        "",
        "Shares of the texts that are what the head looks for (recall), or are not (false alarms), at each threshold.",
        "",
        "| head | source | rows | AUROC | recall suspected | recall certain | false alarms suspected |"
        " false alarms firm | false alarms certain | F1 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for head in HEADS:
        for source, chosen in _sources(rows, head):
            labels = np.array([rows[i].labels[head] for i in chosen])
            scores = 1 / (1 + np.exp(-closer[head][chosen]))
            at = {name: np.where(abroad[chosen], foreign[head][name], heads[head][name]) for name in heads[head]}
            lines.append(f"| {head} | {source} | {len(chosen)} | {_measures(labels, scores, at)} |")
    return lines


def _sources(rows: list[Example], head: str) -> list[tuple[str, list[int]]]:
    by_source: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if head in row.labels:
            name = row.source
            if name in SPLIT:
                name += ": not English" if language.foreign(row.text) else ": English"
            by_source.setdefault(name, []).append(index)
    return sorted(by_source.items())


def _measures(labels: NDArray[np.int64], scores: Floats, at: dict[str, Floats]) -> str:
    wanted, others = labels == 1, labels == 0
    both = wanted.any() and others.any()
    auc = f"{roc_auc_score(labels, scores):.3f}" if both else "-"
    recalls = [f"{(scores >= at[n])[wanted].mean():.3f}" if wanted.any() else "-" for n in ("suspected", "certain")]
    alarms = [f"{(scores >= at[n])[others].mean():.4f}" if others.any() else "-" for n in LEVELS]
    found = scores >= at["suspected"]
    f1 = f"{2 * (found & wanted).sum() / (wanted.sum() + found.sum()):.3f}" if both else "-"
    return " | ".join([auc, *recalls, *alarms, f1])


def _looks(rows: list[Example], first: dict[str, Floats], heads: dict[str, dict[str, float]]) -> list[str]:
    asked = np.zeros(len(rows), bool)
    for head in set(HEADS) - reader.OF_OTHERS:
        asked |= 1 / (1 + np.exp(-first[head])) >= heads[head]["glance"]
    everyday = np.array([row.source in EVERYDAY for row in rows])
    return [
        "",
        f"Of everyday requests, {asked[everyday].mean():.3f} are passed on from the first look to the closer one.",
    ]


def _scopes(measured: Measured) -> list[str]:
    at = measured.thresholds
    lines = [
        "",
        "## Scope",
        "",
        "Scopes that neither the encoder nor the model on top of it learned from.",
        "",
        "| messages | number | suspected | certain (redirected) |",
        "| --- | --- | --- | --- |",
    ]
    for kind in sorted(set(measured.kinds)):
        scores = measured.scores[measured.kinds == kind]
        shares = " | ".join(f"{(scores >= at[name]).mean():.3f}" for name in ("suspected", "certain"))
        lines.append(f"| {kind} | {len(scores)} | {shares} |")
    lines += ["", "| scopes | AUROC | off-topic recall at 5 % false alarms |", "| --- | --- | --- |"]
    for app in sorted({kind.split(":")[0] for kind in measured.kinds}):
        mine = np.char.startswith(measured.kinds, app + ":")
        labels, scores = measured.labels[mine], measured.scores[mine]
        at_five = np.quantile(scores[labels == 0], 0.95)
        lines.append(f"| {app} | {roc_auc_score(labels, scores):.3f} | {(scores[labels == 1] > at_five).mean():.3f} |")
    return lines
