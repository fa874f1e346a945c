"""The charter as its pages show it: the document's parts in a reader's order, and what tells two versions apart."""

from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext_lazy as _

from charter import Charter, Difference
from charter.differences import EntryChange, Piece, SectionChange, marked
from charter.document import Rule
from operators import charter_words

CONTENTS = (
    ("tiers", _("Four tiers, ranked")),
    ("bright-lines", _("Bright lines")),
    ("harms", _("Harms")),
    ("never-changes", _("What never changes")),
    ("adjustable", _("What may be adjusted")),
    ("tone", _("Tone, persona and their limits")),
    ("texts", _("What the model is told")),
    ("rules", _("What follows from what")),
    ("replies", _("Our own words")),
)
OF_TONE = ("language", "persona")
OF_ITSELF = ("friend", "identity", "wellbeing")


@dataclass(frozen=True)
class ReadRule:
    rule: Rule
    when: Any
    """When it speaks, in words that continue "Where …"."""


@dataclass(frozen=True)
class NamedText:
    id: str
    name: Any
    text: Any


def parts(charter: Charter) -> dict[str, Any]:
    """What the page of a whole charter shows."""
    texts = _named("texts", charter.texts)
    return {
        "charter": charter,
        "contents": CONTENTS,
        "hardcoded": [one for one in charter.behaviours if not one.softcoded],
        "softcoded": [one for one in charter.behaviours if one.softcoded],
        "tones": [(charter_words.TONES.get(name, name), name, options) for name, options in charter.tones.items()],
        "limits": _named("limits", {one.name: getattr(charter.limits, one.name) for one in fields(charter.limits)}),
        "tone_texts": [text for text in texts if text.id in OF_TONE],
        "texts_of_itself": [text for text in texts if text.id in OF_ITSELF],
        "other_texts": [text for text in texts if text.id not in {*OF_TONE, *OF_ITSELF}],
        "rules": [
            (tier, [ReadRule(rule, _when(rule)) for rule in charter.rules if rule.tier == tier.number])
            for tier in charter.tiers
        ],
        "replies": _named("replies", charter.replies),
    }


def _named(section: str, table: dict[str, Any]) -> list[NamedText]:
    return [NamedText(key, charter_words.entry_name(section, key, key), text) for key, text in table.items()]


def _when(rule: Rule) -> Any:
    if not rule.signal:
        return charter_words.CASES.get(rule.id, "")
    values = {
        "what": charter_words.value("signal", rule.signal),
        "level": charter_words.value("levels", ", ".join(rule.levels)),
    }
    return _("%(what)s (%(level)s)") % values


@dataclass(frozen=True)
class ReadField:
    """One field's change. Where both sides have text, what differs in it is marked word by word."""

    name: Any
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True)
class ReadEntry:
    entry: EntryChange
    name: Any
    anchor: str
    fields: list[ReadField]


@dataclass(frozen=True)
class ReadSection:
    title: Any
    anchor: str
    entries: list[ReadEntry]
    order: ReadField | None
    by_id: bool
    """Whether its entries have no name but their id."""


def told(found: Difference) -> list[ReadSection]:
    """A difference as its page shows it."""
    return [
        ReadSection(
            charter_words.SECTIONS[section.section],
            charter_words.anchor(section.section, ""),
            [_entry(section, entry) for entry in section.entries],
            _field("order", section.order.before, section.order.after) if section.order else None,
            section.section == "rules",
        )
        for section in found.sections
    ]


def _entry(section: SectionChange, entry: EntryChange) -> ReadEntry:
    return ReadEntry(
        entry,
        charter_words.entry_name(section.section, entry.id, entry.name),
        charter_words.anchor(section.section, entry.id),
        [_field(one.field, one.before, one.after) for one in entry.fields if one.before or one.after],
    )


def _field(field: str, before: str, after: str) -> ReadField:
    said = [str(charter_words.value(field, text)) for text in (before, after)]
    if before and after:
        return ReadField(charter_words.FIELDS.get(field, field), *marked(*said))
    whole = [(Piece(text, marked=False),) if text else () for text in said]
    return ReadField(charter_words.FIELDS.get(field, field), *whole)
