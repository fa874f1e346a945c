"""The log of a test, and its processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from audit.log.files import CheckpointFiles
from audit.log.keys import LogKeys, load_or_create_keys, log_origin
from audit.log.names import Name
from audit.log.sequencer import Appender
from audit.log.store import connect
from audit.log.verify import Report, Saved, verify
from audit.log.writer import write

ROOT = Path(__file__).parents[3]


class Log:
    """The log in the test database, with a key and a checkpoint directory of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.key_file = directory / "log.key"
        self.directory = directory / "checkpoints"
        self.files = CheckpointFiles(self.directory, keep_every=0)
        self.origin = log_origin()

    @property
    def keys(self) -> LogKeys:
        return load_or_create_keys(self.key_file, self.origin)

    def write(self, count: int = 1) -> list[str]:
        return [
            str(write(Name.TURN_RECORDED, actor=("key", "k1"), subject=("turn", number), detail={"number": number}))
            for number in range(count)
        ]

    @contextmanager
    def appender(self) -> Iterator[Appender]:
        with connect("test-sequencer") as own:
            yield Appender(own, self.keys, self.origin, self.files)

    def grow(self, count: int) -> list[str]:
        """Writes, sequences and signs `count` entries."""
        written = self.write(count)
        with self.appender() as appender:
            appender.drain()
            appender.checkpoint()
        return written

    def saved(self, size: int) -> Saved:
        path = self.directory / f"checkpoint-{size}.txt"
        return Saved(path.name, path.read_text())

    def verify(self, *saved: Saved) -> Report:
        with connect("test-verify") as own:
            return verify(own, self.keys.verifiers, self.origin, saved=saved)

    def problems(self, *saved: Saved) -> list[str]:
        return [problem.kind.value for problem in self.verify(*saved).problems]


class Processes:
    """Starts `manage.py` as the product does, on the test database; ends what a test leaves."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.started: list[subprocess.Popen[str]] = []

    def environment(self) -> dict[str, str]:
        where = connection.get_connection_params()
        user, password = quote(where.get("user", "")), quote(where.get("password", "") or "")
        url = f"postgresql://{user}:{password}@/{where['dbname']}?host={quote(where['host'])}"
        if where.get("port"):
            url += f"&port={where['port']}"
        return {
            **os.environ,
            "DATABASE_URL": url,
            "PLUMBLINE_LOG_KEY_FILE": str(self.log.key_file),
            "PLUMBLINE_CHECKPOINT_DIR": str(self.log.directory),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def stop(self, process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str]:
        """Signals the process; returns its exit code and all it printed."""
        process.send_signal(number)
        output = process.communicate(timeout=30)[0]
        return process.returncode, output

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
