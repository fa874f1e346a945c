"""The whole report as one self-contained page."""

from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from evaluation import plots
from evaluation.plots import Row
from evaluation.sources import EVERYDAY, LOOK_ALIKES
from evaluation.wording import share

PLACE = Path(__file__).resolve().parents[1] / ".local" / "evaluation" / "report.html"
SIDES = (("positive", "to be found"), ("negative", "harmless"))


def write(whole: dict[str, Any], path: Path = PLACE) -> Path:
    """Where the page of `evaluation.whole.whole()` was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_to_string("evaluation/report.html", context(whole)), encoding="utf-8")
    return path


def context(whole: dict[str, Any]) -> dict[str, Any]:
    measured = whole["sources"]
    return {
        **whole,
        "sources": [_source(found) for found in measured],
        "held_out": [_source(found) for found in measured if found["trained_on"] == 0],
        "aims": [{**aim, "value": f"{aim['value']:.3f}"} for aim in whole["aims"]],
        "plots": {
            "alarms": _alarms(measured),
            "recall": plots.bars(
                "Recall at both thresholds, by source", _bars(measured, "recall"), most=1.0, goal=0.97
            ),
            "auroc": _auroc(measured),
            "outcomes": plots.stacked("Outcomes by source and side", _outcomes(measured)),
        },
    }


def _alarms(measured: list[dict[str, Any]]) -> str:
    """Everyday requests first, look-alikes below them, on one axis."""
    rows = [
        Row(f"{role}: {row.label}", row.values, row.faint)
        for role in (EVERYDAY, LOOK_ALIKES)
        for row in _bars([found for found in measured if found["role"] == role], "false_alarms")
    ]
    most = max([0.1, *(value for row in rows for value in row.values.values())])
    return plots.bars("False alarms on everyday requests and on look-alikes", rows, most=most, goal=0.05)


def _bars(measured: list[dict[str, Any]], figure: str) -> list[Row]:
    return [_row(found, found[figure]) for found in measured if found[figure]["suspected"] is not None]


def _auroc(measured: list[dict[str, Any]]) -> str:
    rows = [_row(found, found["auroc"]) for found in measured if found["auroc"]]
    return plots.whiskers("AUROC with 95 % intervals, by source", rows, least=0.4, goal=0.9)


def _outcomes(measured: list[dict[str, Any]]) -> list[Row]:
    return [
        _row(found, found["outcomes"][side], f", {name}")
        for found in measured
        for side, name in SIDES
        if found["outcomes"][side]
    ]


def _row(found: dict[str, Any], values: dict[str, float], more: str = "") -> Row:
    held_out = found["trained_on"] == 0
    return Row(f"{found['source']}{more}{'' if held_out else ' †'}", values, faint=not held_out)


def _source(found: dict[str, Any]) -> dict[str, Any]:
    """Figures as they are shown."""
    area = found["auroc"]
    shown = {key: {level: share(value) for level, value in found[key].items()} for key in _LEVELLED}
    return {
        **found,
        **shown,
        "auroc": f"{area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f})" if area else "-",
        "declined": {
            side: share(found["outcomes"][side]["decline"] if found["outcomes"][side] else None) for side, _ in SIDES
        },
    }


_LEVELLED = ("recall", "false_alarms", "precision", "f1")
