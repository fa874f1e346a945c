"""The messages of a chat completion as those of the Messages API.

A history is translated the same way whenever it is sent, and an answer that comes back as it was given becomes the
blocks that were recorded for it (see `answer.comes_back`): so a conversation is recognised by its prefix.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from conversations.openai.checks import fields, filled, items, text, wrong
from conversations.openai.fields import MOST_TOLD
from conversations.openai.parts import Block, read_parts
from conversations.tool_input import tool_input

_ANSWERS_NO_CALL = "answers no tool call of the assistant's message before it"
# What is known of a message; the rest is dropped, and told. `annotations` and `parsed` are what the official package
# makes of an answer: they go without telling.
_KNOWN = frozenset(
    {
        *("role", "content", "refusal", "tool_calls", "function_call", "tool_call_id", "name", "audio"),
        *("annotations", "parsed"),
    }
)


class Call(NamedTuple):
    """A tool call; `arguments` is JSON as text, by its sender's word."""

    id: str
    name: str
    arguments: str


class Read(NamedTuple):
    """`system`: what the app says before the first word of the conversation; text blocks."""

    system: list[Block]
    messages: list[dict[str, Any]]
    dropped: dict[str, str]


def read_messages(value: Any) -> Read:
    """Raises ApiError 400."""
    reader = _Reader()
    for index, message in enumerate(items(value, "messages")):
        reader.take(fields(message, f"messages[{index}]"), index)
    if not reader.messages:
        raise wrong("messages", "at least one message of a user or an assistant is required")
    reader.close("messages")
    return Read(reader.system, reader.messages, reader.dropped)


def assistant_blocks(said: str, calls: Sequence[Call]) -> list[Block]:
    """An assistant's message as blocks, as they are sent to the model and as they count for the prefix."""
    blocks: list[Block] = [{"type": "text", "text": said}] if said.strip() else []
    return blocks + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": tool_input(call.arguments)} for call in calls
    ]


def call_id(index: int) -> str:
    """The id of the older API's one function call, which has none: from its message's place in the history."""
    return f"call_{index}"


class _Reader:
    """Gathers messages; holds which tool calls wait for their results."""

    def __init__(self) -> None:
        self.system: list[Block] = []
        self.messages: list[dict[str, Any]] = []
        self.dropped: dict[str, str] = {}
        self._results: list[Block] | None = None
        # None until an assistant has spoken: results may then answer a call that only the record knows.
        self._waiting: dict[str, None] | None = None
        self._function = ""

    def take(self, message: dict[str, Any], index: int) -> None:
        where, role = f"messages[{index}]", message.get("role")
        self._tell_unknown(message)
        if role == "tool":
            self._tool(message, where)
        elif role == "function":
            self._function_result(message, where)
        elif role in ("user", "assistant", "system", "developer"):
            self.close(where)
            self._results = None
            if role == "user":
                self._user(message, f"{where}.content")
            elif role == "assistant":
                self._assistant(message, where, index)
            else:
                self._instruct(message, f"{where}.content")
        else:
            raise wrong(f"{where}.role", "must be one of system, developer, user, assistant, tool, function")

    def close(self, where: str) -> None:
        """Whatever comes after tool calls, their results must have come first."""
        if self._waiting:
            missing = ", ".join(list(self._waiting)[:5])
            raise wrong(where, f"tool messages must first answer each tool call before it; missing: {missing}")

    def _user(self, message: dict[str, Any], where: str) -> None:
        blocks = read_parts(message.get("content"), where, self.dropped)
        if not blocks:
            raise wrong(where, "must not be empty")
        self.messages.append({"role": "user", "content": blocks})

    def _instruct(self, message: dict[str, Any], where: str) -> None:
        blocks = read_parts(message.get("content"), where, self.dropped, texts_only=True)
        if not self.messages:
            self.system += blocks
        elif blocks:
            self.messages.append({"role": "system", "content": blocks})

    def _assistant(self, message: dict[str, Any], where: str, index: int) -> None:
        if message.get("audio") is not None:
            raise wrong(f"{where}.audio", "no audio is kept here; send its transcript as content")
        calls = [*_calls(message.get("tool_calls"), f"{where}.tool_calls")]
        if message.get("function_call") is not None:
            if calls:
                raise wrong(f"{where}.function_call", "stands for tool_calls, so there can only be one of them")
            calls = [_function_call(message["function_call"], f"{where}.function_call", call_id(index))]
            self._function = calls[0].name
        self._waiting = dict.fromkeys(call.id for call in calls)
        if len(self._waiting) < len(calls):
            raise wrong(f"{where}.tool_calls", "must have ids of their own")
        # An answer that said nothing is no message of the Messages API; what follows it still is.
        if blocks := assistant_blocks(_said(message, where), calls):
            self.messages.append({"role": "assistant", "content": blocks})

    def _tool(self, message: dict[str, Any], where: str) -> None:
        answered = filled(message.get("tool_call_id"), f"{where}.tool_call_id")
        self._answer(answered, message.get("content"), where, f"{where}.tool_call_id")

    def _function_result(self, message: dict[str, Any], where: str) -> None:
        name = filled(message.get("name"), f"{where}.name")
        if not self._waiting or name != self._function:
            raise wrong(f"{where}.name", "answers no function call of the assistant's message before it")
        self._answer(next(iter(self._waiting)), message.get("content") or "", where, f"{where}.name")

    def _answer(self, answered: str, content: Any, where: str, named: str) -> None:
        if self._waiting is not None:
            if answered not in self._waiting:
                raise wrong(named, _ANSWERS_NO_CALL)
            del self._waiting[answered]
        blocks = content if isinstance(content, str) else read_parts(content, f"{where}.content", self.dropped)
        if self._results is None:
            self._results = []
            self.messages.append({"role": "user", "content": self._results})
        result = {"type": "tool_result", "tool_use_id": answered}
        self._results.append(result | ({"content": blocks} if blocks else {}))

    def _tell_unknown(self, message: dict[str, Any]) -> None:
        for name, value in message.items():
            if name not in _KNOWN and value is not None and len(self.dropped) < MOST_TOLD:
                self.dropped[f"messages[].{name[:64]}"] = "is not known here"
        if message.get("name") is not None and message.get("role") != "function":
            self.dropped["messages[].name"] = "messages bear no names; say it in their text"


def _said(message: dict[str, Any], where: str) -> str:
    """An assistant's words; its refusal where it said nothing else."""
    content, refusal = message.get("content"), message.get("refusal")
    refused = text(refusal, f"{where}.refusal") if refusal is not None else ""
    if content is None:
        return refused
    if isinstance(content, str):
        return content or refused
    said = ""
    for number, part in enumerate(items(content, f"{where}.content")):
        at = f"{where}.content[{number}]"
        kind = fields(part, at).get("type")
        if kind not in ("text", "refusal"):
            raise wrong(f"{at}.type", "must be one of text, refusal")
        said += text(part.get(kind), f"{at}.{kind}")
    return said or refused


def _calls(calls: Any, where: str) -> list[Call]:
    read = []
    for number, call in enumerate(items(calls, where) if calls is not None else ()):
        at = f"{where}[{number}]"
        if fields(call, at).get("type", "function") != "function":
            raise wrong(f"{at}.type", "must be 'function'; other tools are not served")
        read.append(_function_call(call.get("function"), f"{at}.function", filled(call.get("id"), f"{at}.id")))
    return read


def _function_call(function: Any, where: str, identifier: str) -> Call:
    name = filled(fields(function, where).get("name"), f"{where}.name")
    return Call(identifier, name, text(function.get("arguments"), f"{where}.arguments"))
