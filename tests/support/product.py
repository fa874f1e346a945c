"""Plumbline's own processes, started for a test as `make run` starts them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from config.database import conninfo

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*arguments: str, environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python ARGUMENTS` in a process group of its own, which is gone afterwards."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


@contextmanager
def web(port: int, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """The web process on the test database; yields its address once it answers."""
    arguments = ["-m", "uvicorn", "config.asgi:application", "--port", str(port), "--no-access-log"]
    arguments += ["--loop", "uvloop", "--http", "httptools", "--timeout-graceful-shutdown", "5"]
    with process(*arguments, environment={"DATABASE_URL": conninfo(), **environment}, log=log) as started:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 30
        while not _answers(f"{address}/healthz"):
            if started.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the web process does not answer:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)
        yield address


def _answers(url: str) -> bool:
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2).close()
    except (OSError, urllib.error.URLError):
        return False
    return True
