"""All outboxes, for the relay and the beat: everything that is owed to someone after a commit."""

from conversations.jobs import REVIEWS
from conversations.redeciding.replays import REPLAYS
from conversations.user_erasure import ERASURES
from operators.scheduling import PUBLICATIONS
from operators.webhooks.deliveries import DELIVERIES

OUTBOXES = (REVIEWS, DELIVERIES, REPLAYS, PUBLICATIONS, ERASURES)
