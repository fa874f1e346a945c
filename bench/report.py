"""Rounds of a bench made into one table, for the screen and for README.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- results: written by bench/run.py -->", "<!-- end of results -->"
HEADINGS = (
    "model answers after | mode | connections | pass-through, requests/s | Plumbline's path, requests/s | ratio "
    "| with reviews, requests/s | pass-through p50 / p99, ms | path p50 / p99, ms | pass-through CPU, ms a request "
    "| path's web CPU | path's CPU in all"
)


def cells(rounds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One cell for each delay, mode and number of connections: medians of its rounds, with least and most."""
    grouped: dict[tuple[float, str, int], dict[str, list[dict[str, Any]]]] = {}
    for entry in rounds:
        key = (entry["delay_ms"], entry["mode"], entry["connections"])
        grouped.setdefault(key, {}).setdefault(entry["target"], []).append(entry)
    return [_cell(key, targets) for key, targets in sorted(grouped.items())]


def _cell(key: tuple[float, str, int], targets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    cell: dict[str, Any] = dict(zip(("delay_ms", "mode", "connections"), key, strict=True))
    for target, entries in targets.items():
        measures: dict[str, Any] = {name: median(entry[name] for entry in entries) for name in ("p50_ms", "p99_ms")}
        kinds = sorted({kind for entry in entries for kind in entry["cpu_ms"]})
        measures["cpu_ms"] = {kind: round(median(e["cpu_ms"].get(kind, 0) for e in entries), 3) for kind in kinds}
        cell[target] = {"requests_per_second": spread([e["requests_per_second"] for e in entries]), **measures}
    if {"path", "passthrough"} <= targets.keys():
        pairs = zip(targets["path"], targets["passthrough"], strict=True)
        cell["ratio"] = spread([ours["requests_per_second"] / bare["requests_per_second"] for ours, bare in pairs], 3)
    return cell


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    numbers = {"median": median(values), "least": min(values), "most": max(values)}
    return {name: round(number, digits) for name, number in numbers.items()}


def table(measured: Sequence[dict[str, Any]]) -> str:
    rows = [f"| {HEADINGS} |", "| " + " | ".join(["---"] * len(HEADINGS.split(" | "))) + " |"]
    for cell in measured:
        bare, path, whole = cell["passthrough"], cell["path"], cell["plumbline"]
        texts = [f"{cell['delay_ms']:g} ms", cell["mode"], str(cell["connections"])]
        texts += [_rate(bare), _rate(path), _ratio(cell["ratio"]), _rate(whole), _times(bare), _times(path)]
        texts += [f"{bare['cpu_ms']['web']:.2f}", f"{path['cpu_ms']['web']:.2f}", f"{sum(path['cpu_ms'].values()):.2f}"]
        rows.append("| " + " | ".join(texts) + " |")
    return "\n".join(rows)


def _rate(measures: dict[str, Any]) -> str:
    rate = measures["requests_per_second"]
    return f"{rate['median']:.0f} ({rate['least']:.0f} to {rate['most']:.0f})"


def _ratio(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.2f} ({ratio['least']:.2f} to {ratio['most']:.2f})"


def _times(measures: dict[str, Any]) -> str:
    return f"{measures['p50_ms']:.1f} / {measures['p99_ms']:.1f}"


def machine() -> dict[str, Any]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"cores": os.cpu_count(), "cpu": model, "python": platform.python_version()}


def write(rounds: Sequence[dict[str, Any]], settings: dict[str, Any], into: Path = HERE) -> str:
    """Writes results.json and the table between README.md's markers; returns the table."""
    measured = cells(rounds)
    where, when = machine(), f"{datetime.now(UTC):%Y-%m-%d}"
    document = {"date": when, "machine": where, "settings": settings, "cells": measured, "rounds": list(rounds)}
    (into / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    shown = table(measured)
    caption = (
        f"{when}, {where['cores']} cores ({where['cpu']}), Python {where['python']}; "
        f"{settings['rounds']} rounds of {settings['seconds']:g} s each; median (least to most). "
        f"Load average of the machine before: {settings['load_before']:.2f}."
    )
    readme = into / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    readme.write_text(f"{before}{BEGIN}\n\n{caption}\n\n{shown}\n\n{END}{after}")
    return shown
