from conversations.models.batches import Batch, BatchItem, BatchPiece
from conversations.models.data_keys import DataKey, Erasure
from conversations.models.exports import Export
from conversations.models.idempotency import IdempotencyKey
from conversations.models.jobs import BatchedReview, Job, JudgeState
from conversations.models.playground import Trial
from conversations.models.record import Conversation, Turn
from conversations.models.replays import Replay, ReplayedTurn
from conversations.models.retention import RetentionRun
from conversations.models.usage import UsageHour
from conversations.models.users import UserAdjustments

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPiece",
    "BatchedReview",
    "Conversation",
    "DataKey",
    "Erasure",
    "Export",
    "IdempotencyKey",
    "Job",
    "JudgeState",
    "Replay",
    "ReplayedTurn",
    "RetentionRun",
    "Trial",
    "Turn",
    "UsageHour",
    "UserAdjustments",
]
