"""What changed between two versions of the charter, for people to read: by section, by entry, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from charter.document import Charter

SECTIONS: Final = {
    "summary": "Summary",
    "tiers": "Tiers",
    "bright_lines": "Bright lines",
    "harms": "Harms",
    "behaviours": "Behaviours",
    "rules": "Rules",
    "tones": "Tone",
    "limits": "Limits",
    "texts": "Texts for the model",
    "replies": "Our own words",
}
"""The document's parts in the order in which they are read. Version, date and digest always differ: left out."""

TABLES: Final = {"tones", "limits", "texts", "replies"}
"""In a table the order of keys says nothing; what counts is the order of a list within it."""

Leaf = tuple[str, str, str]
"""Section, entry and field. The entry is "" for the section itself, the field "" where an entry is one value."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after, as text; "" where there was none, or none is left."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What became of one entry. An added or removed one names all of its fields."""

    id: str
    name: str
    kind: Literal["added", "removed", "changed"]
    fields: tuple[FieldChange, ...]

    @property
    def sentence(self) -> str:
        """In a line, e.g. `risk.emergency was changed: severity, reason`."""
        told = f": {', '.join(_plainly(one.field) for one in self.fields)}" if self.kind == "changed" else ""
        return f"{self.name or 'It'} was {self.kind}{told.rstrip(': ')}"


@dataclass(frozen=True, slots=True)
class SectionChange:
    """What changed in a section. `order` is told where entries that stay changed places: ids before and after."""

    section: str
    title: str
    entries: tuple[EntryChange, ...]
    order: FieldChange | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Empty, and false, where both say the same."""

    sections: tuple[SectionChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sections)

    def count(self, kind: str) -> int:
        """How many entries were `added`, `removed` or `changed`."""
        return sum(entry.kind == kind for section in self.sections for entry in section.entries)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each change, in plain words."""
        return tuple(
            f"{section.title}: {said}."
            for section in self.sections
            for said in (
                *(entry.sentence for entry in section.entries),
                *(["they stand in another order"] if section.order else []),
            )
        )


def difference(old: Charter, new: Charter) -> Difference:
    """All that tells the two apart: in the order of the new charter, what is gone after what is there."""
    before, after = leaves(old), leaves(new)
    changed = (_section(name, before, after) for name in SECTIONS)
    return Difference(tuple(section for section in changed if section.entries or section.order))


def leaves(charter: Charter) -> dict[Leaf, str]:
    """Every single value of the document, as text, in the document's order."""
    return {
        (section, entry, field): value
        for section in SECTIONS
        for entry, field, value in _of_section(getattr(charter, section))
    }


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text, and whether the other text lacks it."""

    text: str
    marked: bool


def marked(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces, word by word: what only one of them says is marked in it."""
    old, new = re.findall(r"\s+|\w+|[^\w\s]", before), re.findall(r"\s+|\w+|[^\w\s]", after)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        # A space that happens to be the same between two words that are not reads better marked along.
        alone = kind != "equal" or (bool(left or right) and "".join(old[from_old:to_old]).isspace())
        _add(left, "".join(old[from_old:to_old]), alone)
        _add(right, "".join(new[from_new:to_new]), alone)
    return tuple(left), tuple(right)


def _add(pieces: list[Piece], text: str, mark: bool) -> None:
    if text and pieces and pieces[-1].marked == mark:
        pieces[-1] = Piece(pieces[-1].text + text, mark)
    elif text:
        pieces.append(Piece(text, mark))


def _section(name: str, before: dict[Leaf, str], after: dict[Leaf, str]) -> SectionChange:
    was, now = _entries(before, name), _entries(after, name)
    entries = []
    for entry in [*now, *(gone for gone in was if gone not in now)]:
        kind: Literal["added", "removed", "changed"]
        kind = "added" if entry not in was else "removed" if entry not in now else "changed"
        if changes := tuple(_fields(was.get(entry, {}), now.get(entry, {}))):
            called = (now if entry in now else was)[entry]
            entries.append(EntryChange(entry, called.get("name", entry), kind, changes))
    order = _order(*(sorted(one, key=_table) if name in TABLES else list(one) for one in (was, now)))
    return SectionChange(name, SECTIONS[name], tuple(entries), order)


def _table(entry: str) -> str:
    return entry.partition(".")[0]


def _entries(told: dict[Leaf, str], section: str) -> dict[str, dict[str, str]]:
    """A section's entries: their fields by name."""
    entries: dict[str, dict[str, str]] = {}
    for (where, entry, field), value in told.items():
        if where == section:
            entries.setdefault(entry, {})[field] = value
    return entries


def _fields(was: dict[str, str], now: dict[str, str]) -> Iterator[FieldChange]:
    for field in [*now, *(gone for gone in was if gone not in now)]:
        if was.get(field) != now.get(field):
            yield FieldChange(field, was.get(field, ""), now.get(field, ""))


def _order(was: Sequence[str], now: Sequence[str]) -> FieldChange | None:
    staying = set(was) & set(now)
    before, after = [one for one in was if one in staying], [one for one in now if one in staying]
    return None if before == after else FieldChange("order", ", ".join(before), ", ".join(after))


def _of_section(value: Any) -> Iterator[tuple[str, str, str]]:
    """Entry, field, value as text."""
    if isinstance(value, str):
        yield "", "", value
    elif isinstance(value, tuple):
        for one in value:
            yield from _of_entry(one.id, one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, tuple):
                for one in inner:
                    yield from _of_entry(f"{key}.{one.id}", one)
            else:
                yield key, "", _said(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name, "", _said(getattr(value, field.name))


def _of_entry(entry: str, value: Any) -> Iterator[tuple[str, str, str]]:
    for field in fields(value):
        if field.name != "id":
            yield entry, field.name, _said(getattr(value, field.name))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _plainly(field: str) -> str:
    return field.replace("_", " ") or "its text"
