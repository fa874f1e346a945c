"""Waiting for something that another task, thread or process does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def eventually(condition: Callable[[], object], timeout: float = 10.0) -> None:  # noqa: ASYNC109  a test's own bound
    """Returns once `condition()` is true; AssertionError after `timeout` seconds."""
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"not true after {timeout} s"
        await asyncio.sleep(0.01)


def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """As `eventually`, for tests without an event loop."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not true after {timeout} s"
        time.sleep(0.02)
