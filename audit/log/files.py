"""Checkpoints outside of the database, so that whoever rewrites it cannot rewrite what was signed.

In the directory: `latest`, the newest checkpoint; `checkpoint-<tree size>.txt`, one at least a minute after another
(every checkpoint is in the table; a file each would be 43,000 a day); `log-keys.txt`, the verifier keys.
"""

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from audit.log.notes import Verifier

KEEP_EVERY_SECONDS = 60.0


class CheckpointFiles:
    """Writes whole files or none: readers, rsync and backups never see half a checkpoint."""

    def __init__(self, directory: Path, *, keep_every: float = KEEP_EVERY_SECONDS) -> None:
        self.directory = directory
        self.keep_every = keep_every
        self._kept_at: float | None = None

    @property
    def latest(self) -> Path:
        return self.directory / "latest"

    def write(self, tree_size: int, note: str) -> None:
        """Raises OSError."""
        now = time.monotonic()
        if self._kept_at is None or now - self._kept_at >= self.keep_every:
            self._replace(f"checkpoint-{tree_size}.txt", note)
            self._kept_at = now
        self._replace("latest", note)

    def write_keys(self, verifiers: Iterable[Verifier]) -> None:
        """Raises OSError."""
        self._replace("log-keys.txt", "".join(f"{verifier.vkey}\n" for verifier in verifiers))

    def read_latest(self) -> str | None:
        """The newest checkpoint's note; None where there is none. Raises OSError."""
        try:
            return self.latest.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def _replace(self, name: str, text: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=self.directory, prefix=f".{name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).chmod(0o644)  # public by nature: for witnesses and verifiers
            Path(beside).replace(self.directory / name)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
