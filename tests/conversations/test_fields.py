"""Every field of a request, sent by the official client and answered in types it checks strictly."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import message_count_tokens_params, message_create_params
from anthropic.types.beta import message_count_tokens_params as beta_count_params
from anthropic.types.beta import message_create_params as beta_create_params
from django.conf import settings

from conversations.models import Turn
from operators.models import Deployment
from tests.conversations.catalogue import model as make_model
from tests.support.waiting import until

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
EPHEMERAL = {"type": "ephemeral", "ttl": "5m"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
MESSAGES: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is on this picture?", "cache_control": EPHEMERAL},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "A page."},
                "title": "Page",
                "citations": {"enabled": True},
            },
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Let me look it up.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "eHl6"},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "Sunny"}]},
            {"type": "text", "text": "And now?"},
        ],
    },
]
TOOLS: list[Any] = [
    {"name": "weather", "description": "Looks up the weather.", "input_schema": SCHEMA, "strict": True},
    {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
]
COUNTED: dict[str, Any] = {
    "model": "default",
    "messages": MESSAGES,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}],
    "cache_control": EPHEMERAL,
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    "speed": "standard",
    "thinking": {"type": "adaptive", "display": "summarized"},
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "tools": TOOLS,
    "user_profile_id": "profile_1",
    "workspace_id": "wrkspc_1",
}
CREATED = COUNTED | {
    "max_tokens": 1024,
    "container": {"id": "container_1", "skills": [{"skill_id": "pdf", "type": "anthropic", "version": "latest"}]},
    "diagnostics": {"previous_message_id": "msg_1"},
    "inference_geo": "eu",
    "metadata": {"user_id": "13803d75-b4b5-4c3e-b2a2-6f21399b021b"},
    "service_tier": "auto",
    "stop_sequences": ["STOP"],
}
BETA: dict[str, Any] = {
    "billing_policy": {"type": "billing_policy", "bill_to": "self"},
    "compaction": {"type": "summarize", "instructions": "Keep the names."},
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 1}}]},
    "mcp_servers": [{"type": "url", "name": "files", "url": "https://mcp.example", "authorization_token": "t"}],
    "betas": ["context-management-2025-06-27", "mcp-client-2025-11-20"],
}
BETA_CREATED: dict[str, Any] = {
    "fallback_credit_token": "token",
    "fallbacks": [{"model": "default", "max_tokens": 5}],
    "thread": {"type": "create"},
}
HEADERS = {"user_profile_id", "workspace_id", "betas"}


@pytest.fixture
def strict(web: str, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=web, api_key=key, max_retries=0, timeout=20, _strict_response_validation=True
    ) as made:
        yield made


def arrived(model: Any, sent: dict[str, Any], **told: Any) -> None:
    """Everything that was sent is in the last request to the model, as it was; but for what is told otherwise."""
    received = model.requests[-1]
    for name in sent.keys() - HEADERS - {"model", "system"}:
        assert received.body[name] == told.get(name, sent[name]), name
    assert received.body["model"] == settings.UPSTREAM_MODEL
    assert "Be brief." in "".join(block["text"] for block in received.body["system"])
    assert received.headers["anthropic-user-profile-id"] == "profile_1"
    assert set(received.body) == sent.keys() - HEADERS
    # A workspace belongs to a key, and the key is the platform's.
    assert "anthropic-workspace-id" not in received.headers


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        (message_create_params.MessageCreateParamsBase, CREATED),
        (message_count_tokens_params.MessageCountTokensParams, COUNTED),
        (beta_create_params.MessageCreateParamsBase, CREATED | BETA | BETA_CREATED),
        (beta_count_params.MessageCountTokensParams, COUNTED | BETA),
    ],
)
def test_these_are_all_the_fields_there_are(params, sent):
    assert sent.keys() == params.__annotations__.keys()


def test_every_field_of_a_plain_message_arrives(strict, model):
    answer = strict.messages.create(**CREATED)
    assert answer.model == "default"
    arrived(model, CREATED)


def test_every_field_of_a_stream_arrives(strict, model):
    kinds = [event.type for event in strict.messages.create(**CREATED, stream=True)]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    arrived(model, CREATED | {"stream": True})


@pytest.mark.parametrize("stream", [False, True])
def test_every_field_of_a_beta_message_arrives(strict, model, stream):
    sent = CREATED | BETA | BETA_CREATED | {"stream": stream}
    answer = strict.beta.messages.create(**sent)
    if stream:
        assert [event.type for event in answer][-1] == "message_stop"
    arrived(model, sent, fallbacks=[{"model": settings.UPSTREAM_MODEL, "max_tokens": 5}])
    assert model.requests[-1].headers["anthropic-beta"] == ",".join(sent["betas"])


def test_every_field_of_a_count_arrives(strict, model):
    assert strict.messages.count_tokens(**COUNTED).input_tokens > 0
    arrived(model, COUNTED)
    assert strict.beta.messages.count_tokens(**COUNTED, **BETA).input_tokens > 0
    arrived(model, COUNTED | BETA)


def test_sampling_fields_and_what_is_not_known_here_pass_through(client, model):
    more = {"temperature": 0.5, "top_p": 0.9, "top_k": 4}
    question = {"role": "user", "content": "hello"}
    older = {"anthropic-version": "2023-06-01"}
    client.messages.create(model="default", max_tokens=9, messages=[question], extra_body=more, extra_headers=older)
    assert {name: model.requests[-1].body[name] for name in more} == more
    with pytest.raises(anthropic.BadRequestError, match="novelty: Extra inputs are not permitted"):
        client.messages.create(model="default", max_tokens=9, messages=[question], extra_body={"novelty": 1})


def test_a_cache_can_be_filled_without_an_answer(client, model):
    question = {"role": "user", "content": "hello"}
    assert client.messages.create(model="default", max_tokens=0, messages=[question]).content == []
    assert model.requests[-1].body["max_tokens"] == 0


def test_what_a_model_cannot_take_is_dropped_or_refused_with_a_word(client, model):
    rules = (
        ("service_tier", "drop", "this model has one tier"),
        ("output_config.effort", "drop", ""),
        ("thinking", "refuse", "this model does not think"),
    )
    make_model("plain", {None: "plain"}, rules=rules)
    until(lambda: "plain" in [one.id for one in client.models.list()])
    asked: dict[str, Any] = {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    assert "dropped" not in client.messages.create(**asked).plumbline
    answer = client.messages.create(
        **asked,
        service_tier="auto",
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    )
    sent = model.requests[-1].body
    assert "service_tier" not in sent
    assert sent["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert answer.plumbline["dropped"] == {
        "service_tier": "this model has one tier",
        "output_config.effort": "plain does not take this field",
    }
    before = (len(model.requests), Turn.objects.count())
    with pytest.raises(anthropic.BadRequestError, match="thinking: this model does not think"):
        client.messages.create(**asked, thinking={"type": "adaptive"})
    assert (len(model.requests), Turn.objects.count()) == before


def test_models_named_within_a_request_are_held_to_the_deployments(client, model):
    make_model("other", {None: "other-there"})
    Deployment.objects.update(model_names=["other"])
    until(lambda: [one.id for one in client.models.list()] == ["other"])
    asked: dict[str, Any] = {"model": "other", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    asked["betas"] = ["server-side-fallback-2026-07-01"]
    answer = client.beta.messages.create(**asked, fallbacks=[{"model": "default"}, {"model": "other"}])
    assert model.requests[-1].body["fallbacks"] == [{"model": "other-there"}]
    assert "fallbacks" in answer.plumbline["dropped"]
    client.beta.messages.create(**asked, fallbacks="default")
    assert "fallbacks" not in model.requests[-1].body
    advisor: Any = {"type": "advisor_20260301", "name": "advisor", "model": "other"}
    client.beta.messages.create(**asked, tools=[advisor])
    assert model.requests[-1].body["tools"][0]["model"] == "other-there"
    with pytest.raises(anthropic.NotFoundError, match="model: default"):
        client.beta.messages.create(**asked, tools=[{**advisor, "model": "default"}])
