"""Plain data into frozen dataclasses by their types, with errors that name the place."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class CharterError(ValueError):
    """The charter document is wrong at `path`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"charter: {path + ' ' if path else ''}{message}")
        self.path = path


def read(kind: type[T], data: Any, path: str = "", *, blanks: bool = False) -> T:
    """`data` as the dataclass `kind`: every field typed, none missing, none unknown. Raises CharterError.

    blanks: a text that is missing is "".
    """
    if not isinstance(data, dict):
        raise CharterError(path, "must be a table")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in data.keys() - fields.keys():
        raise CharterError(_join(path, name), "is not a known field")
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(hints[name], data[name], _join(path, name), blanks)
        elif blanks and hints[name] is str:
            values[name] = ""
        elif field.default is dataclasses.MISSING:
            raise CharterError(_join(path, name), "is missing")
    return kind(**values)


def _value(hint: Any, data: Any, path: str, blanks: bool) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return read(hint, data, path, blanks=blanks)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(data, list):
            raise CharterError(path, "must be a list")
        return tuple(
            _value(arguments[0], item, f"{path}[{_name(item, index)}]", blanks) for index, item in enumerate(data)
        )
    if origin is dict:
        if not isinstance(data, dict):
            raise CharterError(path, "must be a table")
        return {key: _value(arguments[1], item, _join(path, key), blanks) for key, item in data.items()}
    if origin is Literal:
        if data not in arguments:
            raise CharterError(path, f"must be one of {', '.join(arguments)}, not {data!r}")
        return data
    return _plain(hint, data, path)


def _plain(hint: Any, data: Any, path: str) -> Any:
    assert isinstance(hint, type) and not isinstance(hint, types.GenericAlias)  # noqa: S101, PT018 - our own dataclasses
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, hint) or (isinstance(data, bool) and hint is not bool):
        raise CharterError(path, f"must be {hint.__name__}, not {type(data).__name__}")
    return data.strip() if isinstance(data, str) else data


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _name(item: Any, index: int) -> str:
    return str(item["id"]) if isinstance(item, dict) and "id" in item else str(index)
