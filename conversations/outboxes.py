"""All outboxes, for the relay and the beat: everything that is owed to someone after a commit."""

from conversations.forgetting import ERASURES
from conversations.jobs import REVIEWS
from operators.webhooks.deliveries import DELIVERIES

OUTBOXES = (REVIEWS, DELIVERIES, ERASURES)
