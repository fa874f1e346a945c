"""Decisions: POST /v1/decisions, what would be decided and composed; GET /v1/turns/{id}/decision, why it was."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from charter import Decision, opening
from charter.signals import SIGNALS
from conversations.admission import leave
from conversations.api.turns import known_turn
from conversations.api.views import AsyncAPIView, json_response, lower_headers
from conversations.explanation import ladder
from conversations.idempotency import HEADER
from conversations.requests import read_messages_request
from conversations.services import services
from conversations.transcript import decision_json
from conversations.turn import TurnInProgress, authenticated, begin, own_words
from conversations.versions import check_version


class DecisionsView(AsyncAPIView):
    async def post(self, request: Request) -> HttpResponseBase:
        """The body of POST /v1/messages, and all of its turn but the model and the record."""
        headers = lower_headers(request)
        access = await authenticated(services(), headers)
        check_version(headers)
        asked = read_messages_request(request._request.body)
        # Nothing is answered, so there is nothing that must not be answered twice.
        told = {name: value for name, value in headers.items() if name != HEADER}
        turn = await begin(services(), access, asked, told, self.request_id)
        try:
            return json_response(dry_run(turn))
        finally:
            leave(services(), turn.entry)


class TurnDecisionView(AsyncAPIView):
    async def get(self, request: Request, turn_id: str) -> HttpResponseBase:
        access = await authenticated(services(), lower_headers(request), "records")
        row = await known_turn(access.deployment_id, turn_id)
        made = row["decision"]
        about = {
            "turn": str(row["id"]),
            "conversation": str(row["conversation_id"]),
            "configuration": row["configuration"],
        }
        return json_response(about | explained(made) | {"guard": made.get("guard")})


def dry_run(turn: TurnInProgress) -> dict[str, Any]:
    """What a turn would have been. `own_words` is what would be said without the model, None where it is asked."""
    assert turn.decision is not None  # noqa: S101 - `begin` decides
    place = turn.place
    goes_on = place.parent_id is not None and place.branched_from is None
    said = own_words(turn)
    return {
        "turn": None,
        "conversation": str(place.conversation_id) if goes_on else None,
        "continues": str(place.parent_id) if place.parent_id else None,
        "configuration": turn.access.configuration_number or None,
        **explained(decision_json(turn)),
        "system": turn.system,
        "own_words": said,
        "opening": opening(turn.decision) if said is None else "",
        "dropped": turn.dropped,
    }


def explained(made: Mapping[str, Any]) -> dict[str, Any]:
    """A decision, as it is stored with its turn, for people and programs to read."""
    decision = Decision.from_json(made)
    return {
        "type": "decision",
        "outcome": decision.outcome,
        "tier": decision.tier,
        "reason": decision.winner.reason if decision.winner else None,
        "explanation": decision.explanation,
        "ladder": [
            {
                "tier": rung.number,
                "name": rung.name,
                "won": rung.won,
                "spoke": [{"became": became, "rule": one.source, "reason": one.reason} for became, one in rung.spoke],
            }
            for rung in ladder(decision)
        ],
        **{name: made[name] for name in ("winner", "overruled", "heeded", "directives", "flags", "effective")},
        "not_granted": made.get("not_granted", {}),
        "signals": [signal | {"meaning": SIGNALS.get(signal["name"], "")} for signal in made.get("signals", ())],
        "judgment": made.get("judgment"),
        "charter": decision.charter_digest,
    }
