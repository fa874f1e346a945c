"""A member's turn in the playground: the very steps of an app's turn (conversations/turn.py), by the draft or by what
is live, within the operator's limits and at its cost.

It is recorded as any other, its entry naming the member; beside it a `Trial` keeps who tried and by which settings, and
its conversation is marked, in the same commit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from charter import ConfigurationError
from conversations.errors import ApiError
from conversations.record import Beside
from conversations.requests import messages_request
from conversations.services import services
from conversations.transcript import Transcript
from conversations.turn import TurnInProgress, begin
from operators.catalogue import DEFAULT, Offers
from operators.directory import Access
from operators.trying import Tried, access_to

MOST_TOKENS = 1024
VERSION = "2023-06-01"

_BESIDE = """
WITH marked AS (UPDATE conversations_conversation SET playground = true WHERE id = %(conversation)s)
INSERT INTO conversations_trial (turn_id, account_id, of_draft, settings, settings_digest)
VALUES (%(turn)s, %(account)s, %(of_draft)s, %(settings)s, %(digest)s)
"""


@dataclass(frozen=True)
class Question:
    """One message of a member's. `conversation`: the one it goes on with; wishes: what its user would adjust."""

    message: str
    stream: bool
    conversation: UUID | None = None
    wishes: Mapping[str, bool] | None = None
    model: str = ""


def user_ref(account_id: UUID) -> str:
    """Whom a member is to the deployment: their tries are theirs to go on with, and no app's conversation is."""
    return f"playground:{account_id}"


async def begun(what: Tried, question: Question, request_id: str) -> TurnInProgress:
    """Everything before the answer. Raises ApiError."""
    try:
        access = await access_to(services().directory, what)
    except ConfigurationError as error:
        raise ApiError(400, str(error)) from None
    headers = {"anthropic-version": VERSION}
    if question.conversation is not None:
        headers["plumbline-conversation"] = str(question.conversation)
    asked = messages_request(_body(access, question))
    turn = await begin(services(), access, asked, headers, request_id)
    turn.settle = _beside(turn, what)
    return turn


def _body(access: Access, question: Question) -> dict[str, Any]:
    model = question.model or usual_model(access.offers)
    offer = access.offers.find(model)
    assert access.tried_by is not None  # noqa: S101 - this is the playground
    return {
        "model": model,
        "max_tokens": min(MOST_TOKENS, (offer and offer.max_tokens) or MOST_TOKENS),
        "messages": [{"role": "user", "content": question.message}],
        "metadata": {"user_id": user_ref(access.tried_by)},
        "stream": question.stream,
        "plumbline": {"user_adjustments": dict(question.wishes or {})},
    }


def usual_model(offers: Offers) -> str:
    return DEFAULT if offers.find(DEFAULT) else next(iter(offers.listed), DEFAULT)


def _beside(turn: TurnInProgress, what: Tried) -> Callable[[Transcript], Beside]:
    parameters = {
        "conversation": turn.place.conversation_id,
        "turn": turn.id,
        "account": what.account_id,
        "of_draft": what.of_draft,
        "settings": Jsonb(what.settings),
        "digest": what.digest,
    }
    return lambda _transcript: Beside(_BESIDE, parameters)
