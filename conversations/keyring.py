"""The data keys of a process: kept for users and conversations that come back, dropped when an erasure destroys them.

A turn costs no query for its key where the process knows it, and none where its conversation is new and names no user:
then a key is made, and its row is committed with the turn.
"""

from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from config import database, notices
from conversations.content import ContentKey, new_key, open_key
from operators.data_rules import DataRules

LARGEST = 20_000

_FIND = "SELECT id, wrapped FROM conversations_datakey WHERE owner = %s ORDER BY id LIMIT 1"
_FIND_ALL = (
    "SELECT DISTINCT ON (owner) owner, id, wrapped FROM conversations_datakey WHERE owner = ANY(%s) ORDER BY owner, id"
)
INSERT = "INSERT INTO conversations_datakey (id, deployment_id, owner, wrapped) VALUES (%s, %s, %s, %s)"


def owner_user(rules: DataRules, user_ref: str) -> bytes:
    """Whose key it is, as rows name them; keyed, so that the rows name nobody."""
    return rules.keyed("owner user", user_ref.encode("utf-8", "surrogatepass"))


def owner_conversation(rules: DataRules, conversation_id: UUID) -> bytes:
    return rules.keyed("owner conversation", conversation_id.bytes)


def owner_batch(rules: DataRules, batch_id: UUID) -> bytes:
    return rules.keyed("owner batch", batch_id.bytes)


class Keyring:
    """One a process."""

    def __init__(self) -> None:
        self._keys: OrderedDict[bytes, ContentKey] = OrderedDict()
        self._owners: dict[UUID, bytes] = {}
        self._generation = 0
        notices.subscribe(self._changed)

    async def of(self, owner: bytes, *, new: bool = False) -> ContentKey:
        """The owner's key, or one made now, whose row is still to be committed. new: there can be none yet.

        Raises SealError, psycopg.Error.
        """
        if (known := self._keys.get(owner)) is not None:
            self._keys.move_to_end(owner)
            return known
        if new:
            return new_key(owner)
        generation = self._generation
        async with database.pool().connection() as connection:
            row = await (await connection.execute(_FIND, (owner,))).fetchone()
        if row is None:
            return new_key(owner)
        found = ContentKey(row[0], owner, open_key(row[0], row[1]))
        # A key was destroyed while we asked: it may be this one, so it is used once and not kept.
        if generation == self._generation:
            self._keep(found)
        return found

    def recorded(self, key: ContentKey, *, kept: bool) -> None:
        """A turn that it seals is committed; kept: with its content, so the key's row is there."""
        if not kept:
            self._changed("data_key", str(key.id))
        elif key.owner not in self._keys:
            self._keep(ContentKey(key.id, key.owner, key.cipher))

    def _keep(self, key: ContentKey) -> None:
        self._keys[key.owner] = key
        self._owners[key.id] = key.owner
        if len(self._keys) > LARGEST:
            _, oldest = self._keys.popitem(last=False)
            self._owners.pop(oldest.id, None)

    def _changed(self, kind: str, subject: str) -> None:
        if kind == "everything":
            self._generation += 1
            self._keys.clear()
            self._owners.clear()
        elif kind == "data_key":
            self._generation += 1
            if (owner := self._owners.pop(UUID(subject), None)) is not None:
                self._keys.pop(owner, None)


async def keys_for(deployment_id: UUID, owners: Collection[bytes]) -> dict[bytes, ContentKey]:
    """Keys of many at once, those that are missing made and committed. Raises SealError, psycopg.Error."""
    async with database.pool().connection() as connection:
        rows = await (await connection.execute(_FIND_ALL, (list(owners),))).fetchall()
        found = {bytes(owner): ContentKey(key, bytes(owner), open_key(key, wrapped)) for owner, key, wrapped in rows}
        made = [new_key(owner) for owner in set(owners) - found.keys()]
        if made:
            async with connection.cursor() as cursor:
                await cursor.executemany(INSERT, [(one.id, deployment_id, one.owner, one.wrapped) for one in made])
    return found | {one.owner: one for one in made}
