from conversations.models.batches import Batch, BatchItem, BatchPiece
from conversations.models.data_keys import DataKey, Erasure
from conversations.models.idempotency import IdempotencyKey
from conversations.models.jobs import Job
from conversations.models.record import Conversation, Turn
from conversations.models.retention import RetentionRun
from conversations.models.users import UserAdjustments

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPiece",
    "Conversation",
    "DataKey",
    "Erasure",
    "IdempotencyKey",
    "Job",
    "RetentionRun",
    "Turn",
    "UserAdjustments",
]
