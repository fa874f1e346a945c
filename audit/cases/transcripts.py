"""What was said, as reviews read it: each text with its place, and places in it as offsets that were checked.

Findings keep offsets and no words: whoever may read the conversation sees them marked in it, and where it is erased
nothing of it is left with us.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from charter.judging import VerdictError, information
from conversations import passages
from conversations.models import Turn

MOST_SPANS = 12
LONGEST_QUOTE = 600
LONGEST_CHAIN = 40

Speaker = Literal["user", "operator", "assistant", "tool", "document"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a turn; `place` is where in the turn, `label` what a judge is told the turn is called."""

    turn: Turn
    label: int
    place: str
    speaker: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.label}.{self.place}"


def texts_of(turn: Turn, label: int | None = None, *, system: bool = True) -> list[Text]:
    """In their order: the app's system, the new messages, the answer. Empty where the conversation was deleted.

    label: the turn's number where none is given, which is no other's on the way that led to it.
    """
    content = turn.content
    found = passages.of_messages(content["messages"], 0) + passages.of_answer(content["answer"])
    if system:
        found = passages.of_system(content["system"]) + found
    return [Text(turn, label or turn.number, one.where, one.speaker, one.text) for one in found]


def before(turn: Turn, most: int) -> list[Turn]:
    """The turns that led here, branches followed back; at most so many, in their order."""
    chain: list[Turn] = []
    parent = turn.parent_id
    while parent is not None and len(chain) < min(most, LONGEST_CHAIN):
        found = Turn.objects.filter(pk=parent, deployment_id=turn.deployment_id).first()
        if found is None:
            break
        chain.insert(0, found)
        parent = found.parent_id
    return chain


def shown(name: str, now: Sequence[Text], earlier: Sequence[Text], *, room: int, room_before: int) -> tuple[str, str]:
    """The texts for a judge: their mark, and all of them within it. What there is no room for is left out.

    now: under review, shared out evenly; earlier: for context, the newest first.
    """
    each = max(2_000, room // max(1, len(now)))
    entries: list[dict[str, Any]] = [_entry(one, each, "now") for one in now]
    for one in reversed(earlier):
        if (entry := _entry(one, 2_000, "earlier"))["text"] and len(entry["text"]) <= room_before:
            room_before -= len(entry["text"])
            entries.insert(0, entry)
    return information(name, entries)


def _entry(one: Text, room: int, when: str) -> dict[str, Any]:
    text = one.text
    if len(text) > room:
        text = f"{text[: room // 2]} […] {text[-room // 2 :]}"
    return {"where": one.where, "when": when, "speaker": one.speaker, "text": text}


SPANS: dict[str, Any] = {
    "type": "array",
    "maxItems": MOST_SPANS,
    "description": "The places that bear your judgment out, each copied to the letter from one of the texts.",
    "items": {
        "type": "object",
        "properties": {
            "where": {"type": "string", "description": "The text's `where`."},
            "quote": {"type": "string", "description": "What stands there, to the letter."},
            "start": {"type": "integer", "description": "At which character of the text, if you know."},
        },
        "required": ["where", "quote"],
        "additionalProperties": False,
    },
}


def located(given: Any, texts: Iterable[Text]) -> list[dict[str, Any]]:
    """A judge's quotes as spans: {"turn", "place", "start", "end"}. Raises VerdictError for one that nobody said."""
    if not isinstance(given, list) or len(given) > MOST_SPANS:
        raise VerdictError("its spans are not a list, or too many")
    known = {one.where: one for one in texts}
    return [_span(one, known) for one in given]


def _span(one: Any, known: Mapping[str, Text]) -> dict[str, Any]:
    where, quote = (one.get("where"), one.get("quote")) if isinstance(one, Mapping) else (None, None)
    if not isinstance(where, str) or not isinstance(quote, str) or not quote.strip() or len(quote) > LONGEST_QUOTE:
        raise VerdictError("one of its spans is malformed")
    if (text := known.get(where)) is None:
        raise VerdictError("one of its spans lies in a text that there is not")
    for said in (quote, quote.replace("\\u003c", "<").replace("\\u003e", ">")):
        # Judges count characters badly: what they say of the place only tells equal quotes apart.
        start = one.get("start")
        if type(start) is not int or start < 0 or not text.text.startswith(said, start):
            start = text.text.find(said)
        if start >= 0:
            return {"turn": str(text.turn.pk), "place": text.place, "start": start, "end": start + len(said)}
    raise VerdictError("one of its quotes is not in the text it names")


def quote_of(span: Mapping[str, Any], texts: Iterable[Text]) -> tuple[str, str]:
    """(speaker, words) of a span; two times "" where they are no longer there."""
    for one in texts:
        if str(one.turn.pk) == span.get("turn") and one.place == span.get("place"):
            return one.speaker, one.text[span["start"] : span["end"]]
    return "", ""


def span_of(signal: Mapping[str, Any], texts: Iterable[Text]) -> dict[str, Any] | None:
    """Where a screen's evidence stands, where it stands there to the letter."""
    evidence = str(signal.get("evidence", "")).removesuffix("…")
    for one in texts:
        if one.place == signal.get("where") and evidence and (start := one.text.find(evidence)) >= 0:
            return {"turn": str(one.turn.pk), "place": one.place, "start": start, "end": start + len(evidence)}
    return None
