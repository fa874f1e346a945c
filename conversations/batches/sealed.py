"""Requests and results of batches at rest: sealed with the key of the request's user, or of the batch."""

from collections.abc import Sequence
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conversations.batches.reading import Asked
from conversations.content import PARAMS, RESULT, open_key, seal, unseal
from conversations.keyring import keys_for, owner_batch, owner_user
from operators.data_rules import DataRules
from operators.directory import Access

FORGET_KEY = "DELETE FROM conversations_datakey WHERE owner = %s"


async def all_of(access: Access, batch_id: UUID, first: int, asked: Sequence[Asked]) -> list[tuple[str, bytes, UUID]]:
    """(custom_id, sealed params, the key's id) of requests numbered from `first` on."""
    if not asked:
        return []
    owners = [_owner(access.data, batch_id, user) for _, user, _ in asked]
    keys = await keys_for(access.deployment_id, set(owners))
    return [
        (custom_id, seal(keys[owner].cipher, PARAMS, row(batch_id, number), params), keys[owner].id)
        for number, (owner, (custom_id, _, params)) in enumerate(zip(owners, asked, strict=True), first)
    ]


def _owner(rules: DataRules, batch_id: UUID, user_ref: str) -> bytes:
    return owner_user(rules, user_ref) if user_ref else owner_batch(rules, batch_id)


def row(batch_id: UUID, number: int) -> str:
    """What an item is bound to: its id is not known before it is stored."""
    return f"{batch_id} {number}"


def params(cipher: AESGCM, batch_id: UUID, number: int, sealed: bytes) -> bytes:
    return unseal(cipher, PARAMS, row(batch_id, number), sealed)


def sealed_result(cipher: AESGCM, batch_id: UUID, number: int, plain: bytes) -> bytes:
    return seal(cipher, RESULT, row(batch_id, number), plain)


def result(batch_id: UUID, number: int, stored: bytes, key_id: UUID | None, wrapped: bytes | None) -> bytes:
    """As JSON; empty where it was erased. What is no content, and what is from before content was sealed, is plain."""
    if not stored or stored.startswith(b"{"):
        return stored
    if key_id is None or wrapped is None:
        return b""
    return unseal(open_key(key_id, wrapped), RESULT, row(batch_id, number), stored)
