"""Connections of the log's own, and reading of its stored hashes."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import psycopg
from django.db import connections

from audit.log.tree import NodeReader, Place

T = TypeVar("T")

READ_HASHES = """
SELECT 0, index, leaf_hash FROM audit_log_leaf WHERE index = ANY(%s::bigint[])
UNION ALL
SELECT level, index, hash FROM audit_log_node
WHERE (level, index) IN (SELECT * FROM unnest(%s::smallint[], %s::bigint[]))"""


# A database that silently went away is noticed within seconds, not after the hours that systems default to.
LIVELINESS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}


class LogDamagedError(Exception):
    """What is stored contradicts itself, or contradicts a signed checkpoint."""


class Cursor(Protocol):
    """What is used of a database cursor: psycopg's and Django's both serve."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def connect(application_name: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain psycopg connection, in autocommit, to the database that Django's default connection uses."""
    parameters = connections["default"].get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold"):  # Django's adaptation, not where to connect
        parameters.pop(name, None)
    return psycopg.connect(**{**LIVELINESS, **parameters, "application_name": application_name, "autocommit": True})


def read_hashes(cursor: Cursor, places: Iterable[Place]) -> dict[Place, bytes]:
    """The stored hashes at these places. Raises LogDamagedError where one is missing."""
    wanted = set(places)
    cursor.execute(READ_HASHES, hash_parameters(wanted))
    return arranged(cursor.fetchall(), wanted)


def hash_parameters(places: Iterable[Place]) -> list[list[int]]:
    """What READ_HASHES takes."""
    wanted = list(places)
    nodes = [place for place in wanted if place[0] > 0]
    leaves = [index for level, index in wanted if level == 0]
    return [leaves, [level for level, _ in nodes], [index for _, index in nodes]]


def arranged(rows: Iterable[Any], places: set[Place]) -> dict[Place, bytes]:
    """The rows of READ_HASHES by place. Raises LogDamagedError where one is missing."""
    found = {(level, index): bytes(digest) for level, index, digest in rows}
    for level, index in sorted(places - found.keys()):
        raise LogDamagedError(f"the hash at level {level}, index {index} is missing")
    return found


def asked_places(compute: Callable[[NodeReader], Any]) -> set[Place]:
    """The places that a function of tree.py reads, which never depends on what they hold."""
    places: set[Place] = set()

    def note(level: int, index: int) -> bytes:
        places.add((level, index))
        return b""

    compute(note)
    return places


def with_hashes(cursor: Cursor, compute: Callable[[NodeReader], T]) -> T:
    """The result of a function of tree.py on the stored hashes, in one query. It runs twice: first on nothing."""
    found = read_hashes(cursor, asked_places(compute))
    return compute(lambda level, index: found[level, index])
