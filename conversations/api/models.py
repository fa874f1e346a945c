"""GET /v1/models and /v1/models/{id}: what the key may use, as both APIs show it."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request

from conversations.api.paging import read_limit, written
from conversations.api.views import EitherView, json_response, lower_headers, wants_openai
from conversations.errors import ApiError
from conversations.services import services
from conversations.turn import authenticated
from operators.catalogue import Offer

LIFECYCLES = frozenset({"active", "deprecated", "retired"})


class ModelsView(EitherView):
    async def get(self, request: Request) -> HttpResponseBase:
        headers = lower_headers(request)
        access = await authenticated(services(), headers)
        if wants_openai(headers):
            models = [openai_model(name, offer) for name, offer in access.offers.listed.items() if _served(offer)]
            return json_response({"object": "list", "data": models})
        return json_response(page(access.offers.listed, request.query_params))


class ModelView(EitherView):
    async def get(self, request: Request, model_id: str) -> HttpResponseBase:
        headers = lower_headers(request)
        access = await authenticated(services(), headers)
        offer = access.offers.find(model_id)
        if offer is None:
            raise ApiError(404, f"model: {model_id}")
        # A name that is listed is shown as such; any other leads to the model it stands for.
        name = model_id if model_id in access.offers.listed else offer.name
        return json_response(openai_model(name, offer) if wants_openai(headers) else model(name, offer))


def page(listed: Mapping[str, Offer], query: QueryDict) -> dict[str, Any]:
    """One page of models, newest first. A cursor that is not there any more is followed by nothing.

    Raises ApiError 400 that names the parameter.
    """
    limit, stages = read_limit(query.get("limit")), _stages(query)
    names, after, before = list(listed), query.get("after_id"), query.get("before_id")
    if any(cursor and cursor not in listed for cursor in (after, before)):
        names = []
    elif after or before:
        start = names.index(after) + 1 if after else 0
        names = names[start : names.index(before) if before else None]
    names = [name for name in names if listed[name].lifecycle in stages]
    shown = names[-limit:] if before and not after else names[:limit]
    return {
        "data": [model(name, listed[name]) for name in shown],
        "has_more": len(shown) < len(names),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }


def model(name: str, offer: Offer) -> dict[str, Any]:
    """A `ModelInfo`."""
    return {
        "type": "model",
        "id": name,
        "display_name": offer.display_name or offer.name,
        "created_at": written(offer.created_at),
        "lifecycle": offer.lifecycle,
        "deprecated_at": written(offer.deprecated_at),
        "retires_at": written(offer.retires_at),
        "max_input_tokens": offer.max_input_tokens,
        "max_tokens": offer.max_tokens,
        "capabilities": None,
        "line": None,
    }


def openai_model(name: str, offer: Offer) -> dict[str, Any]:
    """A `Model`; what it tells beside the names is the day on which it retires."""
    told = {"id": name, "object": "model", "created": int(offer.created_at.timestamp()), "owned_by": "plumbline"}
    return told | {"shutdown_date": offer.retires_at.date().isoformat() if offer.retires_at else None}


def _served(offer: Offer) -> bool:
    return offer.lifecycle != "retired"


def _stages(query: QueryDict) -> frozenset[str]:
    asked = query.getlist("lifecycle") + query.getlist("lifecycle[]")
    stages = frozenset(stage for text in asked for stage in text.split(",") if stage)
    if stages - LIFECYCLES:
        raise ApiError(400, "lifecycle: must be of active, deprecated and retired")
    return stages or LIFECYCLES - {"retired"}
