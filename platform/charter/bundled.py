"""The versions of the charter that come with the platform: every one that was ever in force, the newest being so.

A version never changes. The index states each one's digest, and a document that does not have it is not read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from charter.document import Charter, canonical, content_of, parse_charter
from charter.reading import CharterError, read

DOCUMENTS = Path(__file__).with_name("documents")


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
    """All of them, the one in force first."""
    return read(_Index, tomllib.loads((DOCUMENTS / "index.toml").read_text(encoding="utf-8"))).versions


def version_of(digest: str) -> Version | None:
    """The version that a decision cites by its digest; None for a charter that never came with the platform."""
    return next((version for version in versions() if version.digest == digest), None)


def load_charter(version: str | None = None) -> Charter:
    """The charter in force, or an earlier version by its number. Raises CharterError naming place and fault.

    An earlier one is read as history: it is there to be shown and compared, and says about itself what it said then.
    """
    return _loaded(versions()[0].number if version is None else version)


def document_text(version: str) -> str:
    """A version as it was written, TOML. Raises CharterError for a number that there is not."""
    if version not in {known.number for known in versions()}:
        raise CharterError("", f"has no version {version!r}")
    return (DOCUMENTS / f"{version}.toml").read_text(encoding="utf-8")


def document_json(version: str) -> bytes:
    """A version's content as canonical JSON, the very bytes of its digest. Raises CharterError."""
    return canonical(content_of(document_text(version)))


@cache
def _loaded(number: str) -> Charter:
    charter = parse_charter(document_text(number), history=number != versions()[0].number)
    stated = next(version.digest for version in versions() if version.number == number)
    if charter.digest != stated:
        raise CharterError("", f"{number} is not what the index states: a changed charter is a new version")
    return charter
