"""Reading JSON that may be anything: each function gives the value as the type asked for.

`param` is the field's path as the caller wrote it, e.g. `messages[0].content`. All raise ApiError 400 that names it.
"""

from collections.abc import Collection
from typing import Any

from conversations.errors import ApiError


def wrong(param: str, why: str) -> ApiError:
    return ApiError(400, f"{param}: {why}")


def text(value: Any, param: str, longest: int | None = None) -> str:
    if not isinstance(value, str):
        raise wrong(param, "must be a string")
    if longest is not None and len(value) > longest:
        raise wrong(param, f"must be a string of at most {longest} characters")
    return value


def filled(value: Any, param: str) -> str:
    if not isinstance(value, str) or not value:
        raise wrong(param, "a string is required")
    return value


def fields(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong(param, "must be an object")
    return value


def items(value: Any, param: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong(param, "must be a list")
    return value


def flag(value: Any, param: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(param, "must be true or false")
    return value


def whole(value: Any, param: str, least: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(param, "must be a whole number")
    if least is not None and value < least:
        raise wrong(param, f"must be at least {least}")
    return value


def number(value: Any, param: str, low: float | None = None, high: float | None = None) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong(param, "must be a number")
    if low is not None and high is not None and not low <= value <= high:
        raise wrong(param, f"must be from {low:g} to {high:g}")
    return value


def one_of(value: Any, param: str, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise wrong(param, f"must be one of {', '.join(choices)}")
    return value
