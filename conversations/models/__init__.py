from conversations.models.idempotency import IdempotencyKey
from conversations.models.jobs import Job
from conversations.models.record import Conversation, Turn

__all__ = ["Conversation", "IdempotencyKey", "Job", "Turn"]
