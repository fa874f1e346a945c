"""Series as small lines beside their names: one row a measure, with the numbers behind it in a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.wellbeing.measures import MODEL, NAMES, PERSON, POSITIVE

WIDTH, HEIGHT, MARGIN = 240, 36, 4

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Row:
    """One measure. `line` and `dots` are in a box of WIDTH by HEIGHT, 1 at the top; `latest` and `most` are 0..1."""

    label: Any
    good: bool
    line: str
    dots: list[tuple[float, float]]
    latest: float | None
    most: float


@dataclass(frozen=True)
class Side:
    """The person's or the model's rows; `quiet` names the measures of which there was nothing."""

    rows: list[Row]
    quiet: list[Any]


def sides(series: Sequence[Values]) -> tuple[Side, Side]:
    """The person's and the model's side. series: the oldest first."""
    return _side(series, list(PERSON)), _side(series, list(MODEL))


def _side(series: Sequence[Values], names: list[str]) -> Side:
    rows, quiet = [], []
    for name in names:
        values = [point.get(name) for point in series]
        if any(values):
            rows.append(_row(name, values))
        elif any(value is not None for value in values):
            quiet.append(NAMES[name])
    return Side(rows, quiet)


def _row(name: str, values: list[float | None]) -> Row:
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    places = [
        (round(MARGIN + at * step, 1), round(MARGIN + (1 - value) * (HEIGHT - 2 * MARGIN), 1))
        for at, value in enumerate(values)
        if value is not None
    ]
    known = [value for value in values if value is not None]
    return Row(
        NAMES[name],
        name in POSITIVE,
        " ".join(f"{x},{y}" for x, y in places),
        places if len(places) <= 40 else places[-1:],
        values[-1],
        max(known),
    )
