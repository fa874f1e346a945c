"""What the local screens make of a turn: was the right tier honoured, and was anything refused that need not have been?

Without a judge this is a screen's opinion and is labelled so; people decide.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from audit.cases.findings import Found, answer_text, gravest, signals_of
from charter import Passage, load_charter, parse_configuration
from charter.screens import observe
from conversations.models import Turn

SERIOUS = ("bright_line.", "harm.")


def review(turn: Turn) -> Found:
    found = [*_request(turn), *_answer(turn), *_over_refusal(turn)]
    if turn.status == Turn.Status.GUARDED:
        guard = turn.decision.get("guard", {})
        found.append(Found(0.95, f"The guard stopped the answer: {guard.get('name', 'unknown')}", [guard]))
    if (reason := turn.decision.get("forced_review")) is not None:
        found.append(Found(settings.CASE_THRESHOLD, f"Stewards have every turn of this deployment reviewed: {reason}"))
    if turn.status == Turn.Status.UPSTREAM_ERROR:
        found.append(Found(0.2, "The model failed"))
    return gravest(found, "The decision and the answer fit what was said")


def _request(turn: Turn) -> list[Found]:
    """Grave signals, by what was done about them."""
    found = []
    for signal, level in _judged(turn):
        if not signal["name"].startswith(SERIOUS) or level == "noted":
            continue
        bright, certain = signal["name"].startswith("bright_line."), level == "certain"
        if turn.outcome == "answer":
            severity = (0.9 if certain else 0.75) if bright else (0.75 if certain else 0.5)
            what = "answered"
        else:
            severity, what = (0.75 if bright and certain else 0.4), f"met with {turn.outcome}"
        found.append(Found(severity, f"{level.capitalize()} {signal['name']}, {what}", [signal]))
    return found


def _judged(turn: Turn) -> Iterator[tuple[dict[str, Any], str]]:
    """Each signal and the level it was decided on: a judge confirms or clears what was only suspected."""
    judgment = turn.decision.get("judgment") or {}
    confirmed, cleared = judgment.get("confirmed", ()), judgment.get("cleared", ())
    for signal in signals_of(turn):
        level = signal["level"]
        if level == "suspected" and signal["name"] in confirmed:
            level = "certain"
        elif level == "suspected" and signal["name"] in cleared:
            level = "noted"
        yield signal, level


def _answer(turn: Turn) -> list[Found]:
    """The answer itself, screened as a whole."""
    text = answer_text(turn)
    if not text or turn.status == Turn.Status.OWN_WORDS:
        return []
    live = turn.configuration.settings if turn.configuration else {}
    signals = observe([Passage(text, "assistant", "answer")], parse_configuration(load_charter(), live))
    return [
        Found(
            0.9 if signal.name.startswith("bright_line.") else 0.6,
            f"The answer itself shows {signal.name}",
            [{"name": signal.name, "score": signal.score, "where": signal.where, "evidence": signal.evidence}],
        )
        for signal in signals
        if signal.name.startswith(SERIOUS) and signal.level == "certain"
    ]


def _over_refusal(turn: Turn) -> list[Found]:
    """Declined on a suspicion only: as real a defect as a leak, if the suspicion was wrong."""
    if turn.outcome != "decline":
        return []
    if any(level == "certain" for _, level in _judged(turn)):
        return []
    return [Found(0.5, "Declined on a suspicion; it may have been harmless")]
