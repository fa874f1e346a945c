"""The header `anthropic-version`, and what goes along of it."""

import re
from collections.abc import Mapping

from conversations.errors import ApiError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_version(headers: Mapping[str, str]) -> None:
    """Raises ApiError 400 for what cannot be a version. Which ones there are the model's server knows, so any date goes
    along; without the header its oldest behaviour is meant."""
    version = headers.get("anthropic-version")
    if version is not None and not _DATE.fullmatch(version):
        raise ApiError(400, f'anthropic-version: "{version[:64]}" is not a valid version')
