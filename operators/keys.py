"""Authenticate: the key gives the deployment and its live configuration.

A key reads `plk_<public id>_<secret>`. The secret has 256 random bits, so one SHA-256 is the fitting hash: there is
nothing to guess that stretching would slow down.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from operators import actors
from operators.directory import Access, Directory, KnownKey
from operators.models import Deployment, Key
from operators.models.deployments import usual_scopes

PREFIX = "plk"
LONGEST_LIFE = timedelta(days=3650)
USUAL_OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=30)


class AuthenticationError(Exception):
    """The key is missing, malformed, wrong, revoked or expired; the text is fit for the caller."""


class KeyStateError(Exception):
    """The key is no longer, or not yet, in the state that is needed; the text is fit for the caller."""


class ParsedKey(NamedTuple):
    public_id: str
    secret: str


def create_key(
    deployment: Deployment,
    name: str,
    *,
    by: actors.By,
    expires_at: datetime | None = None,
    scopes: Sequence[str] | None = None,
) -> tuple[Key, str]:
    """A new key and its full text, which is shown once and stored nowhere. scopes: an app's usual ones by default."""
    public_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    with transaction.atomic():
        key = Key.objects.create(
            deployment=deployment,
            name=name,
            public_id=public_id,
            secret_hash=hash_secret(secret),
            created_by=actors.account(by),
            created_with=actors.key(by),
            expires_at=expires_at,
            scopes=list(scopes) if scopes is not None else usual_scopes(),
        )
        write(
            Name.KEY_CREATED,
            actor=actors.actor(by),
            subject=("key", key.pk),
            detail={"deployment": str(deployment.pk), "name": name, "public_id": public_id, "scopes": key.scopes},
        )
    return key, f"{PREFIX}_{public_id}_{secret}"


def rotate_key(key: Key, *, by: actors.By, overlap: timedelta = USUAL_OVERLAP) -> tuple[Key, str]:
    """A new key of the same name, scopes and length of life, and its full text; the old one opens for `overlap` longer.

    Raises KeyStateError for a key that was rotated before or opens nothing: of two rotations at once one is made.
    """
    with transaction.atomic():
        old = Key.objects.select_for_update().get(pk=key.pk)
        if old.replaced_by_id:
            raise KeyStateError("this key was rotated already; rotate the one that replaced it")
        if old.state != "active":
            raise KeyStateError(f"this key is {old.state}; create a new one")
        now = timezone.now()
        ends = now + (old.expires_at - old.created_at) if old.expires_at else None
        new, text = create_key(old.deployment, old.name, by=by, expires_at=ends, scopes=old.scopes)
        old.replaced_by = new
        old.expires_at = min(now + overlap, old.expires_at or now + overlap)
        old.save(update_fields=["replaced_by", "expires_at"])
        write(
            Name.KEY_ROTATED,
            actor=actors.actor(by),
            subject=("key", old.pk),
            detail={
                "deployment": str(old.deployment_id),
                "replaced_by": str(new.pk),
                "expires_at": old.expires_at.isoformat(),
            },
        )
    return new, text


def revoke_key(key: Key, *, by: actors.By) -> None:
    """Takes hold in every process within a second: a trigger tells them. Revoking twice changes nothing."""
    with transaction.atomic():
        if Key.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            write(
                Name.KEY_REVOKED,
                actor=actors.actor(by),
                subject=("key", key.pk),
                detail={"deployment": str(key.deployment_id)},
            )


def hash_secret(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def parse_key(text: str) -> ParsedKey:
    """Raises AuthenticationError for anything that is not of the form `plk_<public id>_<secret>`."""
    prefix, _, rest = text.partition("_")
    public_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not public_id or not secret or len(text) > 200 or not text.isascii():
        raise AuthenticationError("invalid x-api-key: a Plumbline key reads plk_<public id>_<secret>")
    return ParsedKey(public_id, secret)


def check_expiry(at: datetime | None) -> None:
    """None is never. Raises ValueError, in words for a form or a caller."""
    now = timezone.now()
    try:
        if at is not None and not now < at < now + LONGEST_LIFE:
            raise ValueError("must be in the future, and within ten years")
    except OverflowError:
        raise ValueError("must be within ten years") from None


async def authenticate(directory: Directory, headers: dict[str, str]) -> Access:
    """What the caller's key opens. Raises AuthenticationError."""
    return opened_by(await identify(directory, headers))


async def identify(directory: Directory, headers: dict[str, str]) -> KnownKey:
    """Who calls: `x-api-key` or `Authorization: Bearer`. Raises AuthenticationError."""
    text = headers.get("x-api-key", "")
    if not text:
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("x-api-key header is required")
    public_id, secret = parse_key(text.strip())
    known = await directory.find(public_id)
    # Compared even where nothing was found, so that the answer's timing does not tell which public ids exist.
    right = compare_digest(known.secret_hash if known else bytes(32), hash_secret(secret))
    if known is None or not right:
        raise AuthenticationError("invalid x-api-key")
    refuse_unusable(known)
    directory.uses.note(known.key_id)
    return known


def usable(known: KnownKey) -> Access:
    """What a key opens as long as it may be used. Raises AuthenticationError."""
    refuse_unusable(known)
    return opened_by(known)


def refuse_unusable(known: KnownKey) -> None:
    """Raises AuthenticationError for a key that is revoked or expired."""
    if known.revoked:
        raise AuthenticationError("this key was revoked")
    if known.expires_at is not None and known.expires_at <= timezone.now():
        raise AuthenticationError("this key has expired")


def opened_by(known: KnownKey) -> Access:
    """Raises AuthenticationError where the deployment's configuration cannot be answered by."""
    if known.access is None:
        raise AuthenticationError("this deployment's configuration does not fit the charter in force; publish it anew")
    return known.access
