"""What goes wrong, told in OpenAI's shape to callers of OpenAI's clients."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import openai
import pytest
from django.conf import settings

from audit.oversight.pauses import lift, place
from conversations.models import Turn
from operators.keys import create_key
from operators.models import Account
from tests.conversations.catalogue import model as make_model
from tests.support.openai_apps import app
from tests.support.waiting import until

ASKED: Any = {"model": "default", "messages": [{"role": "user", "content": "hello"}]}
both = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.fixture
def client(web: str, key: str) -> Iterator[openai.OpenAI]:
    with app(web, key) as made:
        yield made


def ask(client: openai.OpenAI, text: str, *, stream: bool, **more: Any) -> None:
    made = client.chat.completions.create(
        **{**ASKED, "messages": [{"role": "user", "content": text}]}, stream=stream, **more
    )
    if stream:
        list(made)


def shape(response: httpx2.Response) -> dict[str, Any]:
    """The error of a response, which has OpenAI's shape and headers."""
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"] == response.headers["request-id"]
    error: dict[str, Any] = body["error"]
    return error


@both
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, (400, None, None)),
        (429, (429, "rate_limit_exceeded", None)),
        (500, (500, None, None)),
        (529, (503, "service_unavailable", None)),
    ],
)
def test_the_models_failures(client, stream, status, told):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, f"[[status:{status}]]", stream=stream)
    assert (caught.value.status_code, caught.value.code, caught.value.param) == told
    assert ("retry-after" in caught.value.response.headers) == (status in {429, 529})
    turn = Turn.objects.get()
    assert caught.value.request_id == turn.request_id
    assert caught.value.response.headers["plumbline-turn"] == str(turn.id)
    assert turn.status == "upstream_error"


@pytest.mark.parametrize("fault", ["error-mid", "end-mid", "stall-mid:30", "cut"])
def test_a_stream_that_breaks_in_the_middle_ends_with_an_error_and_is_recorded(client, fault):
    with pytest.raises(openai.APIError) as caught:
        ask(client, f"[[chunks:20]][[{fault}]] a story. With sentences. And more.", stream=True)
    assert not isinstance(caught.value, openai.APIStatusError)
    assert caught.value.type == "server_error"
    assert caught.value.message
    assert Turn.objects.get().status == "upstream_error"


def test_a_caller_who_hangs_up_is_recorded_and_the_model_told_to_stop(client, model):
    asked = {**ASKED, "messages": [{"role": "user", "content": "[[chunks:200]][[slow:50]] a story. With sentences."}]}
    stream = client.chat.completions.create(**asked, stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()
    until(lambda: model.hangups)
    until(Turn.objects.exists)
    assert Turn.objects.get().status == "hung_up"


@pytest.mark.parametrize("bad", ["sk-proj-123", "plk_a_b"])
def test_a_wrong_key(web, bad):
    with app(web, bad) as client, pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(**ASKED)
    assert caught.value.code == "invalid_api_key"
    assert "x-api-key" not in caught.value.message


def test_no_key_and_a_key_without_the_scope(web, new_key):
    missing = httpx2.post(f"{web}/v1/chat/completions", json=ASKED)
    assert (missing.status_code, shape(missing)["code"]) == (401, "invalid_api_key")
    assert "bearer" in shape(missing)["message"]
    deployment, _ = new_key()
    client = app(web, create_key(deployment, "k", by=None, scopes=["records"])[1])
    with client, pytest.raises(openai.PermissionDeniedError, match="scope 'turns'"):
        client.chat.completions.create(**ASKED)


def test_the_messages_apis_own_header_carries_the_key_as_well(web, key):
    response = httpx2.post(f"{web}/v1/chat/completions", json={**ASKED, "model": "none"}, headers={"x-api-key": key})
    assert (response.status_code, shape(response)["code"]) == (404, "model_not_found")


@both
def test_a_model_that_may_not_be_used(client, stream):
    with pytest.raises(openai.NotFoundError, match="The model `gpt-6-astra` does not exist") as caught:
        ask(client, "hello", stream=stream, extra_body={"model": "gpt-6-astra"})
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-6-astra")
    assert caught.value.code == "model_not_found"
    assert not Turn.objects.exists()


def test_a_pause(client, transactional_db):
    steward = Account.objects.create_user("steward@example.com", is_steward=True)
    pause = place("platform", "", reason="Looking into complaints", by=steward)
    try:
        time.sleep(1)
        with pytest.raises(openai.PermissionDeniedError, match="Looking into complaints"):
            client.chat.completions.create(**ASKED)
    finally:
        lift(pause, by=steward)
    time.sleep(1)


def test_what_a_models_table_refuses_is_named_as_the_caller_named_it(client):
    make_model("plain", {None: "plain"}, rules=[("stop_sequences", "refuse", "it never stops")])
    until(lambda: "plain" in [one.id for one in client.models.list()])
    with pytest.raises(openai.BadRequestError, match="stop: it never stops") as caught:
        client.chat.completions.create(**{**ASKED, "model": "plain"}, stop="END")
    assert caught.value.param == "stop"


def test_what_the_model_says_of_the_messages_made_for_it(client, model):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            **{**ASKED, "messages": [{"role": "tool", "tool_call_id": "toolu_nowhere", "content": "x"}]}
        )
    assert caught.value.param == "messages"
    assert "unexpected `tool_use_id`" in caught.value.message
    assert "messages.0" not in caught.value.message


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("GET /v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE /v1/models/default", 405, "method_not_allowed"),
        ("POST /v1/embeddings", 404, "not_found"),
        ("POST /v1/responses", 404, "not_found"),
        ("GET /v1/chat/completions/chatcmpl-1", 404, "not_found"),
    ],
)
def test_other_paths_and_methods(web, key, asked, status, code):
    method, path = asked.split()
    response = httpx2.request(method, f"{web}{path}", headers={"authorization": f"Bearer {key}"})
    assert (response.status_code, shape(response)["code"]) == (status, code)
    assert ("allow" in response.headers) == (status == 405)


def test_callers_of_the_messages_api_keep_their_shape(web, key):
    for headers in ({"x-api-key": key}, {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}):
        response = httpx2.get(f"{web}/v1/nothing", headers=headers)
        assert response.json()["type"] == "error"
        assert "x-request-id" not in response.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500])
def test_a_body_that_cannot_be_read(web, key, body):
    response = httpx2.post(f"{web}/v1/chat/completions", content=body, headers={"authorization": f"Bearer {key}"})
    assert (response.status_code, shape(response)["type"]) == (400, "invalid_request_error")


def test_a_body_over_the_limit(web, key):
    response = httpx2.post(
        f"{web}/v1/chat/completions", content=b"x" * (33 * 1024 * 1024), headers={"authorization": f"Bearer {key}"}
    )
    assert (response.status_code, shape(response)["code"]) == (413, "request_too_large")


def test_models_are_those_of_the_other_api(web, key, client):
    retires = datetime(2027, 5, 1, tzinfo=UTC)
    make_model(
        "ageing", {None: "x"}, lifecycle="deprecated", retires_at=retires, created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    until(lambda: len(list(client.models.list())) == 2)
    ageing, environments = client.models.list()
    assert (ageing.id, ageing.created, ageing.shutdown_date) == ("ageing", 1767225600, "2027-05-01")
    assert (environments.id, environments.object, environments.shutdown_date) == (
        settings.UPSTREAM_MODEL,
        "model",
        None,
    )
    assert client.models.retrieve("default") == environments
    both = httpx2.get(f"{web}/v1/models", headers={"x-api-key": key}).json()["data"]
    assert [model["id"] for model in both] == ["ageing", settings.UPSTREAM_MODEL]
