"""A bench's rounds become medians with their spread, and the table takes its place in the README."""

from __future__ import annotations

import json

from bench import report


def entry(target: str, rate: float, number: int) -> dict:
    return {
        "target": target,
        "delay_ms": 0.0,
        "mode": "plain",
        "connections": 32,
        "round": number,
        "requests_per_second": rate,
        "p50_ms": 10.0,
        "p99_ms": 20.0,
        "cpu_ms": {"web": 0.5, "database": 1.0},
    }


ROUNDS = [
    *[entry("passthrough", rate, number) for number, rate in enumerate([1000, 2000, 4000])],
    *[entry("path", rate, number) for number, rate in enumerate([500, 500, 3000])],
    *[entry("plumbline", rate, number) for number, rate in enumerate([100, 200, 300])],
]


def test_ratios_are_of_the_same_round():
    (cell,) = report.cells(ROUNDS)
    assert cell["passthrough"]["requests_per_second"] == {"median": 2000, "least": 1000, "most": 4000}
    assert cell["ratio"] == {"median": 0.5, "least": 0.25, "most": 0.75}


def test_the_table_replaces_the_one_before(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"Before\n{report.BEGIN}\nold numbers\n{report.END}\nAfter\n")
    shown = report.write(ROUNDS, {"rounds": 3, "seconds": 1.0, "load_before": 0.25}, tmp_path)
    text = readme.read_text()
    assert (
        "| 0 ms | plain | 32 | 2000 (1000 to 4000) | 500 (500 to 3000) | 0.50 (0.25 to 0.75) | 200 (100 to 300) |"
        in shown
    )
    assert shown in text
    assert "Load average of the machine before: 0.25." in text
    assert "old numbers" not in text
    assert text.startswith("Before\n")
    assert text.endswith(f"{report.END}\nAfter\n")
    assert json.loads((tmp_path / "results.json").read_text())["rounds"] == ROUNDS
