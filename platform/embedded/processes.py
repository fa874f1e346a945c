"""One supervised process: how it is started, known to be ready, watched, restarted and stopped.

Everything here is called from the main thread: the kernel ties "die with your parent" to the thread that forked.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SPAWN = Path(__file__).with_name("spawn.py")
POLL_SECONDS = 0.05
STEADY_SECONDS = 30.0
"""Up this long, a process has earned a quick restart again."""
LONGEST_BACK_OFF = 30.0


class StartError(RuntimeError):
    """A process did not come up; the text says which, why, and what it last said."""


def _nothing() -> None:
    return None


def _ready_at_once() -> bool:
    return True


@dataclass(frozen=True)
class Process:
    """What to run. `ready` may be called often and must answer within about a second."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    before_start: Callable[[], None] = _nothing
    ready: Callable[[], bool] = _ready_at_once
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when we are killed."""
    grace: float = 10.0
    hide: str = r"(?!)"
    """A pattern for lines that are not worth anyone's attention; they are kept for the case that it dies."""
    foreground: bool = False
    """Shares our terminal and process group instead of having its output forwarded."""


class Child:
    """A Process and its current incarnation. `say(name, line)` receives every line it prints."""

    def __init__(self, process: Process, say: Callable[[str, str], None]) -> None:
        self.process = process
        self.last_words: deque[str] = deque(maxlen=15)
        self._say = say
        self._popen: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._failures = 0
        self._asked = False
        self._restart_at: float | None = None

    @property
    def pid(self) -> int:
        return self._popen.pid if self._popen else 0

    @property
    def returncode(self) -> int | None:
        return self._popen.poll() if self._popen else None

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        process = self.process
        process.before_start()
        wrapper = [sys.executable, "-I", "-S", str(SPAWN), "--parent", str(os.getpid())]
        wrapper += ["--death-signal", str(int(process.death_signal))]
        if process.user:
            wrapper += ["--user", "{}:{}".format(*process.user)]
        self._popen = subprocess.Popen(  # noqa: S603  # our own commands only
            [*wrapper, "--", *process.command],
            env={**os.environ, **process.environment},
            stdin=None if process.foreground else subprocess.DEVNULL,
            stdout=None if process.foreground else subprocess.PIPE,
            stderr=None if process.foreground else subprocess.STDOUT,
            start_new_session=not process.foreground,
        )
        self._started_at, self._asked = time.monotonic(), False
        if self._popen.stdout is not None:
            self._reader = threading.Thread(target=self._forward, args=(self._popen.stdout,), daemon=True)
            self._reader.start()

    def wait_ready(self, check: Callable[[], None] = _nothing) -> None:
        """Return once the process answers. Raises StartError when it dies first or takes too long.

        `check` is called in between, and may raise to give up.
        """
        deadline = self._started_at + self.process.ready_within
        while True:
            check()
            if not self.alive:
                self._settle()
                raise StartError(self._told(f"{self.process.name} stopped at once ({describe_exit(self.returncode)})"))
            if self.process.ready():
                return
            if time.monotonic() > deadline:
                raise StartError(
                    self._told(f"{self.process.name} was not ready within {self.process.ready_within:.0f} s")
                )
            time.sleep(POLL_SECONDS)

    def keep_alive(self) -> None:
        """Start the process again if it died, at once the first time and later each time it dies young."""
        if self.alive:
            return
        now = time.monotonic()
        if self._restart_at is None:
            self._settle()
            self._failures = 0 if now - self._started_at > STEADY_SECONDS else self._failures + 1
            wait = min(LONGEST_BACK_OFF, 0.5 * 2 ** max(0, self._failures - 1))
            self._restart_at = now + wait
            self._say(
                "plumbline", f"{self.process.name} {describe_exit(self.returncode)}; starting it again in {wait:g} s"
            )
        elif now >= self._restart_at:
            self._restart_at = None
            try:
                self.start()
            except (OSError, RuntimeError) as error:  # what prepares a start may find it impossible for now
                self._say("plumbline", f"{self.process.name} cannot be started: {error}")

    def ask_to_stop(self) -> None:
        """Send the stop signal, once: a second one means "at once" to some."""
        if self._popen is not None and not self._asked:
            self._asked = True
            with contextlib.suppress(ProcessLookupError):
                self._popen.send_signal(self.process.stop_signal)

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask, wait for the grace, then kill it and whatever it left in its process group. Safe to call twice."""
        self.ask_to_stop()
        deadline = time.monotonic() + self.process.grace
        while self.alive and time.monotonic() < deadline and not hurry():
            time.sleep(POLL_SECONDS)
        if self._popen is None:
            return
        if self.alive:
            self._say("plumbline", f"{self.process.name} did not stop when asked; killing it")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.process.foreground:
                self._popen.kill()
            else:
                os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._settle()

    def _forward(self, stream: IO[bytes]) -> None:
        with stream:
            for raw in stream:
                line = raw.decode(errors="replace").rstrip()
                if line:
                    self.last_words.append(line)
                if line and not re.search(self.process.hide, line):
                    self._say(self.process.name, line)

    def _settle(self) -> None:
        """Let the last lines arrive; a grandchild that keeps the pipe open must not hold us."""
        if self._reader is not None:
            self._reader.join(timeout=0.5)

    def _told(self, problem: str) -> str:
        return "\n    ".join([problem + (", last saying:" if self.last_words else ""), *self.last_words])


def describe_exit(code: int | None) -> str:
    """`exited with 1`, `was killed by SIGKILL`."""
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
    return f"exited with {code}"


def stop_in_order(stages: Sequence[Sequence[Child]], *, hurry: Callable[[], bool] = lambda: False) -> None:
    """Stop stage after stage; within a stage all are asked first, then awaited."""
    for stage in stages:
        for child in stage:
            child.ask_to_stop()
        for child in stage:
            child.stop(hurry=hurry)
