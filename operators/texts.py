"""Texts that people read in lists and logs."""

import re

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def is_one_line(text: str) -> bool:
    """Without control characters, line ends, and marks that turn the direction of what follows."""
    return _UNFIT.search(text) is None
