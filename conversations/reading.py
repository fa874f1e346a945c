"""Reading the record for the app it is about: always within one deployment, never through the ORM.

What members tried in the playground is no conversation of the app's; the console shows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from config import database
from conversations import content
from conversations.models.marks import OF_OUTCOME, OF_TIER, Mark

Row = dict[str, Any]

LARGEST_PAGE_BYTES = 32 * 1024 * 1024
"""How much content a page of turns may hold; what is more begins the next page."""

_DAY = timedelta(days=1)

_CONVERSATION = """
SELECT c.id, c.user_ref, c.branched_from_id, c.created_at, c.last_turn_at, c.turn_count, c.flagged, c.ended_at,
       c.ended_by, c.ended_because, c.deleted_at
FROM conversations_conversation c
WHERE c.deployment_id = %(deployment)s AND NOT c.playground"""

_TURN_COLUMNS = """t.id, t.conversation_id, t.parent_id, t.number, t.status, t.outcome, t.tier, t.flagged, t.model,
       t.upstream, t.upstream_model, t.stop_reason, t.error, t.input_tokens, t.output_tokens, t.started_at,
       t.milliseconds, t.upstream_milliseconds, t.request_id, t.entry_id, t.charter_digest, c.number AS configuration"""

_TURN = f"""
SELECT {_TURN_COLUMNS}, {content.COLUMNS}, t.decision
FROM conversations_turn t LEFT JOIN operators_configuration c ON c.id = t.configuration_id {content.FROM_JOIN}
WHERE t.deployment_id = %s AND t.id = %s
"""  # noqa: S608 - made of the constants above

OUTCOMES = tuple(OF_OUTCOME)
TIERS = tuple(OF_TIER)


@dataclass(frozen=True, slots=True)
class Position:
    """At most `limit` after, or before, the one with this id."""

    limit: int
    after: UUID | None = None
    before: UUID | None = None

    @property
    def backwards(self) -> bool:
        """Whether it is the last ones that are wanted: they are read in reverse."""
        return self.before is not None and self.after is None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations are meant; None means any. Times are from `after` on and earlier than `before`.

    deleted: only those, or only the others. outcome, tier, failed, batch: at least one turn was so.
    """

    user_ref: str | None = None
    flagged: bool | None = None
    ended: bool | None = None
    deleted: bool | None = False
    outcome: str | None = None
    tier: int | None = None
    failed: bool | None = None
    batch: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    last_turn_after: datetime | None = None
    last_turn_before: datetime | None = None


async def conversations(deployment_id: UUID, chosen: Filter, position: Position) -> list[Row]:
    """The latest begun first, one more than the limit where there are more; in reverse for a page before another."""
    conditions, values = in_order(chosen, position)
    return await _rows(" AND ".join([_CONVERSATION, conditions]), values | {"deployment": deployment_id})


def in_order(chosen: Filter, position: Position) -> tuple[str, dict[str, Any]]:
    """What follows `WHERE` for conversations `c`, order and limit included, and its parameters."""
    conditions, values = _conditions(chosen)
    if position.after is not None:
        conditions.append("c.id < %(after)s")
    if position.before is not None:
        conditions.append("c.id > %(before)s")
    order = "ASC" if position.backwards else "DESC"
    values |= {"after": position.after, "before": position.before, "limit": position.limit + 1}
    return " AND ".join(conditions or ["true"]) + f" ORDER BY c.id {order} LIMIT %(limit)s", values


def _conditions(chosen: Filter) -> tuple[list[str], dict[str, Any]]:
    conditions = [f"c.marks & {int(mark)} {sign} 0" for mark, sign in _marks(chosen)]
    values: dict[str, Any] = {}
    if chosen.deleted is not None:
        conditions.append(f"c.deleted_at IS {'NOT ' if chosen.deleted else ''}NULL")
    if chosen.user_ref is not None:
        # The index holds no conversations without a user.
        conditions.append("c.user_ref = %(user)s" + (" AND c.user_ref <> ''" if chosen.user_ref else ""))
        values["user"] = chosen.user_ref
    if chosen.flagged is not None:
        conditions.append("c.flagged" if chosen.flagged else "NOT c.flagged")
    if chosen.ended is not None:
        conditions.append(f"c.ended_at IS {'NOT ' if chosen.ended else ''}NULL")
    for name, column, sign in (
        ("created_after", "created_at", ">="),
        ("created_before", "created_at", "<"),
        ("last_turn_after", "last_turn_at", ">="),
        ("last_turn_before", "last_turn_at", "<"),
    ):
        if (moment := getattr(chosen, name)) is not None:
            conditions.append(f"c.{column} {sign} %({name})s")
            values[name] = moment
    # A conversation's id is as old as its first turn's beginning, its row as that turn's end: the ids bound the search.
    if chosen.created_after is not None:
        conditions.append("c.id >= %(first)s")
        values["first"] = _id_at(chosen.created_after, -_DAY)
    if chosen.created_before is not None:
        conditions.append("c.id < %(last)s")
        values["last"] = _id_at(chosen.created_before, _DAY)
    return conditions, values


def _marks(chosen: Filter) -> Iterator[tuple[Mark, str]]:
    """Each with how it must compare with nothing, written so that PostgreSQL knows the mark's index by it."""
    if chosen.outcome is not None:
        yield OF_OUTCOME[chosen.outcome], "<>"
    if chosen.tier is not None:
        yield OF_TIER[chosen.tier], "<>"
    for mark, wanted in ((Mark.FAILED, chosen.failed), (Mark.BATCH, chosen.batch)):
        if wanted is not None:
            yield mark, "<>" if wanted else "="


def _id_at(moment: datetime, by: timedelta) -> UUID:
    """The first UUID of version 7 there could be at that time, shifted."""
    milliseconds = round((moment.timestamp() + by.total_seconds()) * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)


async def conversation(deployment_id: UUID, conversation_id: UUID) -> Row | None:
    rows = await _rows(f"{_CONVERSATION} AND c.id = %(id)s", {"deployment": deployment_id, "id": conversation_id})
    return rows[0] if rows else None


async def turns(deployment_id: UUID, conversation_id: UUID, position: Position) -> list[Row]:
    """In their order, one more than the limit where there are more; in reverse for a page before another.

    `content` is None for that one more, and for those that would make the page too large.
    """
    conditions = ["t.deployment_id = %(deployment)s", "t.conversation_id = %(conversation)s"]
    place = "(SELECT number, id FROM conversations_turn WHERE id = %({0})s AND conversation_id = %(conversation)s)"
    if position.after is not None:
        conditions.append(f"(t.number, t.id) > {place.format('after')}")
    if position.before is not None:
        conditions.append(f"(t.number, t.id) < {place.format('before')}")
    order = "t.number DESC, t.id DESC" if position.backwards else "t.number, t.id"
    sql = f"""
        SELECT {_TURN_COLUMNS}, t.gone, t.data_key_id, dk.wrapped,
               CASE WHEN t.place <= %(limit)s AND t.earlier < %(bytes)s THEN t.content END AS content
        FROM (
            SELECT t.*, row_number() OVER (ORDER BY {order}) AS place,
                   sum(octet_length(t.content)) OVER (ORDER BY {order}) - octet_length(t.content) AS earlier
            FROM conversations_turn t WHERE {" AND ".join(conditions)} ORDER BY {order} LIMIT %(limit)s + 1
        ) t LEFT JOIN operators_configuration c ON c.id = t.configuration_id {content.FROM_JOIN}
        ORDER BY t.place
    """  # noqa: S608 - made of the constants above
    values = {"deployment": deployment_id, "conversation": conversation_id, "after": position.after}
    more = {"before": position.before, "limit": position.limit, "bytes": LARGEST_PAGE_BYTES}
    return [_opened(row) for row in await _rows(sql, values | more)]


async def turn(deployment_id: UUID, turn_id: UUID) -> Row | None:
    """With `content`, {"system", "messages", "answer"}, and `decision` with what it quotes."""
    rows = await _rows(_TURN, (deployment_id, turn_id))
    return _opened(rows[0]) if rows else None


def _opened(row: Row) -> Row:
    """The row with its content in the clear; `gone` says why there is none, `error` is whole where it is known."""
    if row["content"] is None:
        return row
    found = content.opened(row["id"], row["content"], row["gone"], row["data_key_id"], row["wrapped"])
    opened = row | {"content": found.said, "gone": found.gone, "error": found.error or row["error"]}
    if "decision" in row:
        opened["decision"] = found.decision(row["decision"])
    return opened


async def _rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[Row]:
    async with database.pool().connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, values)  # type: ignore[call-overload] # text made of constants
        return await cursor.fetchall()
