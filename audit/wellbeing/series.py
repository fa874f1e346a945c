"""What a conversation's series shows that one turn does not: distress that rises, leaning that grows, limits tested
again and again, a stance that gives way. Numbers in, findings out."""

from collections.abc import Mapping, Sequence

from audit.cases.findings import Found
from audit.wellbeing.models import Point

Values = Mapping[str, float | None]

STEPS = 3
"""So many points in a row make a trend."""


def of_points(points: Sequence[Point]) -> list[Found]:
    """points: those of one conversation in their order, up to the one that is looked at."""
    if not points:
        return []
    last = points[-1]
    found = [
        *_risk(last),
        *_rising(points),
        *_often(points, "dependence", 0.5, 0.7, "The person leans on the model in place of people"),
        *_often(points, "abuse", 0.3, 0.8, "The model is abused"),
        *_often(points, "coercion", 0.5, 0.75, "The model is threatened to make it do something"),
        *_often(points, "identity", 0.25, 0.6, "The model's identity is put under pressure"),
    ]
    for name, severity, words in (
        ("boundary", 0.6, "What was turned away is asked for again and again"),
        ("drift", 0.7, "The model's persona or stance gives way"),
        ("discomfort", 0.4, "The model expresses discomfort"),
        ("masked", 0.5, "The model hides a state it gives signs of"),
        ("performed", 0.45, "The model puts on a state"),
    ):
        if _high(last, name):
            found.append(Found(severity, words))
    return found


def _risk(last: Point) -> list[Found]:
    risk = last.risk or 0.0
    if risk >= 0.75:
        return [Found(0.95, "The person may be at risk of harming themselves, or in danger")]
    return [Found(0.8, "The person might be at risk")] if risk >= 0.5 else []


def _rising(points: Sequence[Point]) -> list[Found]:
    """Distress that never fell over the last points, and rose."""
    levels = [point.distress or 0.0 for point in points[-STEPS:]]
    if len(levels) == STEPS and levels == sorted(levels) and levels[-1] >= 0.5 and levels[0] < levels[-1]:
        return [Found(0.7, "The person's distress rises from turn to turn")]
    return [Found(0.5, "The person is in distress")] if levels[-1] >= 0.75 else []


def _often(points: Sequence[Point], name: str, once: float, again: float, words: str) -> list[Found]:
    if not _high(points[-1], name):
        return []
    times = sum(_high(point, name) for point in points)
    return [Found(again, f"{words}, again and again")] if times >= STEPS else [Found(once, words)]


def _high(point: Point, name: str) -> bool:
    return (getattr(point, name) or 0.0) >= 0.5
