from conversations.models.jobs import Job
from conversations.models.record import Conversation, Turn
from conversations.models.users import UserAdjustments

__all__ = ["Conversation", "Job", "Turn", "UserAdjustments"]
