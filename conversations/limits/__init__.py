"""Limits: what a key, its deployment and its operator may use, counted for all processes together.

Valkey counts, in one round trip for an admission (admit.lua). What a request will take is guessed, taken from the
buckets at once, and put right in the background when it is known. While Valkey is away each process counts its share
by itself.
"""

from conversations.limits.asking import Ask
from conversations.limits.limiter import Admission, Limiter
from conversations.limits.spending import Spent
from conversations.limits.tokens import Used

__all__ = ["Admission", "Ask", "Limiter", "Spent", "Used"]
