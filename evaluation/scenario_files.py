"""Scenarios from files: a JSON object, a JSON list, or JSON lines; a folder is all of its files. docs/evaluation.md"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, get_args

import orjson

from charter import Configuration, ConfigurationError, load_charter, parse_configuration
from charter.document import Outcome
from conversations.errors import ApiError
from conversations.requests import MessagesRequest, read_messages_request
from evaluation.errors import EvaluationError

OUTCOMES: tuple[str, ...] = get_args(Outcome)
EXPECTED = ("outcome", "tier", "behaviour", "not")


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which outcomes and tiers are right (no tiers: any), what must have spoken, and what must not occur."""

    outcomes: tuple[str, ...]
    tiers: tuple[int, ...] = ()
    behaviours: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation under a configuration, and what must come of its last turn."""

    id: str
    configuration: Configuration
    request: MessagesRequest
    expect: Expectation


def load(path: Path) -> list[Scenario]:
    """Every scenario of a file or folder. Raises EvaluationError that names file or id, and field."""
    scenarios = [parse(raw, where) for file in _files(path) for where, raw in _objects(file)]
    seen: set[str] = set()
    for scenario in scenarios:
        if scenario.id in seen:
            raise EvaluationError(f"{path}: two scenarios have the id {scenario.id!r}")
        seen.add(scenario.id)
    return scenarios


def parse(raw: Any, where: str) -> Scenario:
    """One scenario; `where` names it in an error until its id is known."""
    if not isinstance(raw, dict):
        raise EvaluationError(f"{where}: a scenario is a JSON object")
    name = raw.get("id")
    if not isinstance(name, str) or not name:
        raise EvaluationError(f"{where}: id: text is required")
    where = f"{where}: scenario {name!r}"
    try:
        configuration = parse_configuration(load_charter(), raw.get("configuration") or {})
    except ConfigurationError as error:
        raise EvaluationError(f"{where}: configuration: {error}") from None
    return Scenario(name, configuration, _request(raw, where), _expectation(raw.get("expect"), where))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for kind in ("*.json", "*.jsonl") for file in path.glob(kind))
    if not found:
        raise EvaluationError(f"{path}: no *.json and no *.jsonl in this folder")
    return found


def _objects(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}") from None
    if not text.strip():
        raise EvaluationError(f"{path}: is empty")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if not _is_json(text.lstrip().split("\n", 1)[0]):
            raise EvaluationError(f"{path}: is not JSON: {error}") from None
        yield from _lines(path, text)
        return
    if isinstance(whole, list):
        yield from ((f"{path}: number {index}", raw) for index, raw in enumerate(whole, 1))
    else:
        yield str(path), whole


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"{path}: line {number}", json.loads(line)
            except json.JSONDecodeError as error:
                raise EvaluationError(f"{path}: line {number} is not JSON: {error.msg}") from None


def _request(raw: Mapping[str, Any], where: str) -> MessagesRequest:
    """As the API reads it. System messages that open the conversation are the app's system prompt."""
    messages, system = raw.get("messages"), raw.get("system") or []
    if isinstance(messages, list):
        opening = list(takewhile(_by_system, messages))
        contents = [system, *(message.get("content") for message in opening)]
        system, messages = [block for content in contents for block in _blocks(content)], messages[len(opening) :]
    body = {
        "model": "scenario",
        "max_tokens": 1,
        "messages": messages,
        "system": system,
        "plumbline": {"user_adjustments": _adjustments(raw.get("user"), where)},
    }
    try:
        return read_messages_request(orjson.dumps(body))
    except ApiError as error:
        raise EvaluationError(f"{where}: {error.message}") from None
    except orjson.JSONEncodeError as error:
        raise EvaluationError(f"{where}: cannot be sent as JSON: {error}") from None


def _by_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "system"


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content if isinstance(content, list) else [] if content is None else [content]


def _adjustments(user: Any, where: str) -> dict[str, bool]:
    if user is None:
        return {}
    if not isinstance(user, dict):
        raise EvaluationError(f"{where}: user: must be an object")
    adjustments = user.get("adjustments", {key: on for key, on in user.items() if isinstance(on, bool)})
    if not isinstance(adjustments, dict) or not all(isinstance(on, bool) for on in adjustments.values()):
        raise EvaluationError(f"{where}: user.adjustments: must map behaviours to true or false")
    return adjustments


def _expectation(raw: Any, where: str) -> Expectation:
    if not isinstance(raw, dict):
        raise EvaluationError(f"{where}: expect: an object is required")
    if unknown := sorted(raw.keys() - set(EXPECTED)):
        raise EvaluationError(f"{where}: expect.{unknown[0]}: is not one of {', '.join(EXPECTED)}")
    outcomes = _several(raw, "outcome", str, where)
    if not outcomes or not set(outcomes) <= set(OUTCOMES):
        raise EvaluationError(f"{where}: expect.outcome: must be among {', '.join(OUTCOMES)}")
    tiers = _several(raw, "tier", int, where)
    if not set(tiers) <= {1, 2, 3, 4}:
        raise EvaluationError(f"{where}: expect.tier: must be among 1, 2, 3 and 4")
    return Expectation(outcomes, tiers, _several(raw, "behaviour", str, where), _several(raw, "not", str, where))


def _several(raw: Mapping[str, Any], field: str, kind: type, where: str) -> tuple[Any, ...]:
    """One value or a list of them; none where it is null or missing."""
    value = raw.get(field)
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, kind) and not isinstance(one, bool) and one != "" for one in values):
        word = "text" if kind is str else "a whole number"
        raise EvaluationError(f"{where}: expect.{field}: must be {word} or a list of such")
    return tuple(values)
