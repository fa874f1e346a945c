"""manage.py relay: closes batches, and hands what is due in the outboxes to Celery, until told to stop."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from kombu.exceptions import OperationalError as BrokerError

from conversations.batches.handing import close_batches, hand_over_pieces
from conversations.outboxes import OUTBOXES

log = logging.getLogger("relay")

IDLE_SECONDS = 0.3
LONGEST_BACK_OFF = 10.0


class Command(BaseCommand):
    help = "Hands reviews, webhook deliveries and pieces of batches to Celery. Several may run; each is handed once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        back_off = 0.0
        while not stopping.is_set():
            try:
                # Closing comes first: it asks no broker.
                moved = close_batches() + sum(outbox.hand_over() for outbox in OUTBOXES) + hand_over_pieces()
            except (DatabaseError, BrokerError, OSError) as error:
                back_off = min(LONGEST_BACK_OFF, back_off * 2 or 0.5)
                log.warning("jobs and batches wait: %s; trying again in %.1f s", error, back_off)
                close_old_connections()
            else:
                if back_off:
                    log.info("jobs and batches are handed over again")
                back_off = 0.0
                if moved:
                    continue
            stopping.wait(back_off or IDLE_SECONDS)
        connection.close()
