"""Programs that use embedded/, each in a process of its own, and what is left of them."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0


def eventually(condition: Callable[[], object]) -> bool:
    """Whether the condition comes true within the time a busy machine may need."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


class Program:
    """A Python program of ours in a process of its own, which it and all its descendants can be recognised by."""

    def __init__(self, source: str, directory: Path, **environment: str) -> None:
        self._token = f"PLUMBLINE_TEST_TOKEN={uuid.uuid4().hex}"
        name, value = self._token.split("=")
        self.output = directory / f"{value}.log"
        with self.output.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", source],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}/platform:{ROOT}", name: value, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> bool:
        return eventually(lambda: text in self.said())

    def left(self) -> list[int]:
        """The processes still alive of everything the program started."""
        return [pid for pid in _processes() if self._token in _environment(pid) and not _is_zombie(pid)]

    def leaves_nothing(self) -> bool:
        return eventually(lambda: not self.left())

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
