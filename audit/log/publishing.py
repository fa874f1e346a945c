"""Checkpoints on their way out of the house: to a bucket and to a witness, beside the sequencer and never in its way.

A thread sends the newest checkpoint to each place; where one is slow or away, those between are left out, for each
checkpoint vouches for all before it. What goes wrong is said once, and again when it is well.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import psycopg

from audit.log.files import CheckpointStore
from audit.log.notes import NoteError
from audit.log.store import LogDamagedError
from audit.log.witness import Witness, WitnessConflictError

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
STOP_SECONDS = 8.0


class Outlet(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, size: int, note: str) -> None:
        """Raises OSError, psycopg.Error, LogDamagedError or NoteError."""
        ...


class BucketOutlet:
    def __init__(self, bucket: CheckpointStore) -> None:
        self.bucket, self.name = bucket, bucket.latest

    def send(self, size: int, note: str) -> None:
        self.bucket.write(size, note)


class WitnessOutlet:
    """Cosigned checkpoints lie beside the others, as `witnessed`."""

    def __init__(self, witness: Witness, stores: Sequence[CheckpointStore]) -> None:
        self.witness, self.stores, self.name = witness, stores, witness.name

    def send(self, _size: int, note: str) -> None:
        cosigned = self.witness.cosign(note)
        for store in self.stores:
            store.put("witnessed", cosigned)


class Publisher:
    """`offer` returns at once; `stop` waits a little for what is still to be sent."""

    def __init__(self, outlets: Sequence[Outlet], *, again: float = AGAIN_SECONDS) -> None:
        self._again = again
        self._ways = [_Way(outlet, again) for outlet in outlets]

    def offer(self, size: int, note: str) -> None:
        for way in self._ways:
            way.offer(size, note)

    def stop(self) -> None:
        for way in self._ways:
            way.ask_to_stop()
        for way in self._ways:
            way.join(STOP_SECONDS)


class _Way(threading.Thread):
    """One outlet's thread: one that is away does not keep another waiting."""

    def __init__(self, outlet: Outlet, again: float) -> None:
        super().__init__(name=f"checkpoints to {outlet.name}", daemon=True)
        self._outlet, self._wait = outlet, again
        self._changed = threading.Condition()
        self._newest: tuple[int, str] | None = None
        self._stopping = self._failing = False
        self.start()

    def offer(self, size: int, note: str) -> None:
        with self._changed:
            self._newest = (size, note)
            self._changed.notify()

    def ask_to_stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        while (taken := self._next()) is not None:
            try:
                self._outlet.send(*taken)
            except (OSError, psycopg.Error, LogDamagedError, NoteError) as error:
                self._failed(taken, error)
            else:
                if self._failing:
                    log.info("%s takes checkpoints again", self._outlet.name)
                self._failing = False

    def _next(self) -> tuple[int, str] | None:
        with self._changed:
            if self._failing and not self._stopping:
                self._changed.wait(self._wait)
            self._changed.wait_for(lambda: self._newest is not None or self._stopping)
            taken, self._newest = self._newest, None
            return taken

    def _failed(self, taken: tuple[int, str], error: Exception) -> None:
        said: Callable[..., None] = log.critical if isinstance(error, WitnessConflictError) else log.error
        if not self._failing or isinstance(error, WitnessConflictError):
            said("checkpoint %d was not sent: %s", taken[0], " ".join(str(error).split()))
        self._failing = True
        with self._changed:
            if self._newest is None and not self._stopping:
                self._newest = taken
