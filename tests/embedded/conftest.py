"""Fixtures for the embedded servers and their supervisor."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded.programs import Program


@pytest.fixture
def program(directory: Path) -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def start(source: str, **environment: str) -> Program:
        started.append(Program(source, directory, **environment))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path that every user can reach: pytest's own is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="plumb-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
