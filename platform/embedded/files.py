"""Small files under `.local/` that hold secrets or locks."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def secret(path: Path) -> str:
    """The secret kept in `path`, made the first time."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(64) + "\n")
    return path.read_text(encoding="utf-8").strip()


def read_environment(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file; empty where there is none."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_environment(path: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines, readable by `source` too: no value may hold a quote, a blank or a dollar sign."""
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))


class Lock:
    """A file that one process at a time holds, released by the kernel however that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours now."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def note(self, text: str) -> None:
        """Leave a word for whoever finds it taken."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)

    def read(self) -> str:
        return self._path.read_text(encoding="utf-8").strip()

    def release(self) -> None:
        if self._handle is not None:
            self.note("")
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
