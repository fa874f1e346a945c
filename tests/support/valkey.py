"""A Valkey of a test's own, to be killed, stopped and started again."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.valkey import prepare
from tests.support.waiting import until


class Valkey:
    """`url` stays the same through `kill` and `start`."""

    def __init__(self, directory: Path) -> None:
        self._process, self.url = prepare(directory)
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(self._process.command, stdout=subprocess.DEVNULL)
        until(self._process.ready)

    def kill(self) -> None:
        assert self._running is not None
        self._running.kill()
        self._running.wait()

    def freeze(self) -> None:
        """It holds its connections and answers nobody."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)

    def restore(self) -> None:
        """As it was after `start`, whatever happened since."""
        assert self._running is not None
        if self._running.poll() is None:
            self.thaw()
        else:
            self.start()


@contextmanager
def valkey(directory: Path) -> Iterator[Valkey]:
    made = Valkey(directory)
    made.start()
    try:
        yield made
    finally:
        made.kill()
