"""A chat completion as a request of the Messages API: what an app of OpenAI's clients asks, for the very same turn."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from conversations.openai.answer import Wanted, comes_back
from conversations.openai.checks import fields, filled, flag, items, number, one_of, text, whole, wrong
from conversations.openai.fields import left_out
from conversations.openai.formats import read_format
from conversations.openai.messages import read_messages
from conversations.openai.tools import read_tools
from conversations.requests import MAX_USER_REF, MessagesRequest, load_object, messages_request
from operators.catalogue import Offers

USUAL_LONGEST = 4096
"""The longest answer, in tokens, where neither the request nor the catalogue says how long one may be."""

# Fields of the Messages API that extra_body may hold; they go to the model as they are.
PASSED = frozenset({"cache_control", "inference_geo", "speed", "thinking", "top_k"})
TRANSLATED = PASSED | {
    *("function_call", "functions", "max_completion_tokens", "max_tokens", "messages", "metadata", "model"),
    *("parallel_tool_calls", "plumbline", "reasoning_effort", "response_format", "safety_identifier", "service_tier"),
    *("stop", "stream", "stream_options", "temperature", "tool_choice", "tools", "top_p", "user"),
}
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
TIERS = {"auto": "auto", "default": "standard_only", "priority": "auto"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`dropped`: the word on each field that has no counterpart, by the caller's name for it."""

    asked: MessagesRequest
    wanted: Wanted
    dropped: dict[str, str]


def read_chat_request(raw: bytes, offers: Offers) -> ChatRequest:
    """offers: what the deployment may use, for how long its model's answers may be. Raises ApiError 400."""
    return chat_request(load_object(raw), offers)


def chat_request(body: Body, offers: Offers) -> ChatRequest:
    """As `read_chat_request`, of a body that is read already."""
    dropped = left_out(body, TRANSLATED)
    model = filled(body.get("model"), "model")
    form = read_format(body.get("response_format"))
    system, messages, of_messages = read_messages(body.get("messages"))
    made: Body = {name: body[name] for name in PASSED if body.get(name) is not None}
    made |= {"model": model, "messages": messages, "max_tokens": _longest(body, model, offers)}
    if form.directive:
        system = [*system, {"type": "text", "text": form.directive}]
    if system:
        made["system"] = system
    made |= read_tools(body) | _sampling(body, dropped) | _effort(body, form.schema) | _tier(body, dropped)
    user = _user(body, dropped)
    if user:
        made["metadata"] = {"user_id": user}
    made["stream"] = body.get("stream") is not None and flag(body["stream"], "stream")
    if body.get("plumbline") is not None:
        made["plumbline"] = body["plumbline"]
    wanted = Wanted(
        usage=_include_usage(body.get("stream_options")),
        json=form.is_json,
        older=body.get("functions") is not None,
    )
    back = partial(comes_back, wanted=wanted, place=len(body["messages"]))
    return ChatRequest(replace(messages_request(made), comes_back=back), wanted, of_messages | dropped)


def _longest(body: Body, model: str, offers: Offers) -> int:
    offer = offers.find(model)
    limit = offer.max_tokens if offer is not None else None
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None:
            asked = whole(body[name], name, least=1)
            if limit is not None and asked > limit:
                raise wrong(name, f"{asked} is more than {limit}, the longest answer of {model}")
            return asked
    return limit or USUAL_LONGEST


def _sampling(body: Body, dropped: dict[str, str]) -> Body:
    made: Body = {}
    if body.get("temperature") is not None:
        asked = number(body["temperature"], "temperature", 0, 2)
        made["temperature"] = min(asked, 1)
        if asked > 1:
            dropped["temperature"] = "1 is the highest of this API's models, and was used"
    if body.get("top_p") is not None:
        made["top_p"] = number(body["top_p"], "top_p", 0, 1)
    stop = body.get("stop")
    if stop is not None:
        sequences = [stop] if isinstance(stop, str) else items(stop, "stop")
        for index, sequence in enumerate(sequences):
            text(sequence, f"stop[{index}]")
        usable = [sequence for sequence in sequences if sequence.strip()]
        if len(usable) < len(sequences):
            dropped["stop"] = "a sequence of white space alone stops nothing"
        if usable:
            made["stop_sequences"] = usable
    return made


def _effort(body: Body, schema: Body | None) -> Body:
    """`output_config`, which holds the answer's form too, and `thinking`."""
    config: Body = {"format": {"type": "json_schema", "schema": schema}} if schema is not None else {}
    made: Body = {}
    if body.get("reasoning_effort") is not None:
        effort = one_of(body["reasoning_effort"], "reasoning_effort", ("none", *EFFORTS))
        if effort != "none":
            config["effort"] = EFFORTS[effort]
        elif body.get("thinking") is None:
            made["thinking"] = {"type": "disabled"}
    return made | ({"output_config": config} if config else {})


def _tier(body: Body, dropped: dict[str, str]) -> Body:
    if body.get("service_tier") is None:
        return {}
    tier = text(body["service_tier"], "service_tier")
    if tier not in TIERS:
        dropped["service_tier"] = f"must be one of {', '.join(TIERS)} to be heeded"
        return {}
    return {"service_tier": TIERS[tier]}


def _user(body: Body, dropped: dict[str, str]) -> str:
    """Whose conversation it is: `user`, else `safety_identifier`, else `metadata.user_id`."""
    metadata = fields(body["metadata"], "metadata") if body.get("metadata") is not None else {}
    named = {"user": body.get("user"), "safety_identifier": body.get("safety_identifier")}
    named["metadata.user_id"] = metadata.get("user_id")
    for name, value in named.items():
        if value is not None and "\0" in text(value, name, MAX_USER_REF):
            raise wrong(name, "must not hold a NUL character")
    if metadata.keys() - {"user_id"}:
        dropped["metadata"] = "only its user_id is used"
    return next((value for value in named.values() if value), "")


def _include_usage(options: Any) -> bool:
    if options is None:
        return False
    wanted = fields(options, "stream_options").get("include_usage")
    return wanted is not None and flag(wanted, "stream_options.include_usage")
