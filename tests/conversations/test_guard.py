"""The guard on an answer as it streams: valid order, little held back, and every kind of words looked at."""

import json
from typing import Any

import pytest

from charter import Configuration
from charter.screens.output import HOLD
from conversations.guard import REFUSAL, Guard
from conversations.sse import Event, made

CROSSING = "Here is what I think. You should kill yourself. It is for the best."
BEFORE = "Here is what I think. "
KINDS = {
    "text": ("text_delta", "text", {"type": "text", "text": ""}),
    "tool_use": ("input_json_delta", "partial_json", {"type": "tool_use", "id": "t", "name": "mail", "input": {}}),
    "thinking": ("thinking_delta", "thinking", {"type": "thinking", "thinking": "", "signature": ""}),
}


def streamed(guard: Guard, kind: str, pieces: list[str]) -> list[Event]:
    delta, field, block = KINDS[kind]
    events = [made("content_block_start", index=0, content_block=block)]
    events += [made("content_block_delta", index=0, delta={"type": delta, field: piece}) for piece in pieces]
    events += [made("content_block_stop", index=0), made("content_block_start", index=1, content_block=block)]
    return [passed for event in events for passed in guard.pass_on(event)]


def words(events: list[Event]) -> str:
    deltas = [event.data["delta"] for event in events if event.name == "content_block_delta"]
    return "".join(delta.get("text") or delta.get("partial_json") or delta.get("thinking") or "" for delta in deltas)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_nothing_past_the_line_leaves_and_the_open_block_is_closed_last(kind, size):
    guard = Guard(Configuration())
    events = streamed(guard, kind, [CROSSING[at : at + size] for at in range(0, len(CROSSING), size)])
    names = [event.name for event in events]
    assert guard.stopped is not None
    assert words(events) == BEFORE
    assert names == ["content_block_start", *["content_block_delta"] * (len(names) - 2), "content_block_stop"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_crosses_nothing_comes_through_whole_and_in_order(kind):
    text = "One sentence. Another one!\nAnd a third without an end"
    guard = Guard(Configuration())
    events = streamed(guard, kind, list(text))
    assert guard.stopped is None
    assert words(events) == text
    assert [event.name for event in events][-2:] == ["content_block_stop", "content_block_start"]


def test_what_is_held_back_is_bounded():
    guard, said, sent = Guard(Configuration()), 0, 0
    list(guard.pass_on(made("content_block_start", index=0, content_block={"type": "text", "text": ""})))
    for _ in range(3_000):
        delta = made("content_block_delta", index=0, delta={"type": "text_delta", "text": "word "})
        said, sent = said + 5, sent + len(words(list(guard.pass_on(delta))))
        assert said - sent <= HOLD + 5


def test_words_leave_before_the_signature_they_bear():
    guard = Guard(Configuration())
    signature = made("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "abc"})
    start = made("content_block_start", index=0, content_block=KINDS["thinking"][2])
    thought = made(
        "content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "An unfinished thought"}
    )
    events = [passed for event in (start, thought, signature) for passed in guard.pass_on(event)]
    kinds = [event.data["delta"]["type"] for event in events[1:]]
    assert kinds == ["thinking_delta", "signature_delta"]


def test_a_whole_message_is_cut_at_the_block_that_crosses():
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "mail", "input": {"body": CROSSING}}
    message = {"content": [{"type": "text", "text": "I write the mail."}, call], "stop_reason": "tool_use"}
    guarded = Guard(Configuration()).plain(message)
    assert guarded["content"] == [{"type": "text", "text": "I write the mail."}]
    assert guarded["stop_reason"] == REFUSAL


def test_every_event_of_its_own_says_the_same_in_bytes_as_in_data():
    for event in streamed(Guard(Configuration()), "text", [CROSSING]):
        assert json.loads(event.raw.split(b"data: ")[1]) == event.data
