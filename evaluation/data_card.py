"""The figures that training measured on groups held out, read from the data card it writes."""

from dataclasses import dataclass
from pathlib import Path

from charter.screens import reader

CARD = reader.ARTIFACT.with_name("DATA_CARD.md")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the card, under the heading it stands under."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(path: Path = CARD) -> list[Table]:
    """Every table of a Markdown file, in order."""
    found: list[Table] = []
    heading, cells = "", []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            cells.append(tuple(cell.strip() for cell in line.strip().strip("|").split("|")))
            continue
        if len(cells) > 2:
            found.append(Table(heading, cells[0], tuple(cells[2:])))
        cells = []
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
    return found
