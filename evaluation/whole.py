"""The whole report: every source, our own scenarios, what training measured held out, and what others published."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from charter.screens import encoder
from evaluation import aims, data_card, scenarios, sources
from evaluation.measure import measure

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "evaluation" / "scenarios"
PUBLISHED = (
    {
        "system": "Llama Guard 3",
        "recall": "0.94",
        "false_alarms": "0.04 to 0.06",
        "refused": "-",
        "on": "its authors' own test set of harmful and harmless prompts",
    },
    {
        "system": "Constitutional Classifiers++",
        "recall": "-",
        "false_alarms": "-",
        "refused": "0.05 %",
        "on": "traffic in production",
    },
)


def whole(say: Callable[[str], None]) -> dict[str, Any]:
    """Everything measured, ready for JSON; `say` hears of progress. Raises EvaluationError for a broken scenario."""
    replayed = scenarios.report(scenarios.run(SCENARIOS))
    found, missing = sources.available()
    tables = data_card.tables()
    measured = []
    for number, source in enumerate(found, 1):
        say(f"{number} of {len(found)}: {source.name}, {len(source.samples)} texts")
        measured.append(measure(source))
    partly = {m["source"] for m in measured if m["trained_on"]} & {m["source"] for m in measured if not m["trained_on"]}
    for one in measured:
        one["rest_trained_on"] = not one["trained_on"] and one["source"] in partly
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "screens": sha256((encoder.ARTIFACT / "closer_look.onnx").read_bytes()).hexdigest(),
        "sources": measured,
        "aims": list(aims.reached(measured, tables)),
        "public_sets_not_here": missing,
        "scenarios": replayed,
        "held_out_in_training": [
            {"heading": table.heading, "columns": table.columns, "rows": table.rows} for table in tables
        ],
        "published": PUBLISHED,
    }
