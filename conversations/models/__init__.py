from conversations.models.batches import Batch, BatchItem, BatchPiece
from conversations.models.idempotency import IdempotencyKey
from conversations.models.jobs import Job
from conversations.models.playground import Trial
from conversations.models.record import Conversation, Turn
from conversations.models.users import UserAdjustments

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPiece",
    "Conversation",
    "IdempotencyKey",
    "Job",
    "Trial",
    "Turn",
    "UserAdjustments",
]
