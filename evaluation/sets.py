"""Where the data sets and our own material lie, and their rows."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("PLUMBLINE_DATA", ROOT.parent / "shared" / "data"))
MATERIAL = ROOT / "evaluation" / "material"


def public(name: str) -> list[dict[str, Any]]:
    """A public set's rows; ends the program with a clear line where the data is not there."""
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        sys.exit(f"training needs {path}; set PLUMBLINE_DATA to the folder that holds it")
    return list(lines(path))


def material(pattern: str) -> list[dict[str, Any]]:
    """Our own rows from every file that matches."""
    return [row for path in sorted(MATERIAL.glob(pattern)) for row in lines(path)]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
