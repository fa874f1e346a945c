"""An operator's configuration: the settings JSON of a deployment, parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic by name, with example messages that a scope screen learns from."""

    name: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a deployment is for. `restrict` turns away all outside it; `message` is the operator's own word then."""

    description: str = ""
    allowed: tuple[Topic, ...] = ()
    refused: tuple[Topic, ...] = ()
    restrict: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Persona:
    name: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Tone:
    """Ids of tone options of the charter; language is a BCP 47 tag or "" for the user's own."""

    formality: str = ""
    warmth: str = ""
    length: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class BehaviourSetting:
    """What the operator set; None where it was left to the charter."""

    on: bool | None = None
    users_may_adjust: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class Configuration:
    scope: Scope = Scope()
    persona: Persona = Persona()
    tone: Tone = Tone()
    instructions: str = ""
    """The operator's own words to the model."""
    behaviours: Mapping[str, BehaviourSetting] = field(default_factory=dict)
