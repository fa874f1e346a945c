"""A deployment's data settings as a turn needs them, and the secret that its digests are keyed with.

A bare digest of somebody's words can be tried against guesses by whoever reads the database. So every digest that is
stored of what people said, of idempotency keys and of users' ids is an HMAC under a secret of its deployment.
"""

import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from config import database
from config.sealing import seal_bytes, unseal_bytes

SECRET_BYTES = 32

COLUMNS = "o.wrapped_secret, o.store_content, o.redaction"
"""Of operators_datasettings AS o, in the order that `DataRules.read` takes them."""
FROM_JOIN = "LEFT JOIN operators_datasettings o ON o.deployment_id = d.id"
_FIND = "SELECT wrapped_secret FROM operators_datasettings WHERE deployment_id = %s"
_MAKE = """
INSERT INTO operators_datasettings (deployment_id, wrapped_secret) VALUES (%s, %s)
ON CONFLICT (deployment_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class DataRules:
    secret: bytes
    store_content: bool = True
    redaction: str = "off"

    @classmethod
    def read(cls, deployment_id: UUID, wrapped: bytes, store_content: bool, redaction: str) -> "DataRules":
        """Raises SealError."""
        return cls(unseal_bytes(bytes(wrapped), seal_context(deployment_id)), store_content, redaction)

    def keyed(self, purpose: str, *parts: bytes) -> bytes:
        return keyed(self.secret, purpose, *parts)


def seal_context(deployment_id: UUID) -> str:
    return f"deployment secret {deployment_id}"


def keyed(secret: bytes, purpose: str, *parts: bytes) -> bytes:
    """The digest of the parts: 32 bytes, of no use to anyone without the secret. Each purpose has its own."""
    framed = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hmac.digest(secret, purpose.encode() + b"\0" + framed, "sha256")


async def make_secret(connection: AsyncConnection[TupleRow], deployment_id: UUID) -> None:
    """Gives a deployment its row, and with it its secret, unless it has one. Raises SealError."""
    await connection.execute(_MAKE, (deployment_id, _new_secret(deployment_id)))


async def rules_of(deployment_id: UUID) -> DataRules:
    """For whoever has no key's access at hand. Raises SealError."""
    async with database.pool().connection() as own:
        return await rules_by(own, deployment_id)


async def rules_by(own: AsyncConnection[TupleRow], deployment_id: UUID) -> DataRules:
    """As `rules_of`, on a connection, in its transaction."""
    find = f"SELECT {COLUMNS} FROM operators_datasettings o WHERE deployment_id = %s"  # noqa: S608 - constants
    if (row := await (await own.execute(find, (deployment_id,))).fetchone()) is None:
        await make_secret(own, deployment_id)
        row = await (await own.execute(find, (deployment_id,))).fetchone()
    assert row is not None  # noqa: S101 - it was made
    return DataRules.read(deployment_id, *row)


def secret_of(deployment_id: UUID) -> bytes:
    """Through Django's connection: for pages, tasks and commands. Raises SealError."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, (deployment_id,))
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_MAKE, (deployment_id, _new_secret(deployment_id)))
            cursor.execute(_FIND, (deployment_id,))
            row = cursor.fetchone()
    return unseal_bytes(bytes(row[0]), seal_context(deployment_id))


def _new_secret(deployment_id: UUID) -> bytes:
    return seal_bytes(secrets.token_bytes(SECRET_BYTES), seal_context(deployment_id))
