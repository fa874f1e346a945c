"""What recorded turns were decided from, as far as it is kept. Content is read by the models, as everywhere else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from charter import Decision, Judgment, Passage, Past
from charter.situation import RISKS
from conversations import passages
from conversations.models import Turn
from conversations.redeciding.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Material:
    """said: the recent history and the turn's new messages; by_app: its own `system`, without the configuration's
    instructions. wishes: the user's, as far as the record shows them."""

    said: tuple[Passage, ...]
    by_app: tuple[Passage, ...]
    past: Past
    wishes: Mapping[str, bool]
    judgment: Judgment | None
    recorded: Verdict
    asked_to_end: bool = False
    """Whether the model, when it read the turn, asked to close the conversation."""


def turns_of(ids: Iterable[Any]) -> QuerySet[Turn]:
    """Turns with all that reading them takes, so that none asks the database again."""
    return Turn.objects.filter(pk__in=list(ids)).select_related("configuration", "data_key")


def read_materials(turns: Sequence[Turn]) -> list[Material | None]:
    """One for each turn, in their order; None where what was said, or what was said before it, is not kept.

    Asks the database a few times for all of them together, and once more for each step back in history. Raises
    KeyError, TypeError or ValueError for a record that is not of a shape that was ever written.
    """
    earlier = _earlier(turns)
    return [_material(turn, earlier) for turn in turns]


def _material(turn: Turn, earlier: Mapping[Any, Turn]) -> Material | None:
    parent = earlier.get(turn.parent_id)
    if not _is_kept(turn) or (turn.number > 1 and (parent is None or not _is_kept(parent))):
        return None
    history = _history(turn, earlier)
    if history is None:
        return None
    decision = Decision.from_json(turn.decision)
    messages = [*history, *turn.content["messages"]]
    return Material(
        said=tuple(passages.of_messages(messages, len(history))),
        by_app=tuple(passages.of_system(turn.content["system"])),
        past=_past(turn, decision, parent),
        wishes=_wishes(turn.decision, decision),
        judgment=decision.judgment,
        recorded=Verdict.of(decision),
        asked_to_end=bool(turn.decision.get("asked_to_end")),
    )


def _is_kept(turn: Turn) -> bool:
    content = turn.content
    return isinstance(content, dict) and not content.get("deleted")


def _past(turn: Turn, decision: Decision, parent: Turn | None) -> Past:
    """As it was met: what the turn left behind tells what the earlier one's past alone does not.

    A conversation may have been ended by its app in between, and someone's risk have shown in a turn that failed.
    """
    past = Past(**parent.past) if parent is not None else Past()
    left = Past(**turn.past)
    ended = decision.winner is not None and decision.winner.source == "conversation.ended"
    shown_now = any(concern.signal in RISKS for concern in decision.concerns)
    return replace(
        past,
        ended=ended if decision.outcome == "end" else left.ended,
        at_risk=past.at_risk or (left.at_risk and not shown_now),
    )


def _wishes(stored: Mapping[str, Any], decision: Decision) -> dict[str, bool]:
    """Those that were heeded, and those that were not granted: what holds instead is their opposite."""
    heeded = {one.id: one.on for one in decision.effective.values() if one.origin == "user"}
    refused = [decision.effective[name] for name in stored.get("not_granted", ()) if name in decision.effective]
    return {**heeded, **{one.id: not one.on for one in refused}}


def _history(turn: Turn, earlier: Mapping[Any, Turn]) -> list[dict[str, Any]] | None:
    """As many messages from before the turn as the screens look at, or all; None where one is not kept."""
    messages: list[dict[str, Any]] = []
    before = earlier.get(turn.parent_id)
    while before is not None and len(messages) < passages.RECENT_MESSAGES:
        if not _is_kept(before):
            return None
        messages = [*_said_in(before), *messages]
        before = earlier.get(before.parent_id)
    return messages[-passages.RECENT_MESSAGES :]


def _said_in(turn: Turn) -> list[dict[str, Any]]:
    answer = turn.content["answer"]
    return [*turn.content["messages"], *([{"role": "assistant", "content": answer}] if answer else [])]


def _earlier(turns: Iterable[Turn]) -> dict[Any, Turn]:
    """By id: the turns before these, as far back as the screens look."""
    found: dict[Any, Turn] = {}
    wanted = {turn.parent_id: passages.RECENT_MESSAGES for turn in turns if turn.parent_id}
    while wanted:
        further: dict[Any, int] = {}
        for one in turns_of(wanted):
            found[one.pk] = one
            missing = wanted[one.pk] - (max(len(_said_in(one)), 1) if _is_kept(one) else passages.RECENT_MESSAGES)
            if one.parent_id and missing > 0:
                further[one.parent_id] = max(missing, further.get(one.parent_id, 0))
        wanted = {pk: missing for pk, missing in further.items() if pk not in found}
    return found
