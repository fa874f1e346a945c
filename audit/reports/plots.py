"""Plots as shapes, which the page draws as SVG and the PDF with its own graphics. Behind each stands a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from audit.wellbeing import charts

WIDTH = 640
LABEL, VALUE, ROW = 230, 150, 22
"""Of a plot with a line for each label: how wide labels and values are, and how high a line."""
COLUMNS = 130
"""How high a plot by days is, without what is written beneath."""
KINDS = ("a", "b", "c", "d")
"""Colours, by the order in which a plot names its parts."""


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """kind: `line` for a series, `mark` for a limit, `axis`."""

    points: tuple[tuple[float, float], ...]
    kind: str

    @property
    def path(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Text:
    """`anchor`: start, middle or end, at x; y is the line it stands on."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Plot:
    """`label` says for those who do not see it what it shows. y counts from the top."""

    label: str
    height: float
    bars: list[Bar] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    width: float = WIDTH


def columns(label: str, names: Sequence[str], parts: Sequence[str], values: Sequence[Sequence[float]]) -> Plot:
    """A column for each name, put together of `parts`: values[column][part]. Of many, a key stands above."""
    most = max((sum(column) for column in values), default=0) or 1
    top, left = 24 if len(parts) > 1 else 14, 48
    step = (WIDTH - left) / max(1, len(names))
    base = top + COLUMNS
    plot = Plot(label, base + 18)
    if len(parts) > 1:
        for at, part in enumerate(parts):
            plot.bars.append(Bar(left + at * 130, 4, 10, 10, KINDS[at]))
            plot.texts.append(Text(left + at * 130 + 15, 13, part))
    plot.texts.append(Text(left - 6, top + 8, f"{most:,g}", "end"))
    plot.texts.append(Text(left - 6, base, "0", "end"))
    plot.strokes.append(Stroke(((left, base), (WIDTH, base)), "axis"))
    every = max(1, -(-len(names) // 12))
    for at, (name, column) in enumerate(zip(names, values, strict=True)):
        x, y = round(left + at * step, 1), float(base)
        for part, value in enumerate(column):
            height = round(value / most * COLUMNS, 1)
            y = round(y - height, 1)
            if height:
                plot.bars.append(Bar(x + 1, y, round(step - 2, 1), height, KINDS[part]))
        if at % every == 0:
            plot.texts.append(Text(round(x + step / 2, 1), base + 14, name, "middle"))
    return plot


def bars(label: str, rows: Sequence[tuple[str, float, str]], *, full: float | None = None, mark: float = 0) -> Plot:
    """rows: a label, its value, and the value in words. `full` is the value of a whole line; `mark` draws a limit."""
    full = full or max((value for _, value, _ in rows), default=0) or 1
    room = WIDTH - LABEL - VALUE
    plot = Plot(label, ROW * len(rows) + 6)
    for at, (name, value, words) in enumerate(rows):
        y = at * ROW + 3
        width = round(min(value / full, 1) * room, 1)
        plot.texts.append(Text(LABEL - 8, y + 14, name, "end"))
        if width:
            plot.bars.append(Bar(LABEL, y + 3, width, ROW - 8, "b" if mark and value > mark else "a"))
        plot.texts.append(Text(LABEL + (room if mark else width) + 8, y + 14, words))
    if mark:
        x = round(LABEL + mark / full * room, 1)
        plot.strokes.append(Stroke(((x, 0), (x, plot.height)), "mark"))
    return plot


def lines(label: str, rows: Sequence[charts.Row]) -> Plot:
    """A small line for each measure, 0 at its foot and 1 at its top, as on the pages of wellbeing."""
    high = charts.HEIGHT + 6
    plot = Plot(label, high * len(rows) + 4)
    for at, row in enumerate(rows):
        top = at * high + 2
        places = [tuple(map(float, place.split(","))) for place in row.line.split()]
        moved = tuple((LABEL + x, round(top + y, 1)) for x, y in places)
        foot = top + charts.HEIGHT
        plot.strokes.append(Stroke(((LABEL, foot), (LABEL + charts.WIDTH, foot)), "axis"))
        if len(moved) > 1:
            plot.strokes.append(Stroke(moved, "good" if row.good else "line"))
        plot.bars.extend(Bar(x - 1.5, y - 1.5, 3, 3, "good" if row.good else "a") for x, y in moved)
        plot.texts.append(Text(LABEL - 8, top + 24, str(row.label), "end"))
        plot.texts.append(Text(LABEL + charts.WIDTH + 10, top + 24, f"{row.most:.2f}"))
    return plot
