"""Processes of a bench: started, waited for, paused, stopped, and their CPU time read from /proc (Linux)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path, ready: str) -> Iterator[int]:
    """Runs `command` and yields its process id once `ready` (a URL) answers; always stops it. Its output goes to `log`.

    RuntimeError with the log's end when the process dies or does not answer within two minutes.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_ready(process, ready, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path, timeout: float = 120.0) -> None:
    until = time.monotonic() + timeout
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > until:
            tail = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{url} does not answer (exit code {process.poll()}):\n{tail}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=2).close()
    except urllib.error.HTTPError as error:
        return error.code < 500  # the model server wants a key, but it is up
    except OSError:
        return False
    return True


def family(pid: int) -> dict[int, str]:
    """The process and all its descendants that live now, with their command lines."""
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError):  # it may end while we read
            found[current] = Path(f"/proc/{current}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            for task in Path(f"/proc/{current}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_by_kind(pid: int, kinds: Mapping[str, str]) -> dict[str, float]:
    """CPU seconds that the process and its living descendants have used so far, by kind.

    kinds: the kind's name to what its command line holds, the first that fits; what fits none is `other`.
    """
    used: dict[str, float] = {}
    for member, command in family(pid).items():
        kind = next((name for name, part in kinds.items() if part in command), "other")
        used[kind] = used.get(kind, 0.0) + _cpu_seconds(member)
    return used


def _cpu_seconds(pid: int) -> float:
    """User and system time, its own and that of the children it has waited for; 0 for a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICKS


@contextlib.contextmanager
def paused(pids: Sequence[int]) -> Iterator[None]:
    """Keeps these processes from running, so that what is measured meanwhile has the machine."""
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
