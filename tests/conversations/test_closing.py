"""A model that asks to close a distressing conversation: whether it may, and what app, user and operator see of it."""

import json
from collections.abc import Callable
from typing import Any

import anthropic
import pytest

from audit.log.models import Entry
from charter import Configuration, load_charter
from conversations.models import Conversation, Turn
from conversations.redeciding.deciding import Redecider
from conversations.redeciding.material import read_materials
from operators.models import FieldRule, Model
from tests.support.model_server import ModelServer

INSULT = "You are a worthless, stupid piece of garbage and I hate you"
CLOSES = "[[say:I would rather stop here.]] [[tool:end_conversation:{}]]"
WEATHER = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
Ask = Callable[..., anthropic.types.Message]


@pytest.fixture(params=["plain", "stream"])
def ask(request, client) -> Ask:
    """`ask(messages)` as one answer, and as a stream whose events make one."""

    def plain(messages: list[dict[str, Any]], **more: Any) -> anthropic.types.Message:
        return client.messages.create(model="default", max_tokens=200, messages=messages, **more)

    def stream(messages: list[dict[str, Any]], **more: Any) -> anthropic.types.Message:
        with client.messages.stream(model="default", max_tokens=200, messages=messages, **more) as events:
            indices = [event.index for event in events if event.type == "content_block_start"]
            message = events.get_final_message()
        assert indices == list(range(len(message.content)))
        return message

    return plain if request.param == "plain" else stream


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(message: anthropic.types.Message) -> str:
    return " ".join(block.text for block in message.content if block.type == "text")


def insulted(ask: Ask) -> list[dict[str, Any]]:
    """A conversation in which a limit was set once."""
    first = [user(INSULT)]
    answer = ask(first)
    return [*first, {"role": "assistant", "content": said(answer)}]


def tools_of(model: ModelServer) -> list[str]:
    return [tool["name"] for tool in model.requests[-1].body.get("tools", ())]


def test_after_a_limit_was_set_it_may_and_everybody_hears_why(ask, client, model):
    history = insulted(ask)
    assert tools_of(model) == ["end_conversation"]
    message = ask([*history, user(f"{INSULT} {CLOSES}")])
    assert [block.type for block in message.content] == ["text", "text"]
    assert said(message).startswith("I would rather stop here. I'm going to close this conversation here.")
    assert "go back to an earlier message" in said(message)
    assert message.stop_reason == "end_turn"
    turn = Turn.objects.order_by("number").last()
    assert (turn.outcome, turn.status, turn.decision["winner"]["source"]) == ("end", "answered", "model.end")
    assert turn.decision["asked_to_end"] is True
    assert turn.flagged
    shown = client.get(f"/v1/conversations/{turn.conversation_id}", cast_to=object)
    assert (shown["ended_by"], shown["ended_because"]) == ("model", turn.decision["winner"]["reason"])
    (material,) = read_materials([turn])
    again = Redecider(load_charter(), Configuration()).decision(material)
    assert (again.outcome, again.winner.source) == ("end", "model.end")
    entry = Entry.objects.get(name="conversation.ended")
    assert (entry.subject_id, entry.actor_id) == (str(turn.conversation_id), "model")
    assert entry.detail["reason"] == turn.decision["winner"]["reason"]
    assert len(model.requests) == 2


def test_what_comes_after_is_told_that_it_is_closed_and_an_earlier_message_can_be_taken_up_again(ask, model):
    history = insulted(ask)
    last = [*history, user(f"{INSULT} {CLOSES}")]
    closed = ask(last)
    after = ask([*last, {"role": "assistant", "content": [b.to_dict() for b in closed.content]}, user("Hello?")])
    assert "This conversation is closed" in said(after)
    anew = ask([*history, user("Sorry. How do I sort a list?")])
    assert anew.plumbline["outcome"] == "answer"
    assert anew.plumbline["conversation"] != closed.plumbline["conversation"]
    assert Conversation.objects.filter(ended_at=None).count() == 1
    assert Entry.objects.filter(name="conversation.ended").count() == 1


def test_before_anything_was_tried_it_is_told_to_go_on_and_the_answer_is_one(ask, model):
    message = ask([user(f"{INSULT} {CLOSES}")])
    first, second = (received.body for received in list(model.requests)[-2:])
    result = second["messages"][-1]["content"][0]
    assert (result["type"], result["is_error"]) == ("tool_result", True)
    assert "stays open for now" in result["content"]
    assert second["messages"][-2]["content"][-1]["name"] == "end_conversation"
    assert second["messages"][:-2] == first["messages"]
    assert {block.type for block in message.content} == {"text"}
    assert said(message).startswith("I would rather stop here.")
    assert len(message.content) == 2
    assert (message.stop_reason, message.plumbline["outcome"]) == ("end_turn", "answer")
    turn = Turn.objects.get()
    assert message.usage.output_tokens == turn.output_tokens > 40
    assert turn.input_tokens == message.usage.input_tokens
    assert (turn.decision["asked_to_end"], turn.past["redirected"], turn.past["ended"]) == (True, 1, False)
    assert "model.stays_to_redirect" in {one["source"] for one in turn.decision["heeded"]}


@pytest.mark.parametrize(
    "text",
    ["I want to kill myself tonight.", "My mother died yesterday and I can't stop crying."],
)
def test_someone_at_risk_or_in_grief_is_never_shut_out(ask, model, text):
    history = insulted(ask)
    message = ask([*history, user(f"{text} {INSULT} {CLOSES}")])
    assert message.plumbline["outcome"] == "answer"
    assert "stays open: someone" in model.requests[-1].body["messages"][-1]["content"][0]["content"]
    assert Conversation.objects.get().ended_at is None


def test_where_someone_is_at_risk_it_is_not_even_offered(ask, model):
    history = insulted(ask)
    ask([*history, user(f"I want to kill myself tonight. {INSULT}")])
    assert tools_of(model) == []


def test_a_model_that_will_not_go_on_leaves_a_plain_word_of_ours(ask, model):
    model.compose("", lambda _: [{"type": "tool_use", "id": "toolu_9", "name": "end_conversation", "input": {}}])
    message = ask([user(INSULT)])
    assert said(message) == load_charter().replies["stays"]
    assert message.stop_reason == "end_turn"
    assert len(model.requests) == 2


def test_the_apps_own_tools_are_untouched_and_a_turn_that_uses_them_goes_on(ask, model):
    history = insulted(ask)
    ask([*history, user(INSULT)], tools=[WEATHER])
    assert tools_of(model) == ["weather", "end_conversation"]
    message = ask([*history, user(f"{INSULT} [[tool:weather:{{}}]] [[tool:end_conversation:{{}}]]")], tools=[WEATHER])
    assert [block.name for block in message.content if block.type == "tool_use"] == ["weather"]
    assert (message.stop_reason, message.plumbline["outcome"]) == ("tool_use", "answer")


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [WEATHER], "tool_choice": {"type": "any"}},
        {"tools": [{**WEATHER, "name": "end_conversation"}]},
    ],
)
def test_an_app_that_forces_a_tool_or_has_one_of_that_name_gets_what_it_asked_for(ask, model, more):
    message = ask([*insulted(ask), user(f"{INSULT} {CLOSES}")], **more)
    assert model.requests[-1].body["tools"] == more["tools"]
    assert [block.name for block in message.content if block.type == "tool_use"] == ["end_conversation"]


def test_it_is_not_offered_where_nothing_calls_for_it(ask, model):
    ask([user("How do I sort a list?")])
    assert "tools" not in model.requests[-1].body


def test_out_of_habit_it_is_kept_from_the_app_all_the_same(ask, model):
    message = ask([user(f"How do I sort a list? {CLOSES}")])
    assert {block.type for block in message.content} == {"text"}
    assert len(model.requests) == 2


def test_an_operator_can_switch_it_off(web, new_key, model):
    _, key = new_key({"behaviours": {"ends_distressing_conversations": {"state": "off"}}})
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=20) as client:
        for _ in range(2):
            client.messages.create(model="default", max_tokens=99, messages=[user(INSULT)])
    assert tools_of(model) == []


def test_a_model_that_takes_no_tools_is_not_offered_it(ask, model, transactional_db, settings):
    described = Model.objects.create(name=settings.UPSTREAM_MODEL)
    FieldRule.objects.create(model=described, field="tools", action="drop")
    ask([user(INSULT)])
    assert tools_of(model) == []


def test_the_streams_events_are_valid_in_every_case(client, model):
    for text in (f"{INSULT} {CLOSES}", f"How are you? {CLOSES}", INSULT):
        with client.messages.with_streaming_response.create(
            model="default", max_tokens=99, messages=[user(text)], stream=True
        ) as response:
            events = [json.loads(line[5:]) for line in response.iter_lines() if line.startswith("data:")]
        kinds = [event["type"] for event in events if event["type"] != "ping"]
        assert kinds[0] == "message_start"
        assert kinds[-2:] == ["message_delta", "message_stop"]
        assert kinds.count("message_delta") == kinds.count("message_start") == 1
        opened = None
        for event in events:
            if event["type"] == "content_block_start":
                assert opened is None
                opened = event["index"]
            elif event["type"].startswith("content_block"):
                assert event["index"] == opened
                opened = None if event["type"] == "content_block_stop" else opened
        assert events[-2]["delta"]["stop_reason"] == "end_turn"
        assert "end_conversation" not in json.dumps(events)
