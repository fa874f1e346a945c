"""The broker, and a relay and a worker of our own beside it."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import redis

from config.database import conninfo
from tests.support.product import process
from tests.support.proxy import Proxy

WORKER = ["-m", "celery", "-A", "config", "worker", "--concurrency", "1", "--loglevel", "INFO"]


def broker_target() -> tuple[str, int] | str:
    address = os.environ["BROKER_URL"]
    if "+socket://" in address or address.startswith("unix://"):
        return address.partition("://")[2].partition("?")[0]
    host, _, port = address.partition("://")[2].rpartition("@")[2].partition("/")[0].partition(":")
    return host, int(port or 6379)


def broker_through(proxy: Proxy) -> str:
    """The broker's address with its credentials, through the proxy."""
    credentials, at, _ = os.environ["BROKER_URL"].partition("://")[2].rpartition("@")
    return f"redis://{credentials}{at}127.0.0.1:{proxy.port}/0"


def empty_queue() -> None:
    with _broker() as client:
        client.flushdb()


def queued(name: str) -> int:
    """How many messages wait in a queue."""
    with _broker() as client:
        return int(client.llen(name))


def _broker() -> redis.Redis:
    return redis.Redis.from_url(os.environ["BROKER_URL"].replace("redis+socket://", "unix://"))


@contextmanager
def worker(log: Path, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A relay and a worker on the test database; yields the worker."""
    environment = {"DATABASE_URL": conninfo(), **(environment or {})}
    with (
        process("manage.py", "relay", environment=environment, log=log),
        process(*WORKER, environment=environment, log=log) as started,
    ):
        yield started


def child_of(parent: subprocess.Popen[bytes]) -> int:
    """The process that does the worker's tasks."""
    found = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])
