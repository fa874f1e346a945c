"""The statement that records turns: all that a commit of turns writes, in one round trip and one transaction."""

from audit.log.writer import INSERT_ENTRIES
from operators.budgets import TOKENS
from operators.webhooks.events import INSERT_DELIVERIES

COLUMNS = {
    "id": "uuid",
    "conversation_id": "uuid",
    "parent_id": "uuid",
    "number": "int4",
    "deployment_id": "uuid",
    "configuration_id": "uuid",
    "key_id": "uuid",
    "charter_digest": "text",
    "prefix": "bytea",
    "status": "text",
    "outcome": "text",
    "tier": "int2",
    "flagged": "bool",
    "decision": "bytea",
    "past": "bytea",
    "content": "bytea",
    "gone": "text",
    "data_key_id": "uuid",
    "content_digest": "text",
    "entry_id": "uuid",
    "request_id": "text",
    "model": "text",
    "upstream": "text",
    "upstream_model": "text",
    "upstream_request_id": "text",
    "stop_reason": "text",
    "error": "text",
    "input_tokens": "int4",
    "output_tokens": "int4",
    "started_at": "timestamptz",
    "milliseconds": "int4",
    "upstream_milliseconds": "int4",
    "cost": "numeric",
}
_USED = {
    "used_model": "text",
    "used_input": "int8",
    "used_output": "int8",
    "used_cache_write": "int8",
    "used_cache_read": "int8",
    "used_cost": "numeric",
}
EXTRA = {
    "branched_from": "uuid",
    "user_ref": "text",
    "ended": "bool",
    "ended_by": "text",
    "ended_because": "text",
    "told": "text",
    "marks": "int4",
} | _USED
EXTRA |= {"owner": "bytea", "wrapped": "bytea"}
"""`wrapped`: the data key's, where its row is still to be made."""
MADE = {"content_digest", "entry_id", "data_key_id", "wrapped"}
"""Columns that are no field of a TurnRecord."""
_TURN_COLUMNS = ", ".join(COLUMNS)
# Named apart from the entries' parameters: there may be more entries than turns.
_ARRAYS = ", ".join(f"%(turn_{column})s::{kind}[]" for column, kind in (COLUMNS | EXTRA).items())

_EVENTS = f""", happened AS (
    SELECT 'turn.flagged' AS type, deployment_id, told FROM new_turns WHERE flagged
    UNION ALL
    -- A conversation that was ended before is not ended again by what is said in it.
    SELECT 'conversation.ended', min(t.deployment_id::text)::uuid, min(t.told)
    FROM conversations c JOIN new_turns t ON t.conversation_id = c.id AND t.ended WHERE c.ended_now GROUP BY c.id
), new_events AS MATERIALIZED (
    SELECT gen_random_uuid() AS event_id, d.operator_id, h.deployment_id, h.type, h.told::jsonb AS data
    FROM happened h JOIN operators_deployment d ON d.id = h.deployment_id
), deliveries AS (
    {INSERT_DELIVERIES}
)
"""  # noqa: S608 - made of the constant above


def _statement(turn_count: str, digest: str, *, tell: bool) -> str:
    """One statement, so one round trip and one transaction. A conversation is made by its first turn."""
    values = ", ".join(digest if column == "content_digest" else column for column in COLUMNS)
    return f"""
WITH new_turns AS (
    SELECT * FROM unnest({_ARRAYS}) AS t ({", ".join(COLUMNS | EXTRA)})
), keys AS (
    INSERT INTO conversations_datakey (id, deployment_id, owner, wrapped)
    SELECT data_key_id, deployment_id, owner, wrapped FROM new_turns WHERE wrapped IS NOT NULL
    ON CONFLICT (id) DO NOTHING
), held AS MATERIALIZED (
    -- An erasure deletes the key: it waits for this commit and then finds the turn, or this finds no key any more.
    SELECT id FROM conversations_datakey
    WHERE id IN (SELECT data_key_id FROM new_turns WHERE wrapped IS NULL) ORDER BY id FOR KEY SHARE
), conversations AS (
    INSERT INTO conversations_conversation AS c
        (id, deployment_id, user_ref, branched_from_id, last_turn_at, turn_count, flagged, marks, ended_at, ended_by,
         ended_because)
    SELECT conversation_id, min(deployment_id::text)::uuid, min(user_ref), min(branched_from::text)::uuid, now(),
           count(*), bool_or(flagged), bit_or(marks), CASE WHEN bool_or(ended) THEN now() END,
           (array_agg(ended_by ORDER BY ended DESC))[1], (array_agg(ended_because ORDER BY ended DESC))[1]
    FROM new_turns GROUP BY conversation_id ORDER BY conversation_id
    ON CONFLICT (id) DO UPDATE SET
        last_turn_at = now(), turn_count = {turn_count},
        flagged = c.flagged OR excluded.flagged, marks = c.marks | excluded.marks,
        ended_at = coalesce(c.ended_at, excluded.ended_at),
        ended_by = CASE WHEN c.ended_at IS NULL THEN excluded.ended_by ELSE c.ended_by END,
        ended_because = CASE WHEN c.ended_at IS NULL THEN excluded.ended_because ELSE c.ended_because END
    RETURNING c.id, c.ended_at = now() AS ended_now
), turns AS (
    INSERT INTO conversations_turn ({_TURN_COLUMNS}) SELECT {values} FROM new_turns t
), jobs AS (
    INSERT INTO conversations_job (kind, turn_id)
    SELECT kind, id FROM new_turns CROSS JOIN unnest(%(reviews)s::text[]) AS kind
), used AS (
    INSERT INTO operators_usage AS u
        (day, deployment_id, key_id, model,
         turns, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens, cost)
    SELECT (now() AT TIME ZONE 'UTC')::date, deployment_id, key_id, used_model, count(*), sum(used_input),
           sum(used_output), sum(used_cache_write), sum(used_cache_read), sum(used_cost)
    FROM new_turns GROUP BY key_id, deployment_id, used_model ORDER BY key_id, used_model
    ON CONFLICT (key_id, day, model) DO UPDATE SET
        turns = u.turns + excluded.turns, input_tokens = u.input_tokens + excluded.input_tokens,
        output_tokens = u.output_tokens + excluded.output_tokens,
        cache_write_tokens = u.cache_write_tokens + excluded.cache_write_tokens,
        cache_read_tokens = u.cache_read_tokens + excluded.cache_read_tokens, cost = u.cost + excluded.cost
    RETURNING key_id, day::text, model, {TOKENS}, cost
){_EVENTS if tell else ""}, entries AS (
    {INSERT_ENTRIES}
)
SELECT * FROM used
"""  # noqa: S608 - made of constants


# A conversation that was deleted meanwhile is given no count, and a turn of a user who was erased meanwhile no digest.
# Their rows refuse that, and so the whole statement fails: the turn is then recorded without content.
_COUNT = "c.turn_count + excluded.turn_count"
_DIGEST = """CASE WHEN (t.data_key_id IS NULL OR t.wrapped IS NOT NULL OR t.data_key_id IN (SELECT id FROM held))
    AND NOT EXISTS (SELECT FROM conversations_erasure e WHERE e.owner = t.owner AND e.requested_at > t.started_at)
    THEN t.content_digest END"""
RECORD = {
    tell: _statement(f"CASE WHEN c.deleted_at IS NULL THEN {_COUNT} END", _DIGEST, tell=tell) for tell in (False, True)
}
RECORD_ERASED = {tell: _statement(_COUNT, "t.content_digest", tell=tell) for tell in (False, True)}
"""With `tell`: where some turn is flagged or ends its conversation. The others do not pay for it."""
