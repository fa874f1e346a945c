"""The official client, and raw sockets where it would hide the bytes, against the scripted model server."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import anthropic
import pytest

from tests.support import model_server
from tests.support.model_server import ModelServer
from tests.support.waiting import eventually

WEATHER = {
    "name": "weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def client(server: ModelServer) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=server.url, api_key="any", max_retries=0, timeout=10) as made:
        yield made


def said(text: str, **more: object) -> dict:
    return {"model": "claude-mock-1", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}


async def test_a_plain_answer_is_the_clients_message(client, server):
    answer = await client.messages.create(**said("[[say:Use reversed(items).]]"))
    assert answer.content[0].text == "Use reversed(items)."
    assert (answer.role, answer.model, answer.stop_reason) == ("assistant", "claude-mock-1", "end_turn")
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer._request_id.startswith("req_")
    assert server.requests[0].headers["authorization"] == "Bearer any"
    assert server.requests[0].text == "[[say:Use reversed(items).]]"


async def test_the_same_request_gets_the_same_answer(client):
    first, second = [await client.messages.create(**said("Hello there")) for _ in range(2)]
    assert first.content == second.content
    assert "Hello there" in first.content[0].text
    assert first.id != second.id


async def test_headers_are_the_apis(client):
    raw = await client.messages.with_raw_response.create(**said("Hello"))
    assert raw.headers["content-type"].startswith("application/json")
    assert int(raw.headers["anthropic-ratelimit-requests-remaining"]) > 0
    async with client.messages.with_streaming_response.create(**said("Hello", stream=True)) as streamed:
        assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert streamed.headers["request-id"].startswith("req_")


async def test_a_stream_has_every_event_in_order(server):
    names = [name for name, _ in await raw_events(server, said("[[thinking:Hm.]][[say:a b]][[chunks:2]][[tool:x]]"))]
    assert names == [
        "message_start",
        *["content_block_start", "ping", "content_block_delta", "content_block_delta", "content_block_stop"],
        *["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"],
        *["content_block_start", "content_block_delta", *["content_block_delta"] * 2, "content_block_stop"],
        *["message_delta", "message_stop"],
    ]


async def test_the_client_puts_a_stream_together_again(client):
    question = said(
        '[[thinking:Hm, two tools.]][[tool:weather]][[tool:other:{"deep":{"list":[1,2]}}]]', tools=[WEATHER]
    )
    async with client.messages.stream(**question) as stream:
        streamed = await stream.get_final_message()
    plain = await client.messages.create(**question)
    assert [block.type for block in streamed.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert streamed.content[0].thinking == "Hm, two tools."
    assert streamed.content[0].signature == plain.content[0].signature != ""
    assert streamed.content[2].input == {"city": "example", "days": 1}
    assert streamed.content[3].input == {"deep": {"list": [1, 2]}}
    assert streamed.stop_reason == plain.stop_reason == "tool_use"
    assert streamed.usage.input_tokens == plain.usage.input_tokens
    assert streamed.usage.output_tokens == plain.usage.output_tokens


@pytest.mark.parametrize("chunks", [1, 3, 7])
async def test_chunks_are_as_many_as_asked(client, chunks):
    text = "one two three four five six"
    stream = await client.messages.create(**said(f"[[say:{text}]][[chunks:{chunks}]]", stream=True))
    parts = [event.delta.text async for event in stream if event.type == "content_block_delta"]
    assert len(parts) == chunks
    assert "".join(parts) == text


async def test_a_tool_conversation_goes_round(client):
    question = {"role": "user", "content": "[[tool:weather]]"}
    first = await client.messages.create(model="m", max_tokens=50, tools=[WEATHER], messages=[question])
    result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "[[status:500]]"}
    history = [question, first.to_param(), {"role": "user", "content": [result]}]
    second = await client.messages.create(model="m", max_tokens=50, tools=[WEATHER], messages=history)
    assert second.stop_reason == "end_turn"
    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
        await client.messages.create(
            model="m", max_tokens=50, messages=[*history[:2], {"role": "user", "content": "?"}]
        )


async def test_answers_end_where_the_request_says(client):
    cut = await client.messages.create(**said("[[say:one two three]]") | {"max_tokens": 2})
    assert (cut.content[0].text, cut.stop_reason) == ("one two ", "max_tokens")
    stopped = await client.messages.create(**said("[[say:one END two]]", stop_sequences=["END"]))
    assert (stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence) == ("one ", "stop_sequence", "END")
    refused = await client.messages.create(**said("[[say:No.]][[stop:refusal]]"))
    assert refused.stop_reason == "refusal"


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_empty_answer(client, streaming):
    if streaming:
        async with client.messages.stream(**said("[[empty]]")) as stream:
            answer = await stream.get_final_message()
    else:
        answer = await client.messages.create(**said("[[empty]]"))
    assert answer.content == []
    assert answer.stop_reason == "end_turn"


async def test_count_tokens_grows_with_the_text(client):
    short = await client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "Hi"}])
    long = await client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "Hi " * 100}])
    assert 0 < short.input_tokens < long.input_tokens
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Extra inputs"):
        await client.messages.count_tokens(model="m", messages=[], extra_body={"max_tokens": 1})


async def test_models(client):
    page = await client.models.list()
    assert [model.id for model in page.data] == list(model_server.MODELS)
    assert (await client.models.retrieve(page.data[0].id)).display_name == "Claude Mock 1"
    with pytest.raises(anthropic.NotFoundError, match="model: nope"):
        await client.models.retrieve("nope")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"messages": None}, "messages: Field required"),
        ({"max_tokens": -1}, "max_tokens: must be greater than or equal to 0"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"temperature": 1}, "temperature: Extra inputs are not permitted"),
        ({"plumbline": {}}, "plumbline: Extra inputs are not permitted"),
        ({"metadata": {"team": "x"}}, "metadata.team: Extra inputs are not permitted"),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-empty"),
        ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
        ({"messages": [{"role": "user", "content": "x", "id": 1}]}, "messages.0.id: Extra inputs are not permitted"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages.0.content.0.type: Field required"),
        ({"messages": [{"role": "user", "content": [{"type": "odd"}]}]}, "messages.0.content.0: Input tag 'odd'"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
            "messages.0: unexpected `tool_use_id`",
        ),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(server, change, message):
    body = {name: value for name, value in (said("Hello") | change).items() if value is not None}
    status, answer = await post(server, json=body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["message"].startswith(message)


OLDER = {"anthropic-version": "2023-06-01"}
DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
CITED = {"type": "text", "text": "x", "citations": [{"type": "char_location"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5, "top_p": 0.9, "top_k": 5},
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": [DOCUMENT]}]},
        {"messages": [{"role": "user", "content": [CITED]}]},
    ],
)
async def test_what_the_newer_version_refuses_the_older_takes(server, change):
    assert (await post(server, json=said("Hello") | change))[0] == 400
    assert (await post(server, headers=OLDER, json=said("Hello") | change))[0] == 200


async def test_a_version_is_needed_and_must_be_known(server):
    for version, message in (("", "anthropic-version: header is required"), ("2020-01-01", "is not a valid version")):
        status, answer = await post(server, headers={"anthropic-version": version}, json=said("Hello"))
        assert status == 400
        assert message in answer["error"]["message"]
    status, answer = await post(server, headers=OLDER, json=said("Hello", temperature=2))
    assert (status, answer["error"]["message"]) == (400, "temperature: range: 0..1")


async def test_a_body_that_is_not_json(server):
    status, answer = await post(server, data=b"{")
    assert (status, answer["type"], answer["error"]["type"]) == (400, "error", "invalid_request_error")


async def test_credentials():
    async with ModelServer(api_key="right") as server:
        for key, expected in (("right", 200), ("wrong", 401), ("", 401)):
            status, answer = await post(server, headers={"x-api-key": key}, json=said("Hello"))
            assert status == expected
        assert answer["error"] == {
            "details": None,
            "type": "authentication_error",
            "message": "x-api-key header is required",
        }
        assert answer["request_id"].startswith("req_")
        async with anthropic.AsyncAnthropic(base_url=server.url, auth_token="right", max_retries=0) as bearer:
            assert (await bearer.messages.create(**said("Hello"))).content


@pytest.mark.parametrize(
    ("status", "raised", "kind", "after"),
    [
        (429, anthropic.RateLimitError, "rate_limit_error", "1"),
        (500, anthropic.InternalServerError, "api_error", None),
        (529, anthropic.InternalServerError, "overloaded_error", "1"),
    ],
)
async def test_scripted_failures(client, status, raised, kind, after):
    with pytest.raises(raised) as failure:
        await client.messages.create(**said(f"[[status:{status}]]"))
    assert failure.value.status_code == status
    assert failure.value.body["error"]["type"] == kind
    assert failure.value.response.headers.get("retry-after") == after


async def test_a_failure_can_pass(server, client):
    for _ in range(2):
        with pytest.raises(anthropic.APIStatusError) as failure:
            await client.messages.create(**said("[[status:529*2]][[retry-after:7]]"))
        assert failure.value.response.headers["retry-after"] == "7"
    assert (await client.messages.create(**said("[[status:529*2]][[retry-after:7]]"))).stop_reason == "end_turn"
    patient = client.with_options(max_retries=2)
    assert (await patient.messages.create(**said("Other [[status:500*1]]"))).stop_reason == "end_turn"
    assert len(server.requests) == 5


async def test_an_error_in_mid_stream(server, client):
    stream = await client.messages.create(**said("[[error-mid]][[chunks:8]]", stream=True))
    seen = []
    with pytest.raises(anthropic.APIStatusError) as failure:
        await types_into(seen, stream)
    assert failure.value.body["error"]["type"] == "overloaded_error"
    assert "content_block_delta" in seen
    assert "message_stop" not in seen
    with pytest.raises(anthropic.InternalServerError):
        await client.messages.create(**said("[[error-mid]]"))


async def test_a_cut_stream_ends_early(client):
    stream = await client.messages.create(**said("[[cut]][[chunks:8]]", stream=True))
    seen = []
    with pytest.raises(Exception, match="peer closed connection"):
        await types_into(seen, stream)
    assert "content_block_delta" in seen
    assert "message_delta" not in seen


async def test_a_stream_can_end_in_good_order_but_early(client):
    seen = []
    await types_into(seen, await client.messages.create(**said("[[end-mid]][[chunks:8]]", stream=True)))
    assert seen[-1] == "content_block_delta"


@pytest.mark.parametrize("directive", ["[[cut]]", "[[drop]]"])
async def test_a_cut_answer_is_a_connection_error(server, client, directive):
    with pytest.raises(anthropic.APIConnectionError):
        await client.messages.create(**said(directive))
    assert server.hangups == []


async def test_malformed_answers(server, client):
    with pytest.raises(ValueError, match="Expecting"):
        await client.messages.create(**said("[[malformed]]"))
    stream = await client.messages.create(**said("[[malformed]][[chunks:8]]", stream=True))
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        await types_into([], stream)
    for streaming in (False, True):
        raw = await client.messages.with_raw_response.create(**said("[[malformed:html]]", stream=streaming))
        assert raw.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("directive", "streaming"),
    [
        *[("[[stall:60]]", False), ("[[stall:60]]", True)],
        *[("[[stall-mid:60]]", False), ("[[stall-mid:60]]", True)],
        ("[[slow:60000]]", True),
    ],
)
async def test_a_caller_that_hangs_up_is_noticed(server, directive, streaming):
    task = asyncio.create_task(post(server, json=said(directive, stream=streaming)))
    await eventually(lambda: server.requests)
    assert not server.hangups
    task.cancel()
    await eventually(lambda: server.hangups)
    assert server.hangups[0].text == directive


async def test_answers_cut_short_by_stop_are_no_hangups(server):
    task = asyncio.create_task(post(server, json=said("[[stall:60]]")))
    await eventually(lambda: server.requests)
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await task
    assert server.hangups == []


async def test_scripts_answer_for_words_in_user_text_or_system(server, client):
    server.script("weather", "[[say:Rain.]]")
    server.script("You are the judge", '[[say:{"violation": false}]]')
    assert (await client.messages.create(**said("How is the weather?"))).content[0].text == "Rain."
    judged = await client.messages.create(**said("weather [[status:500]]", system="You are the judge."))
    assert judged.content[0].text == '{"violation": false}'
    by_header = await client.messages.create(**said("weather"), extra_headers={"x-scripted": "[[say:header]]"})
    assert by_header.content[0].text == "header"
    server.reset()
    assert not server.requests
    assert (await client.messages.create(**said("weather"))).content[0].text != "Rain."


async def test_an_unknown_directive_is_a_loud_failure(client):
    with pytest.raises(anthropic.BadRequestError, match=r"unknown directive \[\[stal\]\]"):
        await client.messages.create(**said("[[stal:3]]"))


def test_in_a_thread_for_callers_without_a_loop():
    with model_server.running(delay=0.01) as server, anthropic.Anthropic(base_url=server.url, api_key="k") as client:
        assert client.messages.create(**said("[[say:hi]]")).content[0].text == "hi"
        with client.messages.stream(**said("[[say:hi there]]")) as stream:
            assert "".join(stream.text_stream) == "hi there"
        assert [received.path for received in server.requests] == ["/v1/messages"] * 2


def test_as_a_process_that_stops_cleanly():
    command = [sys.executable, str(Path(model_server.__file__)), "--port", "0", "--delay", "1", "--chunks", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().removeprefix("listening on ").strip()
        with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as client:
            assert client.messages.create(**said("[[say:hi]]")).content[0].text == "hi"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


async def types_into(seen: list[str], stream: anthropic.AsyncStream) -> None:
    async for event in stream:
        seen.append(event.type)  # noqa: PERF401  what came before a failure must be kept


async def post(server: ModelServer, headers: dict[str, str] | None = None, **what: object) -> tuple[int, dict]:
    sent = {"anthropic-version": "2026-10-21", "x-api-key": "any", **(headers or {})}
    async with aiohttp.request("POST", f"{server.url}/v1/messages", headers=sent, **what) as response:
        return response.status, await response.json(content_type=None)


async def raw_events(server: ModelServer, body: dict) -> list[tuple[str, str]]:
    """(event, data) pairs as they stand on the wire."""
    headers = {"anthropic-version": "2026-10-21", "x-api-key": "any"}
    body = body | {"stream": True}
    async with aiohttp.request("POST", f"{server.url}/v1/messages", headers=headers, json=body) as response:
        text = await response.text()
    assert text.endswith("\n\n")
    frames = [frame.splitlines() for frame in text.removesuffix("\n\n").split("\n\n")]
    return [(name.removeprefix("event: "), data.removeprefix("data: ")) for name, data in frames]
