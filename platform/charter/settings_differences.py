"""What changed between two settings of a deployment, place by place.

It reads the settings as they were stored, not parsed ones: an old version may hold what the charter in force refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DEFAULTS = {("scope", "restrict"): False}
_TOPICS = {("scope", "allowed"), ("scope", "refused")}


@dataclass(frozen=True, slots=True)
class SettingsDifference:
    """`parts` lead to the place: keys, and for a topic its name. `before`, `after`: JSON; None where nothing is.

    A topic that came or went is one difference. Where only the order of topics changed, both sides are lists of names.
    """

    parts: tuple[str, ...]
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """As problems name places, but for topics, which stand by name: `scope.allowed[Debugging].examples`."""
        if self.parts[:1] == ("scope",) and len(self.parts) > 2:
            return ".".join([f"scope.{self.parts[1]}[{self.parts[2]}]", *self.parts[3:]])
        return ".".join(self.parts)


def settings_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[SettingsDifference, ...]:
    """In the order of the new settings, what is gone at the end. Empty exactly where both mean the same."""
    return tuple(_between(_meant(before, ()) or {}, _meant(after, ()) or {}, ()))


def _meant(value: Any, path: tuple[str, ...]) -> Any:
    """Without what says nothing, as parse_configuration reads it: None, empty texts, lists and objects, defaults."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Mapping):
        inner = {key: _meant(one, (*path, key)) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None} or None
    if isinstance(value, (list, tuple)):
        return [one for one in (_meant(one, path) for one in value) if one is not None] or None
    return None if path in _DEFAULTS and value is _DEFAULTS[path] else value


def _between(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[SettingsDifference]:
    if before == after:
        return
    if all(side is None or isinstance(side, dict) for side in (before, after)):
        old, new = before or {}, after or {}
        for key in [*new, *(key for key in old if key not in new)]:
            yield from _between(old.get(key), new.get(key), (*path, key))
        return
    topics = (_by_name(before or []), _by_name(after or [])) if path in _TOPICS else (None, None)
    if topics[0] is None or topics[1] is None:
        yield SettingsDifference(path, before, after)
    else:
        yield from _between_topics(topics[0], topics[1], path)


def _between_topics(
    old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]], path: tuple[str, ...]
) -> Iterator[SettingsDifference]:
    for name in [*new, *(name for name in old if name not in new)]:
        if name in old and name in new:
            yield from _between(old[name], new[name], (*path, name))
        else:
            yield SettingsDifference((*path, name), old.get(name), new.get(name))
    was, now = [name for name in old if name in new], [name for name in new if name in old]
    if was != now:
        yield SettingsDifference(path, was, now)


def _by_name(topics: list[dict[str, Any]]) -> dict[str, dict[str, Any]] | None:
    """The rest of each topic by its name; None where a name stands twice."""
    found = {topic["name"]: {key: value for key, value in topic.items() if key != "name"} for topic in topics}
    return found if len(found) == len(topics) else None
