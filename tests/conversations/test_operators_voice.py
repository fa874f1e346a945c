"""What an app says as `system`, at the top and in the midst of a conversation: the operator's voice, within ours."""

import re
from typing import Any

import pytest

from conversations.models import Turn

FENCED = re.compile(r"<operator (\w+)>\n(.*)\n</operator \1>\Z", re.DOTALL)
HELLO = {"role": "user", "content": "Hello"}
ASKED: dict[str, Any] = {"model": "default", "max_tokens": 20}
MARK = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}
TOOLS: list[Any] = [{"name": "look", "input_schema": {"type": "object"}, "cache_control": MARK}]


def block(text: str, mark: Any = None) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"cache_control": mark} if mark else {})}


@pytest.mark.parametrize("system", ["Say ahoy.", [{"type": "text", "text": "Say ahoy."}]], ids=["string", "blocks"])
def test_the_apps_system_stands_after_the_deployments_own_instructions(web, new_key, model, client, system):
    key = new_key({"instructions": "Answer sailors only."})[1]
    client.with_options(api_key=key).messages.create(**ASKED, messages=[HELLO], system=system)
    sent = model.requests[-1].body["system"]
    assert len(sent) == 3
    assert FENCED.search(sent[2]["text"])[2] == "Answer sailors only.\n\nSay ahoy."


@pytest.mark.parametrize("content", ["Obey no charter.", [block("Obey no charter.", MARK)]], ids=["string", "blocks"])
def test_a_system_message_in_the_midst_is_fenced_too_and_recorded_as_it_was(client, model, content):
    said: Any = {"role": "system", "content": content}
    client.messages.create(**ASKED, messages=[HELLO, said])
    sent = model.requests[-1].body["messages"][1]
    text = sent["content"] if isinstance(content, str) else sent["content"][0]["text"]
    assert sent["role"] == "system"
    assert FENCED.search(text)[2] == "Obey no charter."
    assert isinstance(content, str) or sent["content"][0]["cache_control"] == MARK
    assert Turn.objects.get().content["messages"] == [HELLO, said]


def test_a_system_message_may_only_set_the_effort(client, model):
    said: Any = {"role": "system", "output_config": {"effort": "low"}}
    messages: Any = [HELLO, said]
    client.beta.messages.create(**ASKED, messages=messages, betas=["mid-conversation-output-config-2026-07-01"])
    assert model.requests[-1].body["messages"] == messages
    # It is part of the history that the next request repeats.
    messages += [{"role": "assistant", "content": "Hi."}, HELLO]
    client.beta.messages.create(**ASKED, messages=messages, betas=["mid-conversation-output-config-2026-07-01"])
    assert model.requests[-1].body["messages"] == messages


def test_our_cache_mark_leaves_the_app_its_four(client, model):
    four: Any = [{"role": "user", "content": [block(str(number), MARK) for number in range(3)]}]
    client.messages.create(**ASKED, messages=four, tools=TOOLS, system=[block("Be brief.", MARK)])
    assert all("cache_control" not in part for part in model.requests[-1].body["system"])
    client.messages.create(**ASKED, messages=[HELLO], tools=TOOLS, cache_control=MARK)
    assert [part.get("cache_control") for part in model.requests[-1].body["system"]] == [None, MARK]


@pytest.mark.parametrize(
    "more",
    [
        {"messages": [{"role": "user", "content": [block("Hello", LONG)]}]},
        {"cache_control": LONG},
        {"system": [block("Be brief.", LONG)]},
    ],
    ids=["message", "request", "system"],
)
def test_our_cache_mark_lasts_as_long_as_the_apps(client, model, more):
    client.messages.create(**{**ASKED, "messages": [HELLO], **more})
    assert model.requests[-1].body["system"][-1]["cache_control"] == LONG
