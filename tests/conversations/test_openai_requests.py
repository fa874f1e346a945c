"""The fields of a chat completion become those of a request of the Messages API. Pure."""

import pytest
from openai.types.chat import completion_create_params

from conversations.openai.fields import TABLE
from conversations.openai.formats import JSON_OBJECT
from conversations.openai.request import PASSED, TRANSLATED, USUAL_LONGEST
from tests.support.openai_requests import HELLO, made, read, refusal


def test_these_are_all_the_fields_there_are():
    known = completion_create_params.CompletionCreateParamsBase.__annotations__.keys() | {"stream"}
    assert known == (TABLE.keys() | TRANSLATED) - PASSED - {"plumbline"}
    assert not TABLE.keys() & TRANSLATED


def test_the_least_request():
    assert made() == {
        "model": "default",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "max_tokens": USUAL_LONGEST,
        "stream": False,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"max_tokens": 9, "max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"model": "long"}, {"max_tokens": 64_000}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}),
        ({"temperature": 0.3, "top_p": 0.5, "top_k": 4}, {"temperature": 0.3, "top_p": 0.5, "top_k": 4}),
        ({"stream": True}, {"stream": True}),
        ({"stream": None}, {"stream": False}),
        ({"user": "anna", "safety_identifier": "x"}, {"metadata": {"user_id": "anna"}}),
        ({"safety_identifier": "ben"}, {"metadata": {"user_id": "ben"}}),
        ({"metadata": {"user_id": "cleo"}}, {"metadata": {"user_id": "cleo"}}),
        ({"reasoning_effort": "minimal"}, {"output_config": {"effort": "low"}}),
        ({"reasoning_effort": "xhigh"}, {"output_config": {"effort": "xhigh"}}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            {"reasoning_effort": "none", "thinking": {"type": "enabled", "budget_tokens": 1024}},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        ({"service_tier": "default"}, {"service_tier": "standard_only"}),
        ({"service_tier": "priority"}, {"service_tier": "auto"}),
        ({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_what_has_a_counterpart_is_translated(fields, expected):
    assert made(**fields).items() >= expected.items()
    assert read(**fields).dropped == {}


def test_plumblines_own_field_is_read_as_in_the_messages_api():
    asked = read(plumbline={"user_adjustments": {"crude_language": True}}).asked
    assert asked.adjustments == {"crude_language": True}
    assert "plumbline" not in asked.body
    assert refusal(plumbline={"user_adjustments": 3})["param"] == "plumbline.user_adjustments"


def test_what_only_tunes_is_dropped_and_told():
    dropped = read(
        seed=1, frequency_penalty=0.5, presence_penalty=-1, logit_bias={"50": 1}, store=True, verbosity="low",
        prediction={"type": "content", "content": "x"}, moderation={"model": "m"}, prompt_cache_key="k",
        prompt_cache_options={"mode": "implicit"}, prompt_cache_retention="24h", service_tier="flex",
        temperature=1.5, stop=["\n", "END"], metadata={"user_id": "a", "project": "b"}, novelty=1,
    )  # fmt: skip
    assert set(dropped.dropped) == {
        *("seed", "frequency_penalty", "presence_penalty", "logit_bias", "store", "verbosity", "prediction"),
        *("moderation", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier"),
        *("temperature", "stop", "metadata", "novelty"),
    }
    assert all(dropped.dropped.values())
    assert dropped.asked.body["temperature"] == 1
    assert dropped.asked.body["stop_sequences"] == ["END"]
    assert "novelty" not in dropped.asked.body


def test_what_asks_for_nothing_is_not_told():
    neutral = {name: row.neutral for name, row in TABLE.items() if row.neutral is not None}
    assert read(**neutral, **dict.fromkeys(TABLE.keys() - neutral.keys()), unknown=None).dropped == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"top_logprobs": 3},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "alloy", "format": "mp3"}},
        {"web_search_options": {}},
    ],
)
def test_what_would_change_the_answers_form_is_refused(fields):
    (name,) = fields
    assert refusal(**fields)["param"] == name


def test_a_schema_goes_to_the_model_and_a_loose_one_is_closed_first():
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": True}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}
    described = {"name": "answer", "schema": schema, "strict": True}
    form = {"type": "json_schema", "json_schema": described}
    body = made(response_format=form, reasoning_effort="low")
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}, "effort": "low"}
    described |= {"strict": None, "description": "An answer."}
    closed = made(response_format=form)["output_config"]["format"]["schema"]
    assert (closed["description"], closed["additionalProperties"]) == ("An answer.", False)
    assert closed["properties"]["a"]["items"]["additionalProperties"] is False
    assert "additionalProperties" not in schema


def test_any_json_object_is_asked_for_in_words():
    body = made(response_format={"type": "json_object"}, messages=[{"role": "system", "content": "Be kind."}, HELLO])
    assert [block["text"] for block in body["system"]] == ["Be kind.", JSON_OBJECT]
    assert "output_config" not in body
    assert "system" not in made(response_format={"type": "text"})
