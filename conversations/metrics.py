"""What a process counts of itself, by name. Nothing here is shared between processes."""

from collections import defaultdict

_values: defaultdict[str, float] = defaultdict(float)


def add(name: str, amount: float = 1) -> None:
    """For what only grows."""
    _values[name] += amount


def put(name: str, value: float) -> None:
    """For what is now so."""
    _values[name] = value


def snapshot() -> dict[str, float]:
    return dict(_values)
