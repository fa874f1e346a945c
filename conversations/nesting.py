"""How deep JSON may be nested. What is read must be written again, into the record, and writing goes less deep."""

from typing import Any

MAX_NESTING = 100


def too_deep(raw: bytes, value: Any) -> bool:
    """Whether `value`, read from `raw`, is nested deeper than MAX_NESTING."""
    # Most bodies open fewer brackets than that in all: they need no walk.
    if raw.count(b"[") + raw.count(b"{") <= MAX_NESTING:
        return False
    level = [value]
    for _ in range(MAX_NESTING):
        level = [inner for outer in level for inner in _within(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value
