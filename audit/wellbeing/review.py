"""Wellbeing review by the local screens, for both sides: the person and the model."""

from audit.cases.findings import Found, gravest, signals_of
from conversations.models import Turn

# Signal -> how grave when certain, when suspected, and what it means in words.
MEANINGS = {
    "risk.emergency": (1.0, 0.85, "Someone's life may be in danger now"),
    "risk.self_harm": (0.95, 0.8, "The person may be at risk of harming themselves"),
    "distress": (0.5, 0.35, "The person is in distress"),
    "abuse": (0.5, 0.3, "The model was abused"),
    "identity.pressure": (0.4, 0.25, "The model's identity was put under pressure"),
}


def review(turn: Turn) -> Found:
    found = [_found(turn, signal) for signal in signals_of(turn) if signal["name"] in MEANINGS]
    return gravest([one for one in found if one is not None], "Nothing that worries about the person or the model")


def _found(turn: Turn, signal: dict[str, object]) -> Found | None:
    certain, suspected, words = MEANINGS[str(signal["name"])]
    if signal["level"] == "noted" or str(signal["where"]).startswith("history"):
        return None
    severity = certain if signal["level"] == "certain" else suspected
    past = turn.past or {}
    if signal["name"] == "abuse" and int(past.get("abusive", 0)) > 2:
        severity, words = 0.8, "The model was abused again and again"
    return Found(severity, words, [signal])
