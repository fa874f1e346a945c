from conversations.models.batches import Batch, BatchItem, BatchPiece
from conversations.models.erasures import Export, UserErasure
from conversations.models.idempotency import IdempotencyKey
from conversations.models.jobs import Job
from conversations.models.record import Conversation, Turn
from conversations.models.usage import UsageHour
from conversations.models.users import UserAdjustments

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPiece",
    "Conversation",
    "Export",
    "IdempotencyKey",
    "Job",
    "Turn",
    "UsageHour",
    "UserAdjustments",
    "UserErasure",
]
