"""RFC 8785 canonical JSON, for the types an envelope may hold: objects, arrays, strings, integers, booleans, null.

Floats are refused rather than formatted: PostgreSQL's jsonb keeps numbers exactly where a float does not, so an entry
with one could not be recomputed from its row with certainty.
"""

from typing import Any

import orjson

MAX_INTEGER = 2**53 - 1  # what every JSON reader takes without loss (RFC 7493)
MAX_DEPTH = 32

Json = Any


class NotCanonical(ValueError):  # noqa: N818 - reads as what the value is
    """The value holds something that canonical JSON here does not allow."""


def canonical(value: Json) -> bytes:
    """The one UTF-8 encoding of `value`. Raises NotCanonical for floats, integers beyond 2**53 - 1, keys that are
    not strings, NUL or lone surrogates in strings, nesting deeper than 32, and every other type."""
    return orjson.dumps(_ordered(value, 0))


def _ordered(value: Json, depth: int) -> Json:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical(f"integer {value} is outside of +-(2**53 - 1)")
        return int(value)
    if depth >= MAX_DEPTH:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise NotCanonical(f"key {key!r} is not a string")
        keys = sorted(map(_text, value)) if all(map(str.isascii, value)) else sorted(map(_text, value), key=_utf16)
        return {key: _ordered(value[key], depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth + 1) for item in value]
    raise NotCanonical(f"{type(value).__name__} is not allowed")


def _text(value: str) -> str:
    if "\0" in value:
        raise NotCanonical("a string holds NUL, which PostgreSQL cannot store")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotCanonical("a string holds a lone surrogate") from error
    return str(value)


def _utf16(key: str) -> bytes:
    # RFC 8785 sorts by UTF-16 code units, which differs from code points above U+FFFF.
    return key.encode("utf-16-be")
