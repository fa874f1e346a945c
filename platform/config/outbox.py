"""Work that is owed: rows written in the transaction of their cause, handed to Celery by the relay, kept until done.

A broker that is down delays work and loses none: what it never took stays here, and what it lost is handed over again.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone

log = logging.getLogger(__name__)


class Owed(models.Model):
    """A piece of work. The relay hands it over once it is due; whoever did it marks it done."""

    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    handed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    """How often it was handed over."""
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    """Given up after too many attempts; a person must look."""
    error = models.CharField(max_length=500, db_default="")

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Owed)


class Outbox(Generic[Row]):
    """The rows of one model on their way. `task` names the Celery task of a row, which gets the row's id.

    attempts: after so many a row is given up. in_flight: at most so many are handed over and not done; the rest wait
    here, where waiting long is not taken for being lost. forgotten_after: handed over this long ago and not done, a
    row was lost on its way.
    """

    def __init__(
        self,
        model: type[Row],
        task: Callable[[Row], str],
        *,
        attempts: int,
        forgotten_after: timedelta,
        in_flight: int = 500,
    ) -> None:
        self.model = model
        self.task = task
        self.attempts = attempts
        self.forgotten_after = forgotten_after
        self.in_flight = in_flight

    @property
    def open(self) -> "models.QuerySet[Row]":
        return self.model._default_manager.filter(done_at=None, dead_at=None)

    def due(self) -> "models.QuerySet[Row]":
        """What may be handed over now, in the order in which it should be."""
        return self.open.filter(handed_at=None, due_at__lte=timezone.now()).order_by("id")

    def take(self, limit: int) -> list[Row]:
        """At most `limit` due rows, locked for this transaction."""
        return list(self.due().select_for_update(of=("self",), skip_locked=True)[:limit])

    def hand_over(self, limit: int = 200) -> int:
        """Hands due rows to Celery; returns how many. A broker error leaves the rest as they were.

        A row is marked in the same transaction that locks it, after the broker took it: at worst it is handed over
        twice, and the task does it once.
        """
        from celery import current_app
        from kombu.exceptions import OperationalError as BrokerError

        limit = min(limit, self.in_flight - self.open.exclude(handed_at=None).count())
        if limit <= 0:
            return 0
        handed: list[Any] = []
        failure: Exception | None = None
        with transaction.atomic():
            try:
                for row in self.take(limit):
                    current_app.send_task(self.task(row), args=[str(row.pk) if isinstance(row.pk, UUID) else row.pk])
                    handed.append(row.pk)
            except (BrokerError, OSError) as error:
                failure = error  # raised once what the broker did take is marked
            marked = self.model._default_manager.filter(pk__in=handed)
            marked.update(handed_at=timezone.now(), attempts=F("attempts") + 1)
        if failure is not None:
            raise failure
        return len(handed)

    def requeue_forgotten(self) -> int:
        """Puts rows back that were lost on their way; returns how many. Those tried too often are given up."""
        now = timezone.now()
        late = self.open.filter(handed_at__lt=now - self.forgotten_after)
        given_up = late.filter(attempts__gte=self.attempts).update(dead_at=now, error="not finished in time")
        if given_up:
            log.error("%d of %s were given up", given_up, self.model._meta.verbose_name_plural)
        return late.filter(attempts__lt=self.attempts).update(handed_at=None)

    def put_off(self, row: Row, pause: timedelta, error: str) -> None:
        """After a failed attempt: due again when the pause is over, or given up where it was the last."""
        row.error = error[:500].replace("\0", "")
        if row.attempts >= self.attempts:
            row.dead_at = timezone.now()
        else:
            row.handed_at, row.due_at = None, timezone.now() + pause
        row.save(update_fields=["handed_at", "due_at", "dead_at", "error"])

    def wait(self, row: Row, pause: timedelta, why: str) -> None:
        """What it needs is away: due again when the pause is over, and this was no attempt."""
        waiting = self.model._default_manager.filter(pk=row.pk, done_at=None)
        waiting.update(
            handed_at=None,
            due_at=timezone.now() + pause,
            attempts=Greatest(F("attempts") - 1, 0),
            error=why[:500].replace("\0", ""),
        )

    def retry(self, ids: Iterable[int]) -> int:
        """Those that were given up get all their attempts anew; returns how many."""
        given_up = self.model._default_manager.filter(pk__in=list(ids), done_at=None, dead_at__isnull=False)
        return given_up.update(dead_at=None, handed_at=None, attempts=0, due_at=timezone.now())
