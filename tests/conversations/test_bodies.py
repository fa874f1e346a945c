"""How large, how deep and of what kind a body may be; whatever is too much is said plainly, and never a 5xx."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.bodies import MIB, largest, read
from conversations import bounds
from conversations.models import Turn
from tests.conversations.limited import QUESTION

ASKED: dict[str, Any] = {"model": "default", "max_tokens": 9, "messages": [QUESTION]}


def post(web: str, key: str, body: Any, path: str = "/v1/messages", **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"x-api-key": key, "content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return httpx2.post(f"{web}{path}", content=content, headers=sent, timeout=60)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_a_body_of_several_megabytes_is_answered(web, key):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 6 * MIB}}
    message = {"role": "user", "content": [picture, {"type": "text", "text": "What is this?"}]}
    assert post(web, key, ASKED | {"messages": [message]}).status_code == 200


@pytest.mark.parametrize(
    ("path", "megabytes"),
    [("/v1/messages", 32), ("/v1/messages/count_tokens", 32), ("/v1/models", 2)],
)
def test_an_announced_body_over_the_limit_is_refused_before_it_is_sent(web, key, path, megabytes):
    where = urlsplit(web)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    connection.putrequest("POST", path)
    for name, value in (("x-api-key", key), ("content-length", str(megabytes * MIB + 1)), ("expect", "100-continue")):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    error = json.loads(answer.read())
    connection.close()
    assert answer.status == 413
    assert error["error"]["type"] == "request_too_large"
    assert f"({megabytes} MiB)" in error["error"]["message"]
    assert answer.headers["request-id"] == error["request_id"]


def test_a_body_that_grows_over_the_limit_is_refused_where_it_does(web, key):
    """Sent in chunks, without a length; the answer comes before the end."""
    where = urlsplit(web)
    with socket.create_connection((str(where.hostname), where.port), timeout=20) as connection:
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ntransfer-encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        chunk = b"100000\r\n" + b"x" * MIB + b"\r\n"
        for _ in range(33):
            connection.sendall(chunk)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_just_within_the_limit_is_read(web, key):
    start = json.dumps(ASKED)[:-1].encode() + b', "metadata": {"user_id": null}'
    whole = start + b" " * (32 * MIB - len(start) - 1) + b"}"
    assert len(whole) == 32 * MIB
    assert post(web, key, whole).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x" * 5000])
def test_another_content_type_is_a_415(web, key, kind):
    refused = post(web, key, ASKED, content_type=kind)
    assert refused.status_code == 415
    assert refused.json()["error"]["message"].startswith("content-type: must be application/json")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", ""])
def test_json_is_taken_however_it_is_said(web, key, kind):
    assert post(web, key, ASKED, content_type=kind).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_a_coded_body_is_a_415(web, key, coding):
    refused = post(web, key, ASKED, content_encoding=coding)
    assert refused.status_code == 415
    assert refused.json()["error"]["message"].startswith("content-encoding: ")
    assert refused.headers["accept-encoding"] == "identity"
    assert post(web, key, ASKED, content_encoding="identity").status_code == 200


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"messages": [QUESTION] * (bounds.MESSAGES + 1)}, "messages: at most 10000 messages"),
        (
            {"messages": [QUESTION, {"role": "user", "content": [{"type": "text", "text": "x"}] * 2001}]},
            "messages.1.con",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 2000}] * 11}, "messages: at most"),
        ({"system": [{"type": "text", "text": "x"}] * 2001}, "system: at most 2000 content blocks"),
        ({"tools": [{"name": "t", "input_schema": {}}] * 10_001}, "tools: at most 10000 tools"),
        ({"stop_sequences": ["x"] * 8_192}, "stop_sequences: at most 8191 sequences"),
        ({"messages": [{"role": "user", "content": "x" * 10_000_001}]}, "messages: a request takes at most 10000000"),
        ({"system": "x" * 10_000_001}, "system: a request takes at most 10000000 characters"),
        ({"tools": [{"name": "t", "input_schema": nested(70)}]}, "tools: nested deeper than 64 levels"),
        ({"novelty": nested(500)}, "novelty: nested deeper than 100 levels"),
        ({"tools": [{"name": "t", "type": "base64", "data": nested(90)}]}, "tools: nested deeper than 64 levels"),
        ({"thinking": list(range(200_001))}, "thinking: at most 200000 values"),
        ({"metadata": {str(number): number for number in range(200_001)}}, "metadata: at most 200000 values"),
        ({str(number): number for number in range(1001)}, "the body: at most 1000 fields"),
        ({"plumbline": {"user_adjustments": nested(80)}}, "plumbline: nested deeper"),
    ],
)
def test_what_is_too_deep_or_too_much_is_a_400_that_names_the_field(web, key, more, said):
    refused = post(web, key, ASKED | more)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(said)
    counted = post(web, key, ASKED | more, "/v1/messages/count_tokens")
    assert counted.json()["error"]["message"] == error["message"]
    assert not Turn.objects.exists()


def test_what_is_large_and_within_bounds_is_answered(web, key):
    nested_input = {"type": "tool_use", "id": "t1", "name": "t", "input": {"deep": nested(50)}}
    messages = [
        *([QUESTION, {"role": "assistant", "content": "Yes."}] * 50),
        QUESTION,
        {"role": "assistant", "content": [nested_input]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x" * 1_000_000}]},
    ]
    tools = [{"name": "t", "input_schema": {"type": "object"}}]
    assert post(web, key, ASKED | {"messages": messages, "tools": tools}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"\0",
        b'{"model":"default","max_tokens":1e400,"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"default","max_tokens":9999999999999999999999999,"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"a\\u0000b","max_tokens":1,"messages":[{"role":"user","content":"x"}]}',
        b'{"model":"default","max_tokens":1,"messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"default","max_tokens":1,"messages":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"model":"default","max_tokens":1,"messages":[{"role":["user"],"content":"x"}]}',
        b'{"model":"default","max_tokens":1,"messages":{"0":{"role":"user"}}}',
        b'{"model":"default","max_tokens":1,"messages":[{"role":{},"content":{}}]}',
        b'{"model":"default","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","content":'
        b'[{"type":[]}]}]}]}',
    ],
)
def test_malformed_bodies_are_4xx(web, key, body):
    assert 400 <= post(web, key, body).status_code < 500


def test_limits_of_bodies_come_from_the_environment():
    limits = read({"PLUMBLINE_BODY_MIB": "1", "PLUMBLINE_BATCH_BODY_MIB": "300"})
    assert largest(limits, "/v1/messages") == largest(limits, "/v1/conversations/x/turns") == MIB
    assert largest(limits, "/v1/messages/batches") == 300 * MIB
    assert largest(limits, "/v1/messages/batches/x/cancel") == largest(limits, "/healthz") == 2 * MIB
    for bad in ("0", "-1", "many", "1.5", "99999"):
        with pytest.raises(ImproperlyConfigured, match="PLUMBLINE_BODY_MIB"):
            read({"PLUMBLINE_BODY_MIB": bad})
