"""Webhooks: operators' own servers hear what happened, signed in the Standard Webhooks format.

Whatever happens calls `emit` in its own transaction; the relay hands the deliveries over, and tasks send them.
"""

from operators.models.webhooks import EventType
from operators.webhooks.events import emit

__all__ = ["EventType", "emit"]
