"""Checkpoints outside of the database, so that whoever rewrites it cannot rewrite what was signed.

In a directory or a bucket: `latest`, the newest checkpoint; `checkpoint-<tree size>.txt`, one at least a minute after
another (every checkpoint is in the table; a file each would be 43,000 a day); `log-keys.txt`, the verifier keys.
"""

import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from audit.log.notes import Verifier

KEEP_EVERY_SECONDS = 60.0


class CheckpointStore(ABC):
    """Writes whole files or none: readers, rsync and backups never see half a checkpoint. Methods raise OSError."""

    def __init__(self, *, keep_every: float = KEEP_EVERY_SECONDS) -> None:
        self.keep_every = keep_every
        self._kept_at: float | None = None

    @property
    @abstractmethod
    def latest(self) -> str:
        """What to call the newest checkpoint's file."""

    def write(self, tree_size: int, note: str) -> None:
        now = time.monotonic()
        if self._kept_at is None or now - self._kept_at >= self.keep_every:
            self.put(f"checkpoint-{tree_size}.txt", note)
            self._kept_at = now
        self.put("latest", note)

    def write_keys(self, verifiers: Iterable[Verifier]) -> None:
        self.put("log-keys.txt", "".join(f"{verifier.vkey}\n" for verifier in verifiers))

    def read_latest(self) -> str | None:
        """The newest checkpoint's note; None where there is none."""
        return self.get("latest")

    @abstractmethod
    def put(self, name: str, text: str) -> None: ...

    @abstractmethod
    def get(self, name: str) -> str | None: ...


class CheckpointFiles(CheckpointStore):
    def __init__(self, directory: Path, *, keep_every: float = KEEP_EVERY_SECONDS) -> None:
        super().__init__(keep_every=keep_every)
        self.directory = directory

    @property
    def latest(self) -> str:
        return str(self.directory / "latest")

    def get(self, name: str) -> str | None:
        try:
            return (self.directory / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def put(self, name: str, text: str) -> None:
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


class CheckpointBucket(CheckpointStore):
    """Objects of S3 or of what speaks its language. Credentials are those that AWS's own tools find."""

    def __init__(self, url: str, *, endpoint: str = "", keep_every: float = KEEP_EVERY_SECONDS) -> None:
        """url: `s3://bucket/prefix`. endpoint: of another server than Amazon's."""
        super().__init__(keep_every=keep_every)
        self._url = url.rstrip("/")
        place = {"endpoint": endpoint, "virtual_hosted_style_request": False} if endpoint else {}
        self._store = S3Store.from_url(
            self._url,
            client_options={"connect_timeout": "3s", "timeout": "5s", "allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": 0},  # a newer checkpoint comes soon
            **place,
        )

    @property
    def latest(self) -> str:
        return f"{self._url}/latest"

    def get(self, name: str) -> str | None:
        try:
            return bytes(obstore.get(self._store, name).bytes()).decode("utf-8", errors="replace")
        except (NotFoundError, FileNotFoundError):
            return None
        except BaseError as error:
            raise OSError(f"{self._url}: {_first_line(error)}") from error

    def put(self, name: str, text: str) -> None:
        try:
            obstore.put(self._store, name, text.encode(), attributes={"Content-Type": "text/plain"})
        except BaseError as error:
            raise OSError(f"{self._url}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
