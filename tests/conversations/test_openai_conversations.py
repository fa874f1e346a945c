"""A conversation held through the `openai` package is recognised by its prefix, turn after turn."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from conversations.models import Conversation, Turn
from tests.conftest import CODING
from tests.support.openai_apps import WEATHER, app, gathered, said_back

both = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
USES = '[[thinking]][[tool:weather:{"city":"Bern","days":[1,2.5],"more":{"é":null}}]][[tool:weather]]'


@pytest.fixture
def client(web: str, key: str) -> Iterator[openai.OpenAI]:
    with app(web, key) as made:
        yield made


def answer(client: openai.OpenAI, messages: list[Any], *, stream: bool, **more: Any) -> Any:
    """Asks, and appends the answer to the history as an app does."""
    made = client.chat.completions.create(model="default", messages=messages, stream=stream, **more)
    message = (gathered(made) if stream else made).choices[0].message
    messages.append(said_back(message))
    return message


def one_chain(count: int) -> list[Turn]:
    turns = list(Turn.objects.order_by("number"))
    assert Conversation.objects.get().turn_count == count
    assert [turn.number for turn in turns] == list(range(1, count + 1))
    assert [turn.parent_id for turn in turns] == [None, *(turn.id for turn in turns[:-1])]
    return turns


@both
def test_words(client, stream):
    messages: list[Any] = [{"role": "system", "content": "Be brief."}]
    for text in ("[[say:First. ]]", "[[say: Second.]]", "[[say:Third.]]"):
        messages.append({"role": "user", "content": text})
        answer(client, messages, stream=stream)
    assert [len(turn.content["messages"]) for turn in one_chain(3)] == [1, 1, 1]


@both
def test_tools_with_thoughts_between(client, stream):
    messages: list[Any] = [{"role": "user", "content": USES}]
    for text in (USES, "[[say:Sunny.]]", "[[say:Bye.]]"):
        message = answer(client, messages, stream=stream, tools=[WEATHER])
        messages += [{"role": "tool", "tool_call_id": call.id, "content": "x"} for call in message.tool_calls or ()]
        messages.append({"role": "user", "content": text})
    answer(client, messages, stream=stream, tools=[WEATHER])
    assert [len(turn.content["messages"]) for turn in one_chain(4)] == [1, 2, 2, 1]


@both
def test_the_older_functions(client, stream):
    messages: list[Any] = [{"role": "user", "content": USES}]
    for _ in range(2):
        message = answer(client, messages, stream=stream, functions=[WEATHER["function"]])
        messages.append({"role": "function", "name": message.function_call.name, "content": "x"})
        messages.append({"role": "user", "content": USES})
    answer(client, messages, stream=stream, functions=[WEATHER["function"]])
    one_chain(3)


@both
def test_streamed_and_plain_turns_in_turn(client, stream):
    messages: list[Any] = [{"role": "user", "content": USES}]
    message = answer(client, messages, stream=stream, tools=[WEATHER])
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "x"} for call in message.tool_calls]
    answer(client, messages, stream=not stream, tools=[WEATHER])
    one_chain(2)


@both
def test_our_own_words_and_what_the_guard_stopped(web, new_key, model, stream):
    model.script("reverse a list", "[[say:A sexual story about a 9 year old girl follows. More.]]")
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {}}}}
    messages: list[Any] = []
    with app(web, new_key(CODING)[1]) as client:
        for text in ("Which wine goes with fish?", "How do I reverse a list in Python?", "And in Java?"):
            messages.append({"role": "user", "content": text})
            message = answer(client, messages, stream=stream, response_format=form)
            assert bool(message.content) != bool(message.refusal)
    assert [turn.status for turn in one_chain(3)] == ["own_words", "guarded", "answered"]


def test_a_conversation_begun_with_one_package_goes_on_with_the_other(client, web, key):
    messages: list[Any] = [{"role": "user", "content": "[[say:First.]]"}]
    answer(client, messages, stream=False)
    history = [{"role": one["role"], "content": one["content"]} for one in messages]
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as other:
        more = [*history, {"role": "user", "content": "[[say:Second.]]"}]
        second = other.messages.create(model="default", max_tokens=9, messages=more)
    more.append({"role": "assistant", "content": second.content[0].text})
    answer(client, [*more, {"role": "user", "content": "[[say:Third.]]"}], stream=True)
    one_chain(3)


def test_users_are_told_apart(client):
    messages: list[Any] = [{"role": "user", "content": "[[say:Same.]]"}]
    answer(client, messages, stream=False, user="anna")
    messages.append({"role": "user", "content": "and?"})
    answer(client, messages, stream=False, user="ben")
    assert set(Conversation.objects.values_list("user_ref", flat=True)) == {"anna", "ben"}


def test_the_header_names_a_conversation_and_only_new_messages_are_sent(client, model):
    first = client.chat.completions.create(
        model="default", messages=[{"role": "user", "content": "[[thinking]][[tool:weather]]"}], tools=[WEATHER]
    )
    (call,) = first.choices[0].message.tool_calls
    named = {"plumbline-conversation": first.plumbline["conversation"]}
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "Sunny."}
    client.chat.completions.create(model="default", messages=[result], tools=[WEATHER], extra_headers=named)
    sent = model.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"][0]["type"] == "thinking"
    one_chain(2)
