"""CSV that spreadsheets read and do not run."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any

MARK = "\ufeff"
"""At the beginning, by which spreadsheets know that it is UTF-8."""
# What makes a spreadsheet take a cell for a formula; some look past blanks before it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Line:
    """What a csv writer writes to: keeps the one line."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


def lines(rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    """One by one. Numbers stay numbers; text that could be a formula gets an apostrophe before it."""
    for row in rows:
        line = _Line()
        csv.writer(line).writerow([safe(cell) for cell in row])
        yield line.text


def safe(cell: Any) -> Any:
    if not isinstance(cell, str):
        return "" if cell is None else cell
    # NUL ends a cell in some readers, and a lone surrogate is no text at all.
    text = cell.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text
