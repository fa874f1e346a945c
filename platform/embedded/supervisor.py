"""Starts processes, keeps them alive, and on a signal stops them in order with nothing left behind."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from embedded.processes import POLL_SECONDS, Child, Process, StartError, describe_exit, stop_in_order

PR_SET_CHILD_SUBREAPER = 36
SECOND_THOUGHTS = 1.0
"""Seconds: `make` and a terminal often deliver one request to stop twice."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):  # noqa: N818  # not an error
    """Somebody asked us to stop while we were starting."""


class Supervisor:
    """Use as a context manager in the main thread: on leaving it, every process has ended, orphans included.

    A second signal, a moment after the first, kills what has not stopped yet.
    """

    def __init__(self, *, colour: bool = False) -> None:
        self.stopping = False
        self.hurried = False
        self.stages: list[list[Child]] = []
        """What to stop first comes first."""
        self._colour = colour
        self._output = threading.Lock()
        self._asked_at = 0.0
        self._handlers: dict[signal.Signals, object] = {}

    @property
    def children(self) -> list[Child]:
        return [child for stage in self.stages for child in stage]

    def say(self, name: str, line: str) -> None:
        """Print one line with its author; from any thread. A reader that went away is no reason to fall."""
        label = f"{name:<9} |"
        if self._colour:
            label = f"\033[{'1' if name == 'plumbline' else '2'}m{label}\033[0m"
        with self._output, contextlib.suppress(OSError, ValueError):
            print(label, line, flush=True)

    def check(self) -> None:
        """Raises Stopped once a signal came."""
        if self.stopping:
            raise Stopped

    def start(self, processes: Sequence[Process]) -> list[Child]:
        """Start processes that stop together, before everything started earlier."""
        stage: list[Child] = []
        self.stages.insert(0, stage)
        for process in processes:
            self.check()
            stage.append(Child(process, self.say))
            stage[-1].start()
        return stage

    def complete(self, process: Process) -> list[str]:
        """Run a short command to its end and return what it printed. Raises StartError, Stopped."""
        lines: list[str] = []
        child = Child(process, lambda _, line: lines.append(line))
        child.start()
        self.stages.insert(0, [child])
        while child.alive:
            self.check()
            time.sleep(POLL_SECONDS)
        self.stages.remove([child])
        child.stop()
        if child.returncode != 0:
            raise StartError("\n    ".join([f"{process.name} {describe_exit(child.returncode)}:", *lines[-15:]]))
        return lines

    def watch(self) -> None:
        """Keep everything alive until a signal comes."""
        while not self.stopping:
            for child in self.children:
                child.keep_alive()
            _reap_orphans(self._known())
            time.sleep(POLL_SECONDS * 2)

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        _adopt_orphans()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_in_order(self.stages, hurry=lambda: self.hurried)
        _kill_orphans()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature is signal's
        now = time.monotonic()
        if not self.stopping:
            self.stopping, self._asked_at = True, now
        elif now - self._asked_at > SECOND_THOUGHTS:
            self.hurried = True

    def _known(self) -> set[int]:
        return {child.pid for child in self.children}


def _adopt_orphans() -> None:
    """Have the kernel give us the children of our children that die, so that none gets away."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children_of_ours() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(map(int, task.read_text().split()))
    return found


def _reap_orphans(known: set[int]) -> None:
    for pid in _children_of_ours() - known:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _kill_orphans() -> None:
    """Kill what is left; each death may hand us further orphans."""
    deadline = time.monotonic() + 5
    while (left := _children_of_ours()) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap_orphans(set())
        time.sleep(POLL_SECONDS)
