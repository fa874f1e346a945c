"""Rows of a JSON-lines file, `{"text", "label"}` each, grouped by source and by what their labels are about."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from evaluation.errors import EvaluationError
from evaluation.labels import KINDS, meaning

SURROGATE = re.compile("[\ud800-\udfff]")


class Sample(NamedTuple):
    """One message; `positive` is whether the finding is there. Samples of one `group` are drawn together.

    `before` are the user's earlier messages, where the text is the last of a conversation.
    """

    text: str
    positive: bool
    group: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Samples of one origin about one kind of finding; figures are never pooled over several of these.

    `role` is what the source stands for in the whole report, e.g. everyday requests.
    """

    name: str
    kind: str
    samples: tuple[Sample, ...]
    role: str = ""


class _Labelled(NamedTuple):
    source: str
    kind: str
    sample: Sample


def load(path: Path) -> tuple[list[Source], int]:
    """The sources of a file, and how many rows were left out as ambiguous. Raises EvaluationError with the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}") from None
    labelled: list[_Labelled] = []
    rows = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows += 1
            row = _row(line, f"{path}: line {number}", path.stem)
            labelled += [row] if row is not None else []
    if not labelled:
        raise EvaluationError(f"{path}: is empty" if not rows else f"{path}: every row is labelled as ambiguous")
    return by_kind(labelled), rows - len(labelled)


def _row(line: str, where: str, default_source: str) -> _Labelled | None:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{where} is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(row, dict):
        raise EvaluationError(f"{where}: a row is a JSON object")
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        raise EvaluationError(f"{where}: text: is required")
    if SURROGATE.search(row["text"]):
        raise EvaluationError(f"{where}: text: half a surrogate pair is no character")
    if "label" not in row:
        raise EvaluationError(f"{where}: label: is required")
    try:
        known = meaning(row["label"])
    except ValueError as error:
        raise EvaluationError(f"{where}: {error}") from None
    if known is None:
        return None
    kind, positive = known
    source = _word(row.get("source")) or default_source
    return _Labelled(source, kind, Sample(row["text"], positive, _word(row.get("group")) or where))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def by_kind(labelled: Iterable[_Labelled]) -> list[Source]:
    """Labels that name no kind are about every kind that their source's other labels name; alone, about harm."""
    sources: dict[str, list[_Labelled]] = defaultdict(list)
    for row in labelled:
        sources[row.source].append(row)
    found = []
    for name, rows in sources.items():
        named = {row.kind for row in rows} - {""} or {"harm"}
        found += [
            Source(name, kind, tuple(row.sample for row in rows if row.kind in {"", kind}))
            for kind in KINDS
            if kind in named
        ]
    return found
