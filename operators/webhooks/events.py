"""An event becomes one delivery for each webhook that listens, in the transaction of its cause.

Django code calls `emit`. Async code executes `emission(...)` on its own connection. The hot path puts INSERT_DELIVERIES
into its own statement, after `new_events` with event_id, operator_id, deployment_id (uuid), type (text), data (jsonb).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.db import connection

from operators.models.webhooks import EventType

# An event without a deployment concerns all of them.
INSERT_DELIVERIES = """
INSERT INTO operators_webhookdelivery (event_id, webhook_id, deployment_id, type, data, occurred_at)
SELECT e.event_id, w.id, e.deployment_id, e.type, e.data, now()
FROM new_events AS e
JOIN operators_webhook AS w
    ON w.operator_id = e.operator_id AND w.enabled AND w.types ? e.type
    AND (e.deployment_id IS NULL OR w.deployment_ids = '[]' OR w.deployment_ids ? e.deployment_id::text)
"""

_EMIT = f"""
WITH new_events AS (
    SELECT %(event_id)s::uuid AS event_id, %(operator_id)s::uuid AS operator_id,
           %(deployment_id)s::uuid AS deployment_id, %(type)s::text AS type, %(data)s::jsonb AS data
)
{INSERT_DELIVERIES}
"""


def emit(operator_id: UUID, deployment_id: UUID | None, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002
    """Tells the operator's webhooks, in the current Django transaction: an event exists exactly if its cause does.

    deployment_id: None for what concerns the operator as a whole. type: one of EventType.
    data: a small JSON object of ids, numbers and words of ours; never what people or models said.
    Raises ValueError for another type.
    """
    with connection.cursor() as cursor:
        cursor.execute(*emission(operator_id, deployment_id, type, data))


def emission(
    operator_id: UUID,
    deployment_id: UUID | None,
    type: str,  # noqa: A002
    data: Mapping[str, Any],
) -> tuple[str, dict[str, Any]]:
    """The statement of `emit` and its parameters, for whoever has a connection of their own."""
    return _EMIT, {
        "event_id": uuid4(),
        "operator_id": operator_id,
        "deployment_id": deployment_id,
        "type": EventType(type).value,
        "data": orjson.dumps(data).decode(),
    }
