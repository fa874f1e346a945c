"""What changed between two versions of the charter, entry by entry, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from charter.document import Charter


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` names the place by ids, e.g. `behaviours.crude_language.users`; None where nothing is on that side."""

    path: str
    before: str | None
    after: str | None


def differences(old: Charter, new: Charter) -> tuple[Difference, ...]:
    """In the order of the new charter, what is gone at the end. Version, date and digest always differ: left out."""
    before, after = dict(_leaves(asdict(old), "")), dict(_leaves(asdict(new), ""))
    paths = [*after, *(path for path in before if path not in after)]
    return tuple(
        Difference(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path) and path not in {"version", "date", "digest"}
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)) and any(isinstance(inner, dict) for inner in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{inner.get('id', index)}")
    elif isinstance(value, (list, tuple)):
        yield path, ", ".join(map(str, value))
    else:
        yield path, str(value)
