"""Our cache mark on the system prompt never makes a request one that the model refuses for too many."""

import pytest

from conversations.models import Turn
from tests.support.waiting import until

MARK = {"type": "ephemeral"}


def marked(text: str) -> dict:
    return {"type": "text", "text": text, "cache_control": MARK}


def tool(name: str, **more: object) -> dict:
    return {"name": name, "input_schema": {"type": "object"}, **more}


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [marked("Sunny")]}
USE = {"type": "tool_use", "id": "t", "name": "weather", "input": {}}
CASES = {
    "none of the app's": (1, [{"role": "user", "content": "hello"}], {}),
    "those in its system, which ours stands for": (
        1,
        [{"role": "user", "content": "hello"}],
        {"system": [marked("Be"), marked("brief"), marked("and"), marked("kind")]},
    ),
    "three": (4, [{"role": "user", "content": [marked("a"), marked("b"), marked("c")]}], {}),
    "four": (4, [{"role": "user", "content": [marked("a"), marked("b"), marked("c"), marked("d")]}], {}),
    "four over tools, results, messages and the request": (
        4,
        [
            {"role": "user", "content": [marked("weather?")]},
            {"role": "assistant", "content": [USE]},
            {"role": "user", "content": [RESULT]},
        ],
        {"tools": [tool("weather", cache_control=MARK)], "extra_body": {"cache_control": MARK}},
    ),
}


def marks(value: object) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(marks(inner) for inner in value.values())
    return sum(marks(inner) for inner in value) if isinstance(value, list) else 0


@pytest.mark.parametrize("case", CASES)
def test_a_request_has_four_marks_at_most_and_the_apps_come_first(client, model, case):
    expected, messages, more = CASES[case]
    client.messages.create(model="default", max_tokens=50, messages=messages, **more)
    sent = model.requests[-1].body
    assert marks(sent) == expected
    assert marks(sent["messages"]) == marks(messages)
    until(Turn.objects.exists)
