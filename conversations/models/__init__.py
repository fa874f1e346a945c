from conversations.models.batches import Batch, BatchItem, BatchPiece
from conversations.models.jobs import Job
from conversations.models.record import Conversation, Turn

__all__ = ["Batch", "BatchItem", "BatchPiece", "Conversation", "Job", "Turn"]
