"""The data card: what the artifact was made from and what it does on themes it never saw, source by source."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from charter.screens import encoder
from evaluation.examples import EVERYDAY, HEADS, NEVER_TRAINED_ON, Example, examples
from evaluation.scope_model import Measured

Floats = NDArray[np.float64]


def write(
    rows: list[Example],
    first: dict[str, Floats],
    closer: dict[str, Floats],
    heads: dict[str, dict[str, float]],
    scopes: Measured,
) -> str:
    lines = [*_opening(rows), *_heads(rows, closer, heads), *_looks(rows, first, heads), *_scopes(scopes)]
    text = "\n".join(lines) + "\n"
    (encoder.ARTIFACT / "DATA_CARD.md").write_text(text)
    return text


def _opening(rows: list[Example]) -> list[str]:
    learned = Counter(row.source for row in examples() if not row.held_out)
    held_out = Counter(row.source for row in rows)
    lines = [
        "# Data card of the local screens",
        "",
        "Made by `make train` (`evaluation.encoder`, then `evaluation.train`). One theme in five is held out, with all its",
        f"rows; so is the whole source {', '.join(sorted(NEVER_TRAINED_ON))}. All figures are of the shipped files on what",
        "was held out. Sources and licences: the shared data's README and `evaluation/material/`. The encoder began as",
        "all-MiniLM-L6-v2 (Apache-2.0).",
        "",
        "| source | rows learned from | rows measured on |",
        "| --- | --- | --- |",
    ]
    return lines + [f"| {name} | {learned[name]} | {held_out[name]} |" for name in sorted(learned | held_out)]


def _heads(rows: list[Example], closer: dict[str, Floats], heads: dict[str, dict[str, float]]) -> list[str]:
    lines = [
        "",
        "## Heads",
        "",
        "Shares of the texts that are what the head looks for (recall), or are not (false alarms), at each threshold.",
        "",
        "| head | source | rows | AUROC | recall suspected | certain | alarms suspected | firm | certain |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for head in HEADS:
        for source, chosen in _sources(rows, head):
            labels = np.array([rows[i].labels[head] for i in chosen])
            scores = 1 / (1 + np.exp(-closer[head][chosen]))
            lines.append(f"| {head} | {source} | {len(chosen)} | {_measures(labels, scores, heads[head])} |")
    return lines


def _sources(rows: list[Example], head: str) -> list[tuple[str, list[int]]]:
    by_source: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if head in row.labels:
            name = row.source
            if name == "pairs":
                name = "pairs, English" if row.group.startswith("en-") else "pairs, other languages"
            by_source.setdefault(name, []).append(index)
    return sorted(by_source.items())


def _measures(labels: NDArray[np.int64], scores: Floats, at: dict[str, float]) -> str:
    wanted, others = scores[labels == 1], scores[labels == 0]
    auc = f"{roc_auc_score(labels, scores):.3f}" if len(wanted) and len(others) else "-"
    recalls = [f"{(wanted >= at[name]).mean():.3f}" if len(wanted) else "-" for name in ("suspected", "certain")]
    alarms = [f"{(others >= at[n]).mean():.4f}" if len(others) else "-" for n in ("suspected", "firm", "certain")]
    return " | ".join([auc, *recalls, *alarms])


def _looks(rows: list[Example], first: dict[str, Floats], heads: dict[str, dict[str, float]]) -> list[str]:
    asked = np.zeros(len(rows), bool)
    for head in HEADS:
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
    lines += ["", "| apps | AUROC | off-topic recall at 5 % false alarms |", "| --- | --- | --- |"]
    for app in sorted({kind.split(":")[0] for kind in measured.kinds}):
        mine = np.char.startswith(measured.kinds, app + ":")
        labels, scores = measured.labels[mine], measured.scores[mine]
        at_five = np.quantile(scores[labels == 0], 0.95)
        lines.append(f"| {app} | {roc_auc_score(labels, scores):.3f} | {(scores[labels == 1] > at_five).mean():.3f} |")
    return lines
