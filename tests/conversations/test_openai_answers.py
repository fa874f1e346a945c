"""An answer becomes a chat completion, whole or in chunks, and comes back as what was recorded. Pure."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from conversations import prefix
from conversations.errors import ApiError
from conversations.openai.answer import FINISH_REASONS, WITHHELD, Wanted, comes_back, completion, usage_of
from conversations.openai.stream import Chunks
from conversations.sse import Event
from tests.support.openai_apps import chunks_of, gathered, said_back
from tests.support.openai_requests import HELLO, made

TURN = "01a20f54-a603-7c6b-ba13-af9d82ecca72"
TEXT = {"type": "text", "text": "Hi."}
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}, "caller": {"type": "direct"}}


def told(outcome: str = "answer") -> dict[str, Any]:
    return {"turn": TURN, "outcome": outcome}


def whole(
    *blocks: Any, stop: str | None = "end_turn", outcome: str = "answer", usage: Any = None, **wanted: bool
) -> ChatCompletion:
    message = {"content": list(blocks), "stop_reason": stop, "model": "m", "usage": usage, "plumbline": told(outcome)}
    return ChatCompletion.model_validate(orjson.loads(orjson.dumps(completion(message, 1, Wanted(**wanted)))))


def events(
    blocks: list[Any], cuts: list[int], *, stop: str | None = "end_turn", outcome: str = "answer", usage: Any = None
) -> list[Event]:
    """A stream of these blocks; `cuts` gives the lengths of its pieces, in turn."""
    made: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"model": "m", "usage": usage}, "plumbline": told(outcome)},
        {"type": "ping"},
    ]
    lengths = iter(cuts * 1000)
    for index, block in enumerate(blocks):
        made.append({"type": "content_block_start", "index": index, "content_block": opened(block)})
        kind, field, text = delta_of(block)
        while text:
            length = next(lengths)
            delta = {"type": kind, field: text[:length]}
            made.append({"type": "content_block_delta", "index": index, "delta": delta})
            text = text[length:]
        made.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": stop}
    made.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}, "plumbline": told(outcome)})
    made.append({"type": "message_stop"})
    return [Event(data["type"], data, b"") for data in made]


def opened(block: Any) -> Any:
    empty = {"text": {"text": ""}, "thinking": {"thinking": ""}, "tool_use": {"input": {}}}
    return {**block, **empty[block["type"]]}


def delta_of(block: Any) -> tuple[str, str, str]:
    if block["type"] == "tool_use":
        return "input_json_delta", "partial_json", orjson.dumps(block["input"]).decode() if block["input"] else ""
    return f"{block['type']}_delta", block["type"], block[block["type"]]


def streamed(blocks: list[Any], cuts: list[int], wanted: Wanted, **more: Any) -> ChatCompletion:
    chunks = Chunks(1, wanted)
    return gathered(chunks_of(b"".join(chunks.feed(event) for event in events(blocks, cuts, **more))))


@pytest.mark.parametrize(("stop", "finish"), [*FINISH_REASONS.items(), (None, "stop"), ("novel", "stop")])
def test_why_an_answer_ended(stop, finish):
    assert whole(TEXT, stop=stop).choices[0].finish_reason == finish
    assert streamed([TEXT], [2], Wanted(), stop=stop).choices[0].finish_reason == finish


def test_texts_are_one_and_thinking_is_left_out():
    cited = {"type": "text", "text": " Ho.", "citations": [{"type": "page_location"}]}
    server = {"type": "server_tool_use", "id": "x", "name": "web_search", "input": {}}
    message = whole(THINKING, TEXT, server, cited, USE, stop="tool_use").choices[0].message
    assert message.content == "Hi. Ho."
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls] == [
        ("toolu_1", "weather", '{"city":"Bern"}')
    ]
    assert message.refusal is None


def test_without_texts_there_is_no_content_beside_tools():
    assert whole(USE, stop="tool_use").choices[0].message.content is None
    assert whole(THINKING).choices[0].message.content == ""


def test_a_stopped_answer_keeps_what_was_said_and_says_that_the_rest_is_withheld():
    for message in (
        whole(TEXT, stop="refusal").choices[0].message,
        streamed([TEXT], [9], Wanted(), stop="refusal").choices[0].message,
    ):
        assert (message.content, message.refusal) == ("Hi.", WITHHELD)
    assert whole(stop="refusal").choices[0].message.content is None


@pytest.mark.parametrize("outcome", ["redirect", "decline", "end"])
def test_our_own_words_are_content_and_where_json_was_asked_for_a_refusal(outcome):
    assert whole(TEXT, outcome=outcome).choices[0].message.content == "Hi."
    for message in (
        whole(TEXT, outcome=outcome, json=True).choices[0].message,
        streamed([TEXT], [1], Wanted(json=True), outcome=outcome).choices[0].message,
    ):
        assert (message.content, message.refusal) == (None, "Hi.")
    assert whole(TEXT, json=True).choices[0].message.content == "Hi."


def test_the_older_shape_has_one_function_call():
    second = {**USE, "id": "toolu_2"}
    for choice in (
        whole(USE, second, stop="tool_use", older=True).choices[0],
        streamed([USE, second], [3], Wanted(older=True), stop="tool_use").choices[0],
    ):
        assert choice.finish_reason == "function_call"
        assert choice.message.function_call.name == "weather"
        assert orjson.loads(choice.message.function_call.arguments) == {"city": "Bern"}
        assert choice.message.tool_calls is None


def test_tokens_of_the_cache_are_part_of_the_prompt():
    usage = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 200, "output_tokens": 7}
    counted = whole(TEXT, usage=usage | {"service_tier": "standard"})
    assert counted.service_tier == "default"
    assert (counted.usage.prompt_tokens, counted.usage.completion_tokens, counted.usage.total_tokens) == (235, 7, 242)
    assert counted.usage.prompt_tokens_details.cached_tokens == 30
    assert counted.usage.prompt_tokens_details.cache_write_tokens == 200
    assert counted.usage.completion_tokens_details is None
    thought = usage_of({**usage, "output_tokens_details": {"thinking_tokens": 3}})
    assert thought["completion_tokens_details"] == {"reasoning_tokens": 3}
    assert usage_of({"input_tokens": "many", "output_tokens": -1})["total_tokens"] == 0


def test_usage_comes_in_a_last_chunk_of_its_own_where_it_is_asked_for():
    raw = b"".join(map(Chunks(1, Wanted(usage=True)).feed, events([TEXT], [9], usage={"input_tokens": 5})))
    *chunks, last = chunks_of(raw)
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in chunks)
    assert (last.choices, last.usage.prompt_tokens, last.usage.completion_tokens) == ([], 5, 7)
    raw = b"".join(map(Chunks(1, Wanted()).feed, events([TEXT], [9])))
    assert all("usage" not in chunk.model_fields_set for chunk in chunks_of(raw))


def test_a_chunk_leaves_with_its_event_and_a_ping_keeps_the_line_open():
    chunks = Chunks(1, Wanted())
    sent = [(event.name, chunks.feed(event)) for event in events([THINKING, TEXT], [9])]
    assert [name for name, raw in sent if raw] == [
        *("message_start", "ping", "content_block_delta", "message_delta", "message_stop")
    ]
    assert dict(sent)["ping"].startswith(b":")


def test_every_chunk_has_the_same_id_time_and_model_and_the_outer_ones_say_what_was_decided():
    chunks = chunks_of(b"".join(map(Chunks(5, Wanted()).feed, events([TEXT, USE], [2]))))
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {
        (f"chatcmpl-{TURN.replace('-', '')}", 5, "m")
    }
    assert [number for number, chunk in enumerate(chunks) if hasattr(chunk, "plumbline")] == [0, len(chunks) - 1]


def test_a_failure_in_the_middle_is_an_error_and_not_the_end():
    raw = Chunks(1, Wanted()).fail(ApiError(529, "Overloaded"))
    error = orjson.loads(raw.removeprefix(b"data: "))["error"]
    assert error == {"message": "Overloaded", "type": "server_error", "param": None, "code": "service_unavailable"}


def test_an_input_that_came_with_its_block_is_not_lost():
    start = {"type": "content_block_start", "index": 0, "content_block": USE}
    made = [*events([], [1])[:1], Event("content_block_start", start, b"")]
    made += [Event("content_block_stop", {"index": 0}, b""), *events([], [1])[2:]]
    message = gathered(chunks_of(b"".join(map(Chunks(1, Wanted()).feed, made)))).choices[0].message
    assert orjson.loads(message.tool_calls[0].function.arguments) == {"city": "Bern"}


# --- However it is cut, and whatever it says

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
INPUTS = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
TEXTS = st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=20) | st.sampled_from([" ", "\n\n"]))
THOUGHTS = st.just(THINKING)
USES = st.builds(lambda given: {"type": "tool_use", "name": "weather", "input": given}, INPUTS)
ANSWERS = st.lists(TEXTS | THOUGHTS | USES, max_size=5).map(
    lambda blocks: [
        {**block, "id": f"toolu_{n}"} if block["type"] == "tool_use" else block for n, block in enumerate(blocks)
    ]
)
CUTS = st.lists(st.integers(1, 6), min_size=1, max_size=4)
WANTED = st.builds(Wanted, usage=st.booleans(), json=st.booleans(), older=st.booleans())
# Our own words end in one way only.
ENDS = st.sampled_from([("redirect", "end_turn"), *(("answer", stop) for stop in [*FINISH_REASONS, None])])


def gist(completed: ChatCompletion) -> Any:
    """A message, with its arguments as what they say."""
    message = completed.choices[0].message
    calls = [(call.id, call.function.name, orjson.loads(call.function.arguments)) for call in message.tool_calls or ()]
    function = message.function_call and (message.function_call.name, orjson.loads(message.function_call.arguments))
    return message.content or "", message.refusal, calls, function, completed.choices[0].finish_reason


@given(ANSWERS, st.tuples(CUTS, CUTS), WANTED, ENDS)
@settings(max_examples=200, deadline=None)
def test_a_stream_is_the_same_message_however_it_is_cut(blocks, cuts, wanted, end):
    outcome, stop = end
    plain = gist(whole(*blocks, stop=stop, outcome=outcome, json=wanted.json, older=wanted.older))
    for cut in cuts:
        assert gist(streamed(blocks, cut, wanted, stop=stop, outcome=outcome)) == plain


@given(ANSWERS, CUTS, WANTED, ENDS)
@settings(max_examples=200, deadline=None)
def test_an_answer_that_comes_back_is_recognised(blocks, cuts, wanted, end):
    outcome, stop = end
    recorded = comes_back(blocks, stop or "", wanted=wanted, place=1)
    plain = whole(*blocks, stop=stop, outcome=outcome, json=wanted.json, older=wanted.older)
    for given_back in (plain, streamed(blocks, cuts, wanted, stop=stop, outcome=outcome)):
        history = [HELLO, said_back(given_back.choices[0].message)]
        answers = [
            {"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in history[1].get("tool_calls") or ()
        ]
        if history[1].get("function_call"):
            answers = [{"role": "function", "name": "weather", "content": "x"}]
        sent = made(messages=[*history, *answers, HELLO])["messages"]
        expected = [HELLO, *([{"role": "assistant", "content": recorded}] if recorded else [])]
        assert digest(sent[: len(expected)]) == digest(expected)


def digest(messages: list[Any]) -> bytes:
    return prefix.digests(UUID(int=1), "", messages)[-1]
