"""All outboxes, for the relay and the beat: everything that is owed to someone after a commit."""

from conversations.jobs import REVIEWS
from conversations.user_erasure import ERASURES
from operators.webhooks.deliveries import DELIVERIES

OUTBOXES = (REVIEWS, DELIVERIES, ERASURES)
