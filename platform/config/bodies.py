"""How large a request's body may be, by what the path takes."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured

MIB = 1024 * 1024


class BodyLimit(NamedTuple):
    paths: re.Pattern[str]
    largest: int
    """Bytes."""


KINDS = (
    ("PLUMBLINE_BATCH_BODY_MIB", 256, r"/v1/messages/batches"),
    ("PLUMBLINE_BODY_MIB", 32, r"/v1/(messages|messages/count_tokens|chat/completions|decisions|conversations/.*)"),
    ("PLUMBLINE_OTHER_BODY_MIB", 2, r".*"),
)
"""What sets the limit, its default in MiB, and the paths it is for; the first that fits counts."""


def read(environment: Mapping[str, str]) -> tuple[BodyLimit, ...]:
    """Raises ImproperlyConfigured, which names the variable."""
    return tuple(
        BodyLimit(re.compile(paths, re.DOTALL), _mebibytes(name, environment.get(name) or str(default)) * MIB)
        for name, default, paths in KINDS
    )


def largest(limits: tuple[BodyLimit, ...], path: str) -> int:
    """Bytes, for a request to `path`."""
    plain = path.rstrip("/")
    return next(limit.largest for limit in limits if limit.paths.fullmatch(plain))


def _mebibytes(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise ImproperlyConfigured(f"{name} must be a whole number of MiB, from 1 to 4096")
    return int(text)
