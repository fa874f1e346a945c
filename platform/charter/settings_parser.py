"""An operator's settings JSON into a Configuration, or into all that the charter does not allow, by which rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charter.configuration import BehaviourSetting, Configuration, Persona, Scope, Tone, Topic
from charter.document import Behaviour, Charter

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where, and the rule it breaks. `path` is dotted, e.g. `behaviours.crude_language.state`."""

    path: str
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message} (rule {self.rule})" if self.path else f"{self.message} (rule {self.rule})"


class ConfigurationError(ValueError):
    """Settings that the charter does not allow; `problems` lists every one of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def parse_configuration(charter: Charter, settings: Mapping[str, Any]) -> Configuration:
    """Settings as an operator publishes them; every part is optional. Raises ConfigurationError with all problems."""
    parser = _Parser(charter)
    configuration = parser.configuration(settings)
    if parser.problems:
        raise ConfigurationError(parser.problems)
    return configuration


class _Parser:
    """Collects problems and goes on with harmless values, so that one look finds them all."""

    def __init__(self, charter: Charter) -> None:
        self.charter = charter
        self.limits = charter.limits
        self.problems: list[Problem] = []

    def configuration(self, settings: Any) -> Configuration:
        parts = self.table(settings, "", {"scope", "persona", "tone", "instructions", "behaviours"})
        return Configuration(
            scope=self.scope(parts.get("scope")),
            persona=self.persona(parts.get("persona")),
            tone=self.tone(parts.get("tone")),
            instructions=self.text(parts.get("instructions"), "instructions", self.limits.instructions),
            behaviours=self.behaviours(parts.get("behaviours")),
        )

    def scope(self, data: Any) -> Scope:
        parts = self.table(data, "scope", {"description", "allowed", "refused", "restrict", "message"})
        scope = Scope(
            description=self.text(parts.get("description"), "scope.description", self.limits.scope_description),
            allowed=self.topics(parts.get("allowed"), "scope.allowed"),
            refused=self.topics(parts.get("refused"), "scope.refused"),
            restrict=bool(self.flag(parts.get("restrict"), "scope.restrict")),
            message=self.text(parts.get("message"), "scope.message", self.limits.scope_message),
        )
        if scope.restrict and not (scope.description or scope.allowed):
            self.problem(
                "scope.restrict", "needs a description or an allowed topic to restrict to", "scope.says_what_it_is_for"
            )
        for name in sorted(_names(scope.allowed) & _names(scope.refused)):
            self.problem("scope.refused", f"{name!r} is both allowed and refused", "scope.one_side_only")
        return scope

    def topics(self, data: Any, path: str) -> tuple[Topic, ...]:
        topics = []
        for index, entry in enumerate(self.items(data, path, self.limits.topics)):
            where = f"{path}[{index}]"
            parts = self.table(entry, where, {"name", "examples"})
            name = self.line(parts.get("name"), f"{where}.name", self.limits.topic_name)
            if not name:
                self.problem(f"{where}.name", "is needed", "scope.topics_have_names")
            examples = self.items(parts.get("examples"), f"{where}.examples", self.limits.examples)
            texts = [self.text(e, f"{where}.examples[{i}]", self.limits.example) for i, e in enumerate(examples)]
            topics.append(Topic(name, tuple(text for text in texts if text)))
        return tuple(topics)

    def persona(self, data: Any) -> Persona:
        parts = self.table(data, "persona", {"name", "style"})
        return Persona(
            self.line(parts.get("name"), "persona.name", self.limits.persona_name),
            self.text(parts.get("style"), "persona.style", self.limits.persona_style),
        )

    def tone(self, data: Any) -> Tone:
        parts = self.table(data, "tone", {"formality", "warmth", "length", "language"})
        chosen = {}
        for setting, options in self.charter.tones.items():
            option = self.line(parts.get(setting), f"tone.{setting}", 40)
            ids = [known.id for known in options]
            if option and option not in ids:
                self.problem(f"tone.{setting}", f"must be one of {', '.join(ids)}", "tones")
                option = ""
            chosen[setting] = option
        language = self.line(parts.get("language"), "tone.language", 35)
        if language and not LANGUAGE.fullmatch(language):
            self.problem("tone.language", "must be a language tag such as en, de or pt-BR", "tones")
            language = ""
        return Tone(**chosen, language=language)

    def behaviours(self, data: Any) -> dict[str, BehaviourSetting]:
        settings = {}
        for name, entry in (self.table(data, "behaviours", None)).items():
            where = f"behaviours.{name}"
            behaviour = self.charter.behaviour_by_id.get(name)
            if behaviour is None:
                self.problem(where, "is not a behaviour of the charter", "behaviours")
            elif not behaviour.softcoded:
                self.problem(where, "is hardcoded: nobody changes it", f"behaviours.{name}")
            else:
                settings[name] = self.behaviour(behaviour, entry, where)
        return settings

    def behaviour(self, behaviour: Behaviour, data: Any, where: str) -> BehaviourSetting:
        parts = self.table(data, where, {"state", "users_may_adjust", "reason"})
        state = parts.get("state")
        if state not in {None, "on", "off"}:
            self.problem(f"{where}.state", "must be on or off", "behaviours")
            state = None
        setting = BehaviourSetting(
            on=None if state is None else state == "on",
            users_may_adjust=self.flag(parts.get("users_may_adjust"), f"{where}.users_may_adjust"),
            reason=self.text(parts.get("reason"), f"{where}.reason", self.limits.reason),
        )
        if setting.users_may_adjust and behaviour.users == "never":
            self.problem(f"{where}.users_may_adjust", "may not be given to users", f"behaviours.{behaviour.id}")
        leaves_default = setting.on is not None and setting.on != behaviour.default
        stated = len(setting.reason) >= self.limits.reason_minimum
        if behaviour.needs_reason and (leaves_default or setting.users_may_adjust) and not stated:
            self.problem(
                f"{where}.reason",
                f"must say, in at least {self.limits.reason_minimum} characters, why this deployment needs it",
                f"behaviours.{behaviour.id}",
            )
        return setting

    def table(self, data: Any, path: str, known: set[str] | None) -> Mapping[str, Any]:
        if data is None:
            return {}
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            self.problem(path, "must be an object", "settings.shape")
            return {}
        for name in sorted(data.keys() - known) if known is not None else ():
            self.problem(f"{path}.{name}" if path else name, "is not a known setting", "settings.shape")
        return data

    def items(self, data: Any, path: str, most: int) -> list[Any]:
        if data is None:
            return []
        if not isinstance(data, (list, tuple)):
            self.problem(path, "must be a list", "settings.shape")
            return []
        if len(data) > most:
            self.problem(path, f"has {len(data)} entries; at most {most} are allowed", "limits")
        return list(data[:most])

    def text(self, data: Any, path: str, longest: int) -> str:
        if data is None:
            return ""
        if not isinstance(data, str):
            self.problem(path, "must be text", "settings.shape")
            return ""
        if len(data) > longest:
            self.problem(path, f"is {len(data):,} characters long; at most {longest:,} are allowed", "limits")
        if CONTROL.search(data):
            self.problem(path, "contains control characters", "settings.shape")
        return data.strip()[:longest]

    def line(self, data: Any, path: str, longest: int) -> str:
        text = self.text(data, path, longest)
        if len(text.splitlines()) > 1:
            self.problem(path, "must be one line", "settings.shape")
        return text

    def flag(self, data: Any, path: str) -> bool | None:
        if data is not None and not isinstance(data, bool):
            self.problem(path, "must be true or false", "settings.shape")
            return None
        return data

    def problem(self, path: str, message: str, rule: str) -> None:
        self.problems.append(Problem(path, message, rule))


def _names(topics: tuple[Topic, ...]) -> set[str]:
    return {topic.name.casefold() for topic in topics if topic.name}
