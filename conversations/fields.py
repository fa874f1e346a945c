"""What a request may ask of a model: its name, its limits, and the fields that its upstreams cannot take."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from conversations.errors import ApiError
from conversations.requests import MessagesRequest
from operators.catalogue import Offer, Offers

CACHE_MARKS = 4
"""How many `cache_control` marks the Messages API takes in one request."""


def offered(offers: Offers, name: str) -> Offer:
    """Raises ApiError 404 for a model that the deployment may not use, or that is no longer served."""
    offer = offers.find(name)
    if offer is None or offer.lifecycle == "retired":
        raise ApiError(404, f"model: {name}")
    return offer


def fitted(request: MessagesRequest, offer: Offer, offers: Offers) -> tuple[MessagesRequest, dict[str, str]]:
    """The request without what the model cannot take, and what was left out: the word on each, by field.

    Raises ApiError 400 for what it must not be asked, 404 for a model that is named within and may not be used.
    """
    body = request.body
    limit, asked = offer.max_tokens, body.get("max_tokens")
    if limit is not None and isinstance(asked, int) and asked > limit:
        raise ApiError(
            400, f"max_tokens: {asked} > {limit}, which is the maximum allowed number of output tokens for {offer.name}"
        )
    dropped: dict[str, str] = {}
    for rule in offer.rules:
        if _has(body, rule.field):
            word = rule.word or f"{offer.name} does not take this field"
            if rule.refused:
                raise ApiError(400, f"{rule.field}: {word}")
            body = _without(body, rule.field.split("."))
            dropped[rule.field] = word
    return replace(request, body=_models_within(body, offers, dropped)), dropped


def room_for_a_mark(body: dict[str, Any], messages: Sequence[dict[str, Any]]) -> bool:
    """Whether the app left one of the cache marks that a request may have, those in its `system` not counted.

    messages: all that the model will be sent.
    """
    contents = [message["content"] for message in messages]
    blocks = [body, *_dicts(body.get("tools")), *(block for content in contents for block in _dicts(content))]
    # A tool's result holds blocks of its own; nothing nests deeper.
    blocks += [inner for block in blocks[1:] for inner in _dicts(block.get("content"))]
    return sum(bool(block.get("cache_control")) for block in blocks) < CACHE_MARKS


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _has(body: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(body, dict) or body.get(name) is None:
            return False
        body = body[name]
    return True


def _without(body: dict[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {key: value for key, value in body.items() if key != name}
    return {**body, name: _without(body[name], rest)}


def _models_within(body: dict[str, Any], offers: Offers, dropped: dict[str, str]) -> dict[str, Any]:
    """A request can name further models: the upstream's own fallbacks, and tools that ask another model."""
    fallbacks = body.get("fallbacks")
    if isinstance(fallbacks, list):
        usable = [one for one in fallbacks if not isinstance(one, dict) or _usable(offers, one.get("model"))]
        if len(usable) < len(fallbacks):
            dropped["fallbacks"] = "this deployment may not use all of these models"
            body = {**body, "fallbacks": usable} if usable else _without(body, ["fallbacks"])
    elif fallbacks is not None and offers.restricted:
        dropped["fallbacks"] = "this deployment is held to models of its own list"
        body = _without(body, ["fallbacks"])
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and "model" in tool and not _usable(offers, tool["model"]):
            raise ApiError(404, f"model: {tool['model']}")
    return body


def _usable(offers: Offers, name: Any) -> bool:
    offer = offers.find(name) if isinstance(name, str) else None
    return offer is not None and offer.lifecycle != "retired"
