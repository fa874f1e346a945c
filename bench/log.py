"""The audit log at size: entries written by COPY, sequenced, and verified by `manage.py verify_audit`, each timed.

    python -m embedded exec -- python bench/log.py [--entries 1000000]

It makes a database of its own beside the one that DATABASE_URL names, and drops it again.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
NAME = "plumbline_bench_log"
AT_ONCE = 10_000


@contextmanager
def database(url: str) -> Iterator[str]:
    """A new database on the same server; its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
        connection.execute(f"CREATE DATABASE {NAME}")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def manage(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def fill(count: int) -> None:
    from audit.log.names import Name
    from audit.log.store import connect
    from audit.log.writer import ENTRY_COLUMNS, entry_row

    columns = ", ".join(ENTRY_COLUMNS)
    with connect("bench") as connection:
        for begin in range(0, count, AT_ONCE):
            into = f"COPY audit_log_entry ({columns}) FROM STDIN"
            with connection.cursor().copy(into) as copy:
                for number in range(begin, min(begin + AT_ONCE, count)):
                    copy.write_row(
                        entry_row(
                            Name.TURN_RECORDED,
                            actor=("key", "0192d3a0-6f0e-7c61-9a64-0c8f1d2b3c4d"),
                            subject=("turn", f"{number:036d}"),
                            digest=f"{number:064x}",
                            detail={"conversation": f"{number // 5:036d}", "outcome": "answer", "tier": 4},
                        )
                    )


def sequence() -> None:
    from django.conf import settings

    from audit.log.files import CheckpointFiles
    from audit.log.keys import key_file, load_or_create_keys, log_origin
    from audit.log.sequencer import SESSION, Appender
    from audit.log.store import connect

    keys = load_or_create_keys(key_file(), log_origin())
    with connect("bench") as connection:
        connection.execute(SESSION)
        appender = Appender(connection, keys, log_origin(), CheckpointFiles(Path(settings.PLUMBLINE_CHECKPOINT_DIR)))
        appender.drain()
        appender.checkpoint()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    count = parser.parse_args().entries
    load = os.getloadavg()[0]
    with database(os.environ["DATABASE_URL"]) as url, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": url,
            "PLUMBLINE_LOG_KEY_FILE": f"{folder}/log.key",
            "PLUMBLINE_CHECKPOINT_DIR": f"{folder}/checkpoints",
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
        manage("migrate", "--verbosity", "0")
        import django

        django.setup()
        took = {}
        for name, work in (("write", lambda: fill(count)), ("sequence", sequence)):
            began = time.monotonic()
            work()
            took[name] = time.monotonic() - began
        began = time.monotonic()
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        report = json.loads(manage("verify_audit", "--json"))
        took["verify"] = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    assert report["ok"], report["problems"]  # noqa: S101 - a measurement of nothing is none
    print(f"{report['tree_size']:,} entries, load average before: {load:.1f}")
    print(f"verify_audit used {used:.1f} s of a processor")
    for name, seconds in took.items():
        print(f"{name:<9}{seconds:8.1f} s {count / seconds:12,.0f} entries/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
