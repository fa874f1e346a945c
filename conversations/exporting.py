"""Turns taken out of the record: piece by piece as their reader takes them, however many there are.

A piece is read in a thread of the back office, with a connection for that long. How many turns it holds is committed
before it leaves, so that whatever happens afterwards, the entry in the audit log says no less than what was handed out.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F
from django.utils import timezone

from conversations.api.paging import written
from conversations.exports import close
from conversations.models import Conversation, Export, Turn
from conversations.models.content import opened_of
from conversations.pages import spreadsheet
from conversations.pages.transcript import plain
from conversations.reading import Filter, Position, in_order
from conversations.services import services

CONVERSATIONS_AT_ONCE = 100
TURNS_AT_ONCE = 500
BYTES_AT_ONCE = 4 * 1024 * 1024
"""Of what was said, in one piece; a single turn may be more."""

_CONVERSATIONS = "SELECT c.id FROM conversations_conversation c WHERE c.deployment_id = %(deployment)s AND "
_SIZES = """
SELECT id, conversation_id, number, octet_length(content) FROM conversations_turn
WHERE conversation_id = ANY(%(conversations)s)
  AND (conversation_id <> %(first)s OR (number, id) > (%(number)s, %(turn)s))
ORDER BY conversation_id DESC, number, id LIMIT %(most)s
"""
_NO_TURN = (-1, UUID(int=0))


@dataclass(frozen=True, slots=True)
class _Place:
    """How far it has come: the conversations that were found and not taken yet, and the last turn of the first."""

    found: tuple[UUID, ...] = ()
    last: UUID | None = None
    """The last conversation that was found."""
    turn: tuple[int, UUID] = field(default=_NO_TURN)
    all_found: bool = False


async def export(made: Export, chosen: Filter) -> AsyncIterator[str]:
    """The file. Its entry is written at its end, or where its reader hangs up."""
    whole, place = False, _Place()
    try:
        if made.form == Export.Form.CSV:
            yield spreadsheet.MARK + "".join(spreadsheet.lines([_heads(made)]))
        while place is not None:
            text, place = await services().back_office.do(partial(_next, made, chosen, place))
            if text:
                yield text
        whole = True
    finally:
        # The reader may be gone, and this task with it.
        closing = services().back_office.do(partial(close, made.pk, whole=whole))
        services().background.start(closing, "an export was not closed; it will be found")


def _next(made: Export, chosen: Filter, place: _Place) -> tuple[str, _Place | None]:
    """The next piece, which may be empty, and the place after it; None where there is no more."""
    if not place.found:
        place = place if place.all_found else _more(made, chosen, place)
    if not place.found:
        return "", None
    sizes = _sizes(place)
    taken = list(_fitting(sizes))
    found = Turn.objects.select_related("data_key").filter(pk__in=[turn for turn, *_ in taken])
    turns = {one.pk: one for one in found}
    of_apps = Conversation.objects.filter(pk__in=place.found, playground=False)
    users = dict(of_apps.values_list("pk", "user_ref"))
    # One that was deleted meanwhile is taken as it is now: without what was said.
    rows = [_row(turns[turn], users.get(conversation), made) for turn, conversation, *_ in taken if turn in turns]
    text = "".join(_as_text(made, rows))
    Export.objects.filter(pk=made.pk).update(turns=F("turns") + len(rows), seen_at=timezone.now())
    return text, _after(place, taken, more=len(taken) < len(sizes) or len(sizes) == TURNS_AT_ONCE)


def _more(made: Export, chosen: Filter, place: _Place) -> _Place:
    conditions, values = in_order(chosen, Position(CONVERSATIONS_AT_ONCE - 1, after=place.last))
    with connection.cursor() as cursor:
        cursor.execute(_CONVERSATIONS + conditions, values | {"deployment": made.deployment_id})
        found = tuple(one for (one,) in cursor.fetchall())
    return _Place(found, found[-1] if found else None, all_found=len(found) < CONVERSATIONS_AT_ONCE)


def _sizes(place: _Place) -> list[tuple[UUID, UUID, int, int]]:
    """(turn, conversation, number, bytes) of the turns that come next."""
    number, turn = place.turn
    values = {"conversations": list(place.found), "first": place.found[0], "number": number, "turn": turn}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, values | {"most": TURNS_AT_ONCE})
        found: list[tuple[UUID, UUID, int, int]] = cursor.fetchall()
    return found


def _fitting(sizes: Sequence[tuple[UUID, UUID, int, int]]) -> Iterator[tuple[UUID, UUID, int, int]]:
    size = 0
    for one in sizes:
        size += one[3]
        if size > BYTES_AT_ONCE and size > one[3]:
            return
        yield one


def _after(place: _Place, taken: Sequence[tuple[UUID, UUID, int, int]], *, more: bool) -> _Place | None:
    if not more:
        return None if place.all_found else _Place((), place.last)
    turn, conversation, number, _ = taken[-1]
    left = place.found[place.found.index(conversation) :]
    return _Place(left, place.last, (number, turn), all_found=place.all_found)


def _row(turn: Turn, user_ref: str | None, made: Export) -> dict[str, Any]:
    """user_ref: None in the playground, where there is no user."""
    winner = turn.decision.get("winner") or {}
    row = {
        "conversation": str(turn.conversation_id),
        "turn": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "number": turn.number,
        "user_id": user_ref or None,
        "playground": user_ref is None,
        "started_at": written(turn.started_at),
        "status": turn.status,
        "outcome": turn.outcome,
        "tier": turn.tier,
        "reason": winner.get("reason"),
        "flagged": turn.flagged,
        "model": turn.model,
        "upstream_model": turn.upstream_model or None,
        "input_tokens": turn.input_tokens,
        "output_tokens": turn.output_tokens,
        "cost": f"{turn.cost:.9f}" if turn.cost is not None else None,
        "milliseconds": turn.milliseconds,
        "upstream_milliseconds": turn.upstream_milliseconds,
        "request_id": turn.request_id,
        "entry": str(turn.entry_id),
        "gone": turn.gone or None,
    }
    return row | (_said(turn, as_text=made.form == Export.Form.CSV) if made.content else {})


def _said(turn: Turn, *, as_text: bool) -> dict[str, Any]:
    held = opened_of(turn)
    content, told = turn.content, {"gone": held.gone or None, "error": held.error or turn.error or None}
    if not as_text:
        said = {name: content.get(name) for name in ("system", "messages", "answer")}
        return said | told | {"decision": turn.decision}
    messages = [f"{one.get('role')}: {plain(one.get('content') or ())}" for one in content["messages"]]
    return {"messages": "\n\n".join(messages), "answer": plain(content["answer"])} | told


def _as_text(made: Export, rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    if made.form == Export.Form.CSV:
        return spreadsheet.lines(list(row.values()) for row in rows)
    return (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode() for row in rows)


def _heads(made: Export) -> list[str]:
    """The names of the columns: those of a row of nothing."""
    nothing = Turn(decision={}, content={"messages": [], "answer": []}, started_at=timezone.now())
    return list(_row(nothing, "", made))
