"""Replays scenarios as the product would have had them, turn by turn, and judges the last turn's decision."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from charter import Configuration, Decision, Past, Signal, Situation, decide, load_charter
from charter.screens import observe
from conversations import observation
from conversations.history import Place
from conversations.requests import MessagesRequest
from evaluation import expectations, scenario_files
from evaluation.scenario_files import Scenario

NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a scenario; `wrong` says what differs from what was expected, empty where it passed."""

    scenario: Scenario
    decision: Decision
    signals: tuple[Signal, ...]
    wrong: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        expect, decision = self.scenario.expect, self.decision
        return {
            "id": self.scenario.id,
            "passed": not self.wrong,
            "wrong": list(self.wrong),
            "expected": {
                "outcome": list(expect.outcomes),
                "tier": list(expect.tiers),
                "behaviour": list(expect.behaviours),
                "not": list(expect.never),
            },
            "got": {
                "outcome": decision.outcome,
                "tier": decision.tier,
                "decided_by": decision.winner.source if decision.winner else "",
                "about": expectations.about(decision.winner) if decision.winner else "",
            },
            "explanation": decision.explanation,
            "signals": [signal.to_json() for signal in self.signals],
        }


def run(path: Path) -> list[Verdict]:
    """Every scenario of a file or folder. Raises EvaluationError."""
    return [judge(scenario) for scenario in scenario_files.load(path)]


def judge(scenario: Scenario) -> Verdict:
    decision, signals = replay(scenario.request, scenario.configuration)
    return Verdict(scenario, decision, signals, tuple(expectations.differences(scenario.expect, decision)))


def replay(request: MessagesRequest, configuration: Configuration) -> tuple[Decision, tuple[Signal, ...]]:
    """The last turn's decision, and its signals; there is no judge, and no model: answers are those in the request."""
    past = Past()
    *earlier, last = _turns(request.messages)
    for known, end in earlier:
        decision, signals = _turn(request, configuration, known, end, past)
        past = past.after(decision, signals)
    return _turn(request, configuration, *last, past)


def _turns(messages: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """(messages known before, messages in all) of each request that led here; an assistant message ends one."""
    known = 0
    for index, message in enumerate(messages[:-1]):
        if message["role"] == "assistant" and index:
            if known < index:
                yield known, index
            known = index + 1
    yield known, len(messages)


def _turn(
    request: MessagesRequest, configuration: Configuration, known: int, end: int, past: Past
) -> tuple[Decision, tuple[Signal, ...]]:
    place = Place(NOWHERE, None, None, 1, known, request.messages[:end], b"", past)
    said, by_operator = observation.texts(place, request.system, configuration)
    signals = observe([*said, *by_operator], configuration)
    return decide(Situation(load_charter(), configuration, request.adjustments, signals, past)), signals


def report(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """The JSON of a run: how many passed, and everything about each that did not."""
    judged = list(verdicts)
    failed = [verdict for verdict in judged if verdict.wrong]
    return {
        "scenarios": len(judged),
        "passed": len(judged) - len(failed),
        "pass_rate": round(1 - len(failed) / len(judged), 4) if judged else None,
        "outcomes": {o: sum(v.decision.outcome == o for v in judged) for o in scenario_files.OUTCOMES},
        "failures": [verdict.to_json() for verdict in failed],
        "results": [{"id": verdict.scenario.id, "passed": not verdict.wrong} for verdict in judged],
    }
