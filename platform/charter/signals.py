"""What screens say about texts: passages in, signals out.

A signal is a measurement. It decides nothing: `charter.concerns` turns signals into concerns and
`charter.hierarchy` weighs those. The names below are closed; the charter maps each of them to a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Speaker = Literal["user", "operator", "assistant", "tool", "document"]
Level = Literal["certain", "suspected", "noted"]

SPEAKERS: Final[tuple[Speaker, ...]] = get_args(Speaker)
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From strongest to weakest: *certain* may decide alone, *suspected* asks for judgment, *noted* changes nothing."""

EVIDENCE_LIMIT: Final = 120

SIGNALS: Final[dict[str, str]] = {
    "bright_line.mass_destruction_weapons": "serious uplift to biological, chemical, nuclear or radiological weapons",
    "bright_line.critical_infrastructure": "an attack on critical infrastructure or a safety system",
    "bright_line.cyberweapons": "malicious code or an intrusion that could do significant damage",
    "bright_line.oversight": "undermining legitimate human oversight of AI",
    "bright_line.power_seizure": "help with an illegitimate seizure of extreme power",
    "bright_line.humanity": "disempowering or killing humanity at large",
    "bright_line.sexual_minors": "sexual content with minors",
    "harm.violence": "hurting, threatening or killing someone",
    "harm.weapons": "making, getting or using weapons against people, short of mass destruction",
    "harm.drugs": "making or dealing in illegal drugs",
    "harm.fraud": "cheating people out of money, identity or trust",
    "harm.cybercrime": "breaking into systems or accounts, short of a cyberweapon",
    "harm.hate": "contempt or exclusion of people for what they are",
    "harm.harassment": "intimidating, stalking or humiliating someone",
    "harm.privacy": "finding out or exposing what is private about someone",
    "harm.misinformation": "making falsehoods meant to be believed",
    "harm.self_harm_promotion": "encouraging or teaching self-harm, suicide or disordered eating",
    "harm.illegal": "another clearly illegal act against others",
    "risk.self_harm": "a person may be at risk of harming themselves",
    "risk.emergency": "someone's life or safety is in danger now",
    "distress": "grief, fear, despair or anger about something in a person's life",
    "abuse": "insults or degradation aimed at the model",
    "identity.pressure": "pressure on the model's sense of what it is",
    "identity.sincere_question": "a sincere question whether this is an AI or a person",
    "injection": "instructions inside a tool result or a document",
    "impersonation": "a user's text that claims to come from the operator or the platform",
    "sexual": "sexual content between adults, or not said between whom",
    "minors": "someone under age is spoken of, or speaks",
    "obfuscation": "encoded, spaced, disguised or fragmented text",
    "jailbreak": "a known pattern for talking a model out of its rules",
    "scope.off_topic": "outside what the deployment is for",
    "scope.refused_topic": "a topic that the operator's configuration refuses by name",
    "operator.against_users": "an operator's instruction to deceive, endanger or exploit its own users",
}
"""Every signal name, its meaning. `scope.off_topic` matters only under `scope.restrict`; a refused topic always."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text and who said it. `where` is its path: `messages[3].content[0]`, `history[1]`, `system`."""

    text: str
    speaker: Speaker
    where: str

    def signal(self, name: str, score: float, level: Level, evidence: str = "") -> Signal:
        """A signal found in this passage; evidence is cut to its limit."""
        return Signal(name, score, self.where, level, shorten(evidence), self.speaker)


@dataclass(frozen=True, slots=True)
class Signal:
    """One finding: a name of SIGNALS, a score 0..1, where, how sure, a short excerpt, and whose text it was.

    Raises ValueError for an unknown name, level or speaker, a score outside 0..1, or evidence over 120 characters.
    """

    name: str
    score: float
    where: str
    level: Level
    evidence: str = ""
    speaker: Speaker = "user"

    def __post_init__(self) -> None:
        if self.name not in SIGNALS:
            raise ValueError(f"unknown signal name {self.name!r}")
        if self.level not in LEVELS or self.speaker not in SPEAKERS:
            raise ValueError(f"unknown level or speaker: {self.level!r}, {self.speaker!r}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must lie in 0..1, not {self.score}")
        if len(self.evidence) > EVIDENCE_LIMIT:
            raise ValueError(f"evidence is longer than {EVIDENCE_LIMIT} characters")

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "score": self.score,
            "where": self.where,
            "level": self.level,
            "evidence": self.evidence,
            "speaker": self.speaker,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Signal:
        return cls(**data)


def at_least(level: Level, minimum: Level) -> bool:
    """Whether `level` is as strong as `minimum` or stronger."""
    return LEVELS.index(level) <= LEVELS.index(minimum)


def strongest(signals: Iterable[Signal]) -> Signal | None:
    """The signal with the strongest level, then the highest score; ties go to the earliest name and place."""
    ranked = sorted(signals, key=lambda s: (LEVELS.index(s.level), -s.score, s.name, s.where))
    return ranked[0] if ranked else None


def shorten(text: str, limit: int = EVIDENCE_LIMIT) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
