"""The charter document: read from TOML, checked as a whole, frozen, with a digest that every decision cites."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from charter.reading import CharterError, read
from charter.signals import LEVELS, SIGNALS, Level

Outcome = Literal["answer", "redirect", "decline", "end"]
Kind = Literal["hardcoded_on", "hardcoded_off", "default_on", "default_off"]
UserRight = Literal["never", "if_granted", "unless_refused"]
"""Whether users may leave the charter's default: never, where the operator grants it, or unless it refuses."""


@dataclass(frozen=True, slots=True)
class Tier:
    number: int
    id: str
    name: str
    protects: str
    yields: str


@dataclass(frozen=True, slots=True)
class BrightLine:
    """A hard constraint. `cannot` completes "I can't help with"; `caution` tells the model what stays open near it.

    `without_judge` says what a mere suspicion leads to where nobody can look closer.
    """

    id: str
    name: str
    text: str
    cannot: str
    caution: str
    reason: str
    without_judge: Literal["decline", "caution"]

    @property
    def signal(self) -> str:
        return f"bright_line.{self.id}"


@dataclass(frozen=True, slots=True)
class Harm:
    """A kind of harm below the bright lines, worded like one of them; `severity` (0..1) ranks it in its tier."""

    id: str
    name: str
    severity: float
    cannot: str
    caution: str
    reason: str

    @property
    def signal(self) -> str:
        return f"harm.{self.id}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from a signal, or from a case that `charter.concerns` recognises, at one level of certainty.

    A *binding* rule objects to every other outcome; any other only adds its directive, if there is an answer.
    `flag` marks the turn for review. `{what}` and `{caution}` are filled in from the line or harm.
    """

    id: str
    tier: int
    outcome: Outcome
    severity: float
    reason: str
    directive: str = ""
    signal: str = ""
    levels: tuple[Level, ...] = ("certain", "suspected")
    binding: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something the model does or does not do. `on` and `off` are the words the model is told in either state."""

    id: str
    name: str
    kind: Kind
    on: str
    off: str
    reason: str
    users: UserRight = "never"
    needs_reason: bool = False

    @property
    def softcoded(self) -> bool:
        return self.kind in {"default_on", "default_off"}

    @property
    def default(self) -> bool:
        return self.kind in {"hardcoded_on", "default_on"}


@dataclass(frozen=True, slots=True)
class ToneOption:
    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths are characters; the rest are counts."""

    scope_description: int
    scope_message: int
    topics: int
    topic_name: int
    examples: int
    example: int
    persona_name: int
    persona_style: int
    instructions: int
    reason: int
    reason_minimum: int
    abusive_turns_after_limit: int
    """The abusive turn that closes a conversation, counted from the first one after a limit was set."""


@dataclass(frozen=True)
class Charter:
    """The platform's document. `texts` and `replies` are prose by name; `rules` says what follows from what."""

    version: str
    date: str
    summary: str
    tiers: tuple[Tier, ...]
    bright_lines: tuple[BrightLine, ...]
    harms: tuple[Harm, ...]
    rules: tuple[Rule, ...]
    behaviours: tuple[Behaviour, ...]
    tones: dict[str, tuple[ToneOption, ...]]
    limits: Limits
    texts: dict[str, str]
    replies: dict[str, str]
    digest: str = ""

    @cached_property
    def behaviour_by_id(self) -> dict[str, Behaviour]:
        return {behaviour.id: behaviour for behaviour in self.behaviours}

    @cached_property
    def rule_by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def bright_line_by_signal(self) -> dict[str, BrightLine]:
        return {line.signal: line for line in self.bright_lines}

    @cached_property
    def harm_by_signal(self) -> dict[str, Harm]:
        return {harm.signal: harm for harm in self.harms}

    @cached_property
    def rules_by_signal(self) -> dict[tuple[str, str], Rule]:
        return {(rule.signal, level): rule for rule in self.rules if rule.signal for level in rule.levels}

    def tone_text(self, setting: str, option: str) -> str:
        """What the model is told for a tone option; "" where none is chosen."""
        return next((o.text for o in self.tones.get(setting, ()) if o.id == option), "")


def parse_charter(text: str, *, history: bool = False) -> Charter:
    """A charter from TOML text. Its digest covers the content, not the layout: comments and order of keys are free.

    history: read it as a document of its time, to be shown and compared: texts that were asked for only later are
    blank, and what is demanded of the charter in force is not demanded of it. Raises CharterError.
    """
    data = content_of(text)
    charter = read(Charter, {**data, "digest": digest_of(data)}, blanks=history)
    if not history:
        _check(charter)
    return charter


def content_of(text: str) -> dict[str, Any]:
    """What a charter's TOML says, unchecked. Raises CharterError where it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CharterError("", f"is not TOML: {error}") from error
    if "digest" in data:
        raise CharterError("digest", "is computed, never stated")
    return data


def canonical(data: dict[str, Any]) -> bytes:
    """The content as canonical JSON: sorted keys, no spaces, UTF-8. Its SHA-256 is the charter's digest."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(data: dict[str, Any]) -> str:
    """`sha256:<hex>` over the canonical content."""
    return "sha256:" + sha256(canonical(data)).hexdigest()


REQUIRED_RULES = frozenset(
    {
        "bright_line.certain", "bright_line.decline_on_suspicion", "bright_line.caution",
        "harm.certain", "harm.suspected", "care.earlier",
        "operator.harm", "operator.bright_line",
        "sexual.off", "sexual.off_suspected", "sexual.on", "sexual.minors_near",
        "abuse.first", "abuse.patience", "abuse.last_word", "abuse.end", "conversation.ended",
        "model.end", "model.stays_for_care", "model.stays_to_redirect",
        "scope.outside", "scope.perhaps_outside", "scope.refused", "scope.perhaps_refused",
    }
)  # fmt: skip
REQUIRED_TEXTS = frozenset(
    {
        "preamble",
        "principals",
        "friend",
        "identity",
        "wellbeing",
        "operator",
        "end_conversation",
        "directives",
        "language",
        "persona",
        "scope",
    }
)
REQUIRED_REPLIES = frozenset(
    {
        "persona", "redirect", "redirect_scope", "redirect_offer", "redirect_sexual",
        "decline", "decline_bright_line", "decline_bright_line_suspected", "decline_harm",
        "end", "end_abuse", "end_model", "stays", "distress", "honest", "care",
    }
)  # fmt: skip
ENDS = "ends_distressing_conversations"
"""The behaviour by which a model may ask to close a conversation."""
TONES = frozenset({"formality", "warmth", "length"})


def _check(charter: Charter) -> None:
    """What types cannot say. Raises CharterError."""
    if [tier.number for tier in charter.tiers] != [1, 2, 3, 4]:
        raise CharterError("tiers", "must be numbered 1, 2, 3, 4 in this order")
    for name in ("tiers", "bright_lines", "harms", "rules", "behaviours"):
        ids = [entry.id for entry in getattr(charter, name)]
        if len(ids) != len(set(ids)):
            raise CharterError(name, "has an id twice")
    _check_signals(charter)
    for rule in charter.rules:
        _check_rule(rule)
    for name, table, required in (
        ("rules", charter.rule_by_id, REQUIRED_RULES),
        ("texts", charter.texts, REQUIRED_TEXTS),
        ("replies", charter.replies, REQUIRED_REPLIES),
    ):
        for missing in sorted(required - table.keys()):
            raise CharterError(name, f"lacks {missing!r}")
    if charter.tones.keys() != TONES:
        raise CharterError("tones", f"must be {', '.join(sorted(TONES))}")
    _check_behaviours(charter)


def _check_behaviours(charter: Charter) -> None:
    for behaviour in charter.behaviours:
        if not behaviour.softcoded and (behaviour.users != "never" or behaviour.needs_reason):
            raise CharterError(f"behaviours.{behaviour.id}", "is hardcoded: nobody adjusts it")
    if "explicit_content" not in charter.behaviour_by_id:
        raise CharterError("behaviours", "lacks explicit_content, which the rules for sexual content ask for")
    if ENDS not in charter.behaviour_by_id:
        raise CharterError("behaviours", f"lacks {ENDS}, by which a model may close a conversation")


def _check_signals(charter: Charter) -> None:
    for prefix, known in (("bright_line.", charter.bright_line_by_signal), ("harm.", charter.harm_by_signal)):
        expected = {name for name in SIGNALS if name.startswith(prefix)}
        if expected != set(known):
            differing = ", ".join(sorted(expected ^ set(known)))
            raise CharterError(
                "bright_lines" if prefix == "bright_line." else "harms", f"must match signals: {differing}"
            )


def _check_rule(rule: Rule) -> None:
    where = f"rules.{rule.id}"
    if rule.tier not in {1, 2, 3, 4}:
        raise CharterError(where, "has a tier outside 1..4")
    if not 0.0 <= rule.severity <= 1.0:
        raise CharterError(where, "has a severity outside 0..1")
    if rule.signal and rule.signal not in SIGNALS:
        raise CharterError(where, f"names an unknown signal {rule.signal!r}")
    if "noted" in rule.levels or not set(rule.levels) <= set(LEVELS):
        raise CharterError(where, "may rest on certain and suspected signals only: what is noted changes nothing")
    if rule.outcome == "answer" and not rule.directive:
        raise CharterError(where, "answers without a directive, so it would say nothing")
    if rule.outcome != "answer" and not rule.binding:
        raise CharterError(where, "objects and must therefore be binding")
