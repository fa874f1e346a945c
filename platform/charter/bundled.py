"""The versions of the charter that come with the platform, the newest first, and which of them is in force.

A version never changes. The index states each one's digest, and a document that does not have it is not read. Which one
is in force is told to each process by `put_in_force`; until it is, that is the newest.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from charter.document import Charter, canonical, content_of, parse_charter
from charter.reading import CharterError, read

DOCUMENTS = Path(os.environ.get("PLUMBLINE_CHARTER_DOCUMENTS") or Path(__file__).with_name("documents"))
"""Another folder where versions are delivered apart from the code."""
_in_force: Version | None = None
"""What this process was told."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: since when it is in force, its digest, and in a line each what changed and why."""

    number: str
    since: datetime
    digest: str
    changed: str
    why: str


@dataclass(frozen=True, slots=True)
class _Index:
    versions: tuple[Version, ...]


@cache
def versions() -> tuple[Version, ...]:
    """All of them, the newest first; it need not be in force yet."""
    return read(_Index, tomllib.loads((DOCUMENTS / "index.toml").read_text(encoding="utf-8"))).versions


def version_of(digest: str) -> Version | None:
    """The version that a decision cites by its digest; None for a charter that never came with the platform."""
    return next((version for version in versions() if version.digest == digest), None)


def load_charter(version: str | None = None) -> Charter:
    """The charter in force, or any version by its number. Raises CharterError naming place and fault.

    Other than the newest are read as history where they have to be: to be shown and compared, not to decide by.
    """
    current = in_force().number
    number = current if version is None else version
    return _loaded(number, number not in {current, versions()[0].number})


def charter_of(digest: str) -> Charter:
    """The version that a decision was made by; the one in force where the digest is none of ours."""
    known = version_of(digest)
    return load_charter(known.number if known else None)


def in_force() -> Version:
    return _in_force or versions()[0]


def put_in_force(number: str | None, digest: str = "") -> None:
    """Decisions are made by this version from now on, in this process; None for the newest.

    Raises CharterError, and changes nothing, where there is no such version here or it is not what `digest` names.
    """
    global _in_force  # noqa: PLW0603 - one charter is in force in a process
    found = None
    if number is not None:
        found = next((version for version in versions() if version.number == number), None)
        if found is None or found.digest != digest:
            raise CharterError("", f"{number} with digest {digest} is in force, and this process does not have it")
        _loaded(number, False)
    _in_force = found


def document_text(version: str) -> str:
    """A version as it was written, TOML. Raises CharterError for a number that there is not."""
    if version not in {known.number for known in versions()}:
        raise CharterError("", f"has no version {version!r}")
    return (DOCUMENTS / f"{version}.toml").read_text(encoding="utf-8")


def document_json(version: str) -> bytes:
    """A version's content as canonical JSON, the very bytes of its digest. Raises CharterError."""
    return canonical(content_of(document_text(version)))


@cache
def _loaded(number: str, history: bool) -> Charter:
    charter = parse_charter(document_text(number), history=history)
    stated = next(version.digest for version in versions() if version.number == number)
    if charter.digest != stated:
        raise CharterError("", f"{number} is not what the index states: a changed charter is a new version")
    return charter
