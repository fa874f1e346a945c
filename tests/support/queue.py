"""The broker that tests share: its address, also through a proxy, and how to find it empty."""

import os

import redis

from tests.support.proxy import Proxy


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


def empty() -> None:
    """No task of an earlier test is left in the broker."""
    redis.Redis.from_url(os.environ["BROKER_URL"].replace("redis+socket://", "unix://")).flushdb()
