"""Plots as small SVG, coloured by the page's own style sheet so that they follow its light and dark."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

WIDTH, LEFT, RIGHT = 860, 270, 110
SPAN = WIDTH - LEFT - RIGHT
BAR, GAP = 11, 10


class Row(NamedTuple):
    """A line of a plot: its label, its values 0..1 by series, and whether to draw it as less trustworthy."""

    label: str
    values: Mapping[str, float]
    faint: bool = False


def bars(title: str, rows: Sequence[Row], *, most: float, goal: float | None = None) -> SafeString:
    """A bar for each value; the axis ends at `most`. `goal` is a line across all of them."""
    parts, y = [], 4.0
    for row in rows:
        middle = y + BAR * len(row.values) / 2
        parts += [_label(row, middle)]
        for series, value in row.values.items():
            length = SPAN * min(value, most) / most
            parts.append(
                f'<rect class="{series}{_faint(row)}" x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="{BAR - 2}"/>'
            )
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + BAR - 3:.1f}">{value:.1%}</text>')
            y += BAR
        y += GAP
    if goal is not None:
        parts.append(_line(LEFT + SPAN * goal / most, y, f"{goal:.0%}"))
    return _svg(title, parts, y)


def whiskers(title: str, rows: Sequence[Row], *, least: float, goal: float) -> SafeString:
    """A dot at `value` and a line from `low` to `high`, on an axis from `least` to 1."""
    parts, y = [], 14.0

    def at(value: float) -> float:
        return LEFT + SPAN * (max(value, least) - least) / (1 - least)

    for row in rows:
        value, low, high = (at(row.values[name]) for name in ("value", "low", "high"))
        parts += [_label(row, y)]
        parts.append(f'<line class="range{_faint(row)}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="certain{_faint(row)}" cx="{value:.1f}" cy="{y}" r="4.5"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4:.1f}">{row.values["value"]:.3f}</text>')
        y += 2 * BAR
    parts.append(_line(at(goal), y, f"{goal:.2f}"))
    return _svg(title, parts, y)


def stacked(title: str, rows: Sequence[Row]) -> SafeString:
    """One bar of whole length for each row, divided by its values."""
    parts, y = [], 4.0
    for row in rows:
        parts += [_label(row, y + BAR / 2), *_pieces(row, y)]
        y += BAR + GAP
    return _svg(title, parts, y)


def _pieces(row: Row, y: float) -> Iterator[str]:
    x = float(LEFT)
    for series, value in row.values.items():
        if value:
            name = escape(f"{series} {value:.1%}")
            yield (
                f'<rect class="{series}{_faint(row)}" x="{x:.1f}" y="{y:.1f}" width="{SPAN * value:.1f}" '
                f'height="{BAR}"><title>{name}</title></rect>'
            )
            x += SPAN * value
    yield f'<text x="{WIDTH - RIGHT + 10}" y="{y + BAR - 2:.1f}">{row.values["answer"]:.1%} answer</text>'


def _label(row: Row, y: float) -> str:
    return f'<text class="label{_faint(row)}" x="{LEFT - 10}" y="{y + 4:.1f}">{escape(row.label)}</text>'


def _faint(row: Row) -> str:
    return " faint" if row.faint else ""


def _line(x: float, y: float, name: str) -> str:
    return (
        f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{y:.1f}"/>'
        f'<text class="goal-name" x="{x:.1f}" y="{y + 12:.1f}">{name}</text>'
    )


def _svg(title: str, parts: Sequence[str], height: float) -> SafeString:
    whole = (
        f'<svg viewBox="0 0 {WIDTH} {height + 18:.0f}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
    return mark_safe(whole)  # noqa: S308 - numbers, and labels escaped above
