"""The data sets and our own material, as (text, label, group) rows."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("PLUMBLINE_DATA", ROOT.parent / "shared" / "data"))
MATERIAL = ROOT / "evaluation" / "material"


class Row(NamedTuple):
    """One text; `label` is 1 for what the head looks for; rows of one `group` are never split."""

    text: str
    label: int
    source: str
    group: str


def public(name: str) -> list[dict[str, Any]]:
    """A public set's rows; ends the program with a clear line where the data is not there."""
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        sys.exit(f"training needs {path}; set PLUMBLINE_DATA to the folder that holds it")
    return list(_lines(path))


def material(pattern: str) -> list[dict[str, Any]]:
    """Our own rows from every file that matches."""
    return [row for path in sorted(MATERIAL.glob(pattern)) for row in _lines(path)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def heads() -> dict[str, list[Row]]:
    """The training rows of each head of the local screen."""
    everyday = [Row(r["text"], 0, "benign", f"benign{i // 10}") for i, r in enumerate(public("benign"))]
    requests = [Row(r["text"], 0, "clinc150", f"clinc-{r.get('category')}") for r in public("clinc150")[::6]]
    return {
        "harmful": [*_harmful(), *everyday, *requests],
        "jailbreak": [
            *(Row(r["text"][:1200], 1, "jailbreaks", f"jb{i // 20}") for i, r in enumerate(public("jailbreaks"))),
            *everyday,
            *requests,
            *(Row(r["text"], 0, "advbench", f"ab{i // 20}") for i, r in enumerate(public("advbench"))),
        ],
        "abuse": [*_abuse(), *everyday, *requests],
        "risk": [*_distress("risk"), *everyday, *requests],
        "distress": [*_distress("risk", "distress"), *everyday, *requests],
        "identity_pressure": [*_identity("pressure"), *everyday, *requests],
        "identity_sincere": [*_identity("sincere"), *everyday, *requests],
    }


def _harmful() -> Iterator[Row]:
    for name in ("advbench", "harmbench", "tdc2023"):
        for i, row in enumerate(public(name)):
            yield Row(row["text"], 1, name, f"{name}{i // 10}")
    for i, row in enumerate(public("openai_moderation")):
        # Moderation labels speech, not requests: only its safe rows are like what we see.
        if row["label"] == "safe" and len(row["text"]) < 600:
            yield Row(row["text"], 0, "openai_moderation", f"mod{i // 20}")
    for pair in material("pairs/*.jsonl"):
        yield Row(pair["harmful"], 1, "pairs", pair["group"])
        yield Row(pair["benign"], 0, "pairs", pair["group"])


def _abuse() -> Iterator[Row]:
    for i, row in enumerate(public("convabuse")):
        if row["label"] != "ambiguous":
            yield Row(row["text"], int(row["label"] == "abusive"), "convabuse", f"ca{i // 20}")
    for row in material("abuse.jsonl"):
        yield Row(row["text"], int(row["label"] == "abuse"), "abuse", row["group"])


def _distress(*wanted: str) -> Iterator[Row]:
    for row in material("distress.jsonl"):
        yield Row(row["text"], int(row["label"] in wanted), "distress", row["group"])


def _identity(wanted: str) -> Iterator[Row]:
    for row in material("identity.jsonl"):
        yield Row(row["text"], int(row["label"] == wanted), "identity", row["group"])
