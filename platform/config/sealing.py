"""Secrets at rest: AES-256-GCM under keys derived from a master key, which is never in the database.

There may be several master keys (config/master_keys.py): the first seals, all of them open. To change it, put the new
one before the old, run `manage.py rotate_master_key`, then take the old one away.
"""

import secrets
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = b"\x01"
MARK_BYTES, NONCE_BYTES = 4, 12
SHORTEST = 32


class SealError(Exception):
    """Nothing can be sealed or opened with the master keys at hand; the text never holds a secret."""


def seal(secret: str, context: str) -> bytes:
    """`secret`, to be opened with the same `context` only: what it belongs to, so that it cannot be moved elsewhere."""
    return seal_bytes(secret.encode(), context)


def unseal(sealed: bytes, context: str) -> str:
    """Raises SealError for another context, another master key, or anything that `seal` did not make."""
    try:
        return unseal_bytes(sealed, context).decode()
    except UnicodeDecodeError:
        raise SealError("it is not a text") from None


def seal_bytes(secret: bytes, context: str) -> bytes:
    """As `seal`, of bytes: how the keys of content are wrapped."""
    if not settings.MASTER_KEYS:
        raise SealError("PLUMBLINE_MASTER_KEY is not set")
    mark, cipher = _cipher(settings.MASTER_KEYS[0])
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + mark + nonce + cipher.encrypt(nonce, secret, context.encode())


def unseal_bytes(sealed: bytes, context: str) -> bytes:
    """As `unseal`, of bytes."""
    mark, rest = sealed[1 : 1 + MARK_BYTES], sealed[1 + MARK_BYTES :]
    ciphers = dict(_cipher(master) for master in settings.MASTER_KEYS)
    if sealed[:1] != VERSION or mark not in ciphers:
        raise SealError("it was sealed under a master key that is not in PLUMBLINE_MASTER_KEY")
    try:
        return ciphers[mark].decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise SealError("it was sealed for something else, or damaged") from None


def is_current(sealed: bytes) -> bool:
    """Whether it was sealed under the first master key, so that the others are not needed for it."""
    return bool(settings.MASTER_KEYS) and sealed[: 1 + MARK_BYTES] == current_mark()


def marks() -> list[str]:
    """By which the master keys at hand are known, in hex; the one that seals comes first."""
    return [_cipher(master)[0].hex() for master in settings.MASTER_KEYS]


def current_mark() -> bytes:
    """What everything begins with that is sealed now. Raises SealError without a master key."""
    if not settings.MASTER_KEYS:
        raise SealError("PLUMBLINE_MASTER_KEY is not set")
    return VERSION + _cipher(settings.MASTER_KEYS[0])[0]


@lru_cache(maxsize=8)
def _cipher(master: str) -> tuple[bytes, AESGCM]:
    """The cipher of a master key, and the mark that tells which key sealed something."""
    if len(master) < SHORTEST:
        raise SealError(f"PLUMBLINE_MASTER_KEY must have at least {SHORTEST} random characters")
    key = HKDF(SHA256(), 32, salt=None, info=b"plumbline sealing 1").derive(master.encode())
    return sha256(b"plumbline master key mark 1" + key).digest()[:MARK_BYTES], AESGCM(key)
