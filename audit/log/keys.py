"""The log's signing key: a file outside of the database, so that who can change rows cannot sign a new history.

Its first line is the private key, each further line the verifier key of one that was rotated out: old checkpoints
stay verifiable. Lines that begin with # are comments.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit.log.notes import NoteError, Signer, Verifier


class LogKeyError(Exception):
    """The key file is missing, unreadable, or not this log's. Its text names the file and never holds a key."""


@dataclass(frozen=True)
class LogKeys:
    signer: Signer
    retired: tuple[Verifier, ...] = ()

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        return (self.signer.verifier, *self.retired)

    def text(self) -> str:
        return "\n".join([self.signer.skey, *(verifier.vkey for verifier in self.retired)]) + "\n"


def log_origin() -> str:
    return getattr(settings, "PLUMBLINE_LOG_ORIGIN", None) or "plumbline"


def key_file() -> Path:
    path = getattr(settings, "PLUMBLINE_LOG_KEY_FILE", None)
    if not path:
        raise LogKeyError("PLUMBLINE_LOG_KEY_FILE is not set: it names the file of the audit log's signing key")
    return Path(path)


def load_keys(path: Path, origin: str) -> LogKeys:
    """Reads the key file. Raises LogKeyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LogKeyError(f"cannot read the log key {path}: {type(error).__name__}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        keys = LogKeys(Signer.parse(lines[0]), tuple(Verifier.parse(line) for line in lines[1:]))
    except (NoteError, IndexError) as error:
        raise LogKeyError(f"{path} is not a log key file") from error
    if keys.signer.name != origin:
        raise LogKeyError(f"the key in {path} is of the log {keys.signer.name!r}, but the origin is set to {origin!r}")
    return keys


def load_or_create_keys(path: Path, origin: str) -> LogKeys:
    """Reads the key file, or makes it, mode 0600, with a new key. Of several that do so at once, one's key stays."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        written = _write_beside(path, LogKeys(Signer.generate(origin)))
        try:
            os.link(written, path)  # unlike a rename, never replaces a key
        except FileExistsError:
            pass
        finally:
            written.unlink()
    return load_keys(path, origin)


def renewed(old: LogKeys) -> LogKeys:
    """A new signing key of the same name, with the old one among the retired."""
    return LogKeys(Signer.generate(old.signer.name), old.verifiers)


def replace_keys(path: Path, keys: LogKeys) -> None:
    """Puts the keys into the file at once. A running sequencer signs with them from its next start."""
    _write_beside(path, keys).replace(path)


def _write_beside(path: Path, keys: LogKeys) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(keys.text())
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
