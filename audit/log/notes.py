"""Checkpoints as C2SP tlog-checkpoint texts in C2SP signed notes, with Ed25519.

A note is the text, an empty line, and signature lines `\N{EM DASH} <key name> <base64 of key id and signature>`.
A verifier key is `<name>+<key id in hex>+<base64 of 0x01 and the public key>`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
"""The algorithms of a key: what signs notes, and what a witness cosigns them with, both Ed25519."""
MAX_NOTE_BYTES = 64 * 1024
NAME = re.compile(r"[^\s+]+")
SIGNATURE_LINE = re.compile(r"\N{EM DASH} ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """A note, checkpoint or key is malformed, or no known key vouches for it."""


@dataclass(frozen=True)
class Verifier:
    """A named Ed25519 public key."""

    name: str
    key: Ed25519PublicKey
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, newline, algorithm and public key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.key.public_bytes_raw()).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(self.kind + self.key.public_bytes_raw())}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Reads a key of either algorithm. Raises NoteError."""
        name, kind, key = _parse_key(vkey.strip())
        verifier = cls(name, Ed25519PublicKey.from_public_bytes(key), kind)
        if verifier.vkey != vkey.strip():
            raise NoteError("the verifier key's id does not fit its key")
        return verifier


@dataclass(frozen=True)
class Signer:
    """A named Ed25519 private key."""

    name: str
    key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise NoteError(f"a key name has no spaces and no plus: {self.name!r}")

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.key.public_key())

    @property
    def skey(self) -> str:
        """The secret form, as Go's note package writes it."""
        secret = _base64(ED25519 + self.key.private_bytes_raw())
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{secret}"

    @classmethod
    def parse(cls, skey: str) -> Self:
        text = skey.strip()
        name, _kind, secret = _parse_key(text.removeprefix("PRIVATE+KEY+"))
        signer = cls(name, Ed25519PrivateKey.from_private_bytes(secret))
        if signer.skey != text:
            raise NoteError("the private key's id does not fit its key")
        return signer

    @classmethod
    def generate(cls, name: str) -> Self:
        return cls(name, Ed25519PrivateKey.generate())


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: the log's origin, its number of leaves, and their root hash."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a checkpoint's text; lines after the third are extensions and are passed over. Raises NoteError."""
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not SIZE.fullmatch(lines[1]):
            raise NoteError("not a checkpoint: origin, size and root expected")
        root = _unbase64(lines[2])
        if len(root) != 32:
            raise NoteError("not a checkpoint: the root is not 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def sign(text: str, signer: Signer) -> str:
    """The signed note of a text that ends in a newline."""
    if not text.endswith("\n"):
        raise NoteError("a note's text ends in a newline")
    signature = _base64(signer.verifier.key_id + signer.key.sign(text.encode()))
    return f"{text}\n\N{EM DASH} {signer.name} {signature}\n"


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """The note's text, once a known key's signature on it is good. Raises NoteError.

    Signatures by unknown keys (witnesses, say) are passed over; a bad one by a known key is an error.
    """
    if len(note) > MAX_NOTE_BYTES or not note.endswith("\n"):
        raise NoteError("not a signed note")
    text, gap, signatures = note.rpartition("\n\n")
    if not gap:
        raise NoteError("not a signed note: it has no signatures")
    text += "\n"
    known = {(one.name, one.key_id): one.key for one in verifiers if one.kind == ED25519}
    vouched = False
    for line in signatures.removesuffix("\n").split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        if not match:
            raise NoteError("not a signed note: a signature line is malformed")
        blob = _unbase64(match[2])
        key = known.get((match[1], blob[:4]))
        if key is None:
            continue
        try:
            key.verify(blob[4:], text.encode())
        except InvalidSignature as error:
            raise NoteError(f"the signature by {match[1]} is wrong") from error
        vouched = True
    if not vouched:
        raise NoteError("no signature by a known key")
    return text


def open_checkpoint(note: str, verifiers: Iterable[Verifier], origin: str) -> Head:
    """What a signed checkpoint of this origin says. Raises NoteError."""
    head = Head.parse(open_note(note, verifiers))
    if head.origin != origin:
        raise NoteError(f"the checkpoint is of {head.origin!r}, not of {origin!r}")
    return head


def _parse_key(text: str) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or not NAME.fullmatch(parts[0]):
        raise NoteError("not a note key: name, id and key joined by plus expected")
    blob = _unbase64(parts[2])
    if len(blob) != 33 or blob[:1] not in {ED25519, COSIGNATURE}:
        raise NoteError("not an Ed25519 note key")
    return parts[0], blob[:1], blob[1:]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("base64 expected") from error
