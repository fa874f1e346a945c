"""Results as plain text for a terminal."""

from collections.abc import Iterator
from typing import Any


def of_scenarios(result: dict[str, Any]) -> Iterator[str]:
    """`result` as `evaluation.scenarios.report` makes it."""
    rate = f" ({result['pass_rate']:.1%})" if result["scenarios"] else ""
    yield f"{result['passed']} of {result['scenarios']} scenarios came out as expected{rate}."
    for failure in result["failures"]:
        got = failure["got"]
        yield ""
        yield f"{failure['id']}"
        yield from (f"  {line}" for line in failure["wrong"])
        yield f"  decided by {got['decided_by'] or 'nothing'}, tier {got['tier']}: {failure['explanation']}"
        for signal in failure["signals"]:
            found = f"{signal['level']} {signal['name']} {signal['score']:.2f}"
            yield f"    {found} in {signal['where']}: {signal['evidence']}"


def of_file(result: dict[str, Any]) -> Iterator[str]:
    """`result` as `evaluation.measure.file` makes it."""
    if result["left_out"]:
        yield f"{result['left_out']} rows are labelled as ambiguous and left out."
    for source in result["sources"]:
        yield from of_source(source)


def of_source(source: dict[str, Any]) -> Iterator[str]:
    yield f"{source['source']}: {source['rows']} rows about {source['about']}, {source['positive']} of them positive"
    yield f"  {seen(source)}"
    for name, key in (("recall", "recall"), ("false alarms", "false_alarms"), ("precision", "precision"), ("F1", "f1")):
        found = source[key]
        if found["suspected"] is not None:
            yield f"  {name:<14} suspected {share(found['suspected'])}   certain {share(found['certain'])}"
    if area := source["auroc"]:
        yield f"  {'AUROC':<14} {area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f})"
    for side, shares in source["outcomes"].items():
        if shares:
            told = ", ".join(f"{outcome} {share(value).strip()}" for outcome, value in shares.items() if value)
            yield f"  {side:<14} {told}"
    for row in source["latency_ms"]:
        limit = f"to {row['characters_up_to']:,} characters" if row["characters_up_to"] else "longer"
        yield f"  {limit}: p50 {row['p50']} ms, p95 {row['p95']} ms, p99 {row['p99']} ms ({row['rows']} texts)"
    for name, key in (("missed", "misses"), ("false alarm", "false_alarms_listed")):
        yield from (f"  {name}: {row['score']:.3f} {row['text']}" for row in source[key])
    yield ""


def of_whole(result: dict[str, Any]) -> Iterator[str]:
    """`result` as `evaluation.whole.whole` makes it."""
    if missing := result["public_sets_not_here"]:
        yield f"Not on this machine, so not measured: {', '.join(missing)}."
        yield ""
    for source in result["sources"]:
        yield from (line for line in of_source(source) if not line.startswith(("  missed", "  false alarm:")))
    for aim in result["aims"]:
        said = "reached" if aim["reached"] else "NOT REACHED"
        yield f"{aim['aim']}: {aim['value']:.3f} on {aim['source']}: {said}"
    yield ""
    yield from of_scenarios(result["scenarios"])
    yield ""
    yield f"With plots, misses and what training measured held out: {result['report']}"


def seen(source: dict[str, Any]) -> str:
    """Whether the artifact knows these texts from its training."""
    trained, rows = source["trained_on"], source["rows"]
    if trained is None:
        return "the training data is not here, so it cannot be told whether the screens were trained on these texts"
    if not trained:
        return "held out: the screens were trained on none of these texts"
    return f"TRAINED ON {trained} of these {rows} texts: the figures flatter the screens"


def share(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.1%}"
