"""The tools of a chat completion, and how they are chosen, in the Messages API's words. Pure."""

import pytest

from tests.support.openai_requests import WEATHER, made, refusal


def test_tools_with_their_schemas():
    strict = {"type": "function", "function": {"name": "exact", "parameters": {"properties": {}}, "strict": True}}
    bare = {"type": "function", "function": {"name": "bare", "strict": False}}
    tools = made(tools=[{"type": "function", "function": WEATHER}, strict, bare])["tools"]
    nothing = {"type": "object", "properties": {}}
    assert tools == [
        {"name": "weather", "description": "Looks it up.", "input_schema": nothing},
        {"name": "exact", "input_schema": nothing, "strict": True},
        {"name": "bare", "input_schema": nothing},
    ]


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, None),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "b"}}}, {"type": "tool", "name": "b"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_how_tools_are_chosen(fields, choice):
    tools = [{"type": "function", "function": {"name": name}} for name in "ab"]
    body = made(tools=tools, **fields)
    assert body.get("tool_choice") == choice
    assert len(body["tools"]) == 2


def test_only_allowed_tools_are_offered():
    tools = [{"type": "function", "function": {"name": name}} for name in "abc"]
    allowed = {"mode": "required", "tools": [tools[2], tools[0]]}
    body = made(tools=tools, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool["name"] for tool in body["tools"]] == ["a", "c"]
    assert body["tool_choice"] == {"type": "any"}
    error = refusal(
        tools=tools[:1],
        tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tools[1]]}},
    )
    assert error["param"] == "tool_choice.allowed_tools.tools[0].function.name"


def test_without_tools_there_is_nothing_to_choose():
    assert not {"tools", "tool_choice"} & made(tool_choice="auto", parallel_tool_calls=False, tools=[]).keys()
