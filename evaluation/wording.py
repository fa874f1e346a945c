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
