"""Tools, and how they are to be chosen."""

import re
from typing import Any

from conversations.openai.checks import fields, flag, items, text, wrong

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NOTHING = {"type": "object", "properties": {}}

Tool = dict[str, Any]


def read_tools(body: dict[str, Any]) -> dict[str, Any]:
    """`tools` and `tool_choice` of the Messages API, each if it is needed. Raises ApiError 400."""
    if body.get("functions") is not None or body.get("function_call") is not None:
        return _older(body)
    tools = _tools(body.get("tools"))
    choice, tools = _choice(body.get("tool_choice"), tools)
    parallel = body.get("parallel_tool_calls")
    alone = parallel is not None and not flag(parallel, "parallel_tool_calls")
    return _asked(tools, choice, alone=alone)


def _asked(tools: list[Tool], choice: dict[str, Any] | None, *, alone: bool) -> dict[str, Any]:
    if not tools:
        return {}
    if alone and (choice is None or choice["type"] != "none"):
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    return {"tools": tools} | ({"tool_choice": choice} if choice else {})


def _tools(value: Any) -> list[Tool]:
    tools = []
    for index, tool in enumerate(items(value, "tools") if value is not None else ()):
        where = f"tools[{index}]"
        if fields(tool, where).get("type") != "function":
            raise wrong(f"{where}.type", "must be 'function'; other tools are not served")
        tools.append(_function(tool.get("function"), f"{where}.function"))
    return tools


def _function(function: Any, where: str) -> Tool:
    name, told = _name(function, where), function.get("description")
    schema, strict = function.get("parameters"), function.get("strict")
    schema = fields(schema, f"{where}.parameters") if schema is not None else {}
    tool: Tool = {"name": name, "input_schema": {**_NOTHING, **schema} if "type" not in schema else schema}
    if told is not None:
        tool["description"] = text(told, f"{where}.description")
    if strict is not None and flag(strict, f"{where}.strict"):
        tool["strict"] = True
    return tool


def _name(function: Any, where: str) -> str:
    name = fields(function, where).get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong(f"{where}.name", "must be of letters, digits, _ and -, at most 128")
    return name


def _choice(choice: Any, tools: list[Tool]) -> tuple[dict[str, Any] | None, list[Tool]]:
    if choice is None:
        return None, tools
    if isinstance(choice, str):
        return _mode(choice, tools, "tool_choice"), tools
    kind = fields(choice, "tool_choice").get("type")
    if kind == "function":
        return _named(choice.get("function"), tools, "tool_choice.function"), tools
    if kind == "allowed_tools":
        allowed = fields(choice.get("allowed_tools"), "tool_choice.allowed_tools")
        tools = _allowed(allowed.get("tools"), tools)
        mode = text(allowed.get("mode"), "tool_choice.allowed_tools.mode")
        return _mode(mode, tools, "tool_choice.allowed_tools.mode"), tools
    raise wrong("tool_choice.type", "must be one of function, allowed_tools")


def _mode(mode: str, tools: list[Tool], where: str) -> dict[str, Any]:
    kinds = {"none": "none", "auto": "auto", "required": "any"}
    if mode not in kinds:
        raise wrong(where, f"must be one of {', '.join(kinds)}, or name a function")
    if mode == "required" and not tools:
        raise wrong(where, "there are no tools to choose of")
    return {"type": kinds[mode]}


def _named(function: Any, tools: list[Tool], where: str) -> dict[str, Any]:
    name = _name(function, where)
    if all(tool["name"] != name for tool in tools):
        raise wrong(f"{where}.name", "is none of the request's tools")
    return {"type": "tool", "name": name}


def _allowed(value: Any, tools: list[Tool]) -> list[Tool]:
    """The tools that are named, in the order in which they were described."""
    where, names = "tool_choice.allowed_tools.tools", set()
    for index, tool in enumerate(items(value, where)):
        at = f"{where}[{index}]"
        names.add(_named(fields(tool, at).get("function"), tools, f"{at}.function")["name"])
    if not names:
        raise wrong(where, "at least one tool must be allowed")
    return [tool for tool in tools if tool["name"] in names]


def _older(body: dict[str, Any]) -> dict[str, Any]:
    """`functions` and `function_call`, which tools took the place of: one call at a time."""
    if body.get("tools") is not None or body.get("tool_choice") is not None:
        raise wrong("functions", "tools took their place; a request can have one of them")
    value, choice = body.get("functions"), body.get("function_call")
    functions = items(value, "functions") if value is not None else []
    tools = [_function(function, f"functions[{index}]") for index, function in enumerate(functions)]
    if isinstance(choice, str):
        if choice not in {"none", "auto"}:
            raise wrong("function_call", "must be one of none, auto, or name a function")
        chosen: dict[str, Any] | None = {"type": choice}
    else:
        chosen = _named(choice, tools, "function_call") if choice is not None else None
    return _asked(tools, chosen, alone=True)
