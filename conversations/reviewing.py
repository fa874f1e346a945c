"""One review job: the screens' word at once, the judge's where there is one, kept in the commit that ends the job.

The reviews themselves stand above us. Each says what to ask about a turn and how to keep what comes of it.
"""

from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction

from charter.judging import RefusedError
from conversations.jobs import Keep, LaterError, perform
from conversations.judge import named_judge
from conversations.models import BatchedReview, Job, Turn
from conversations.review_judge import Asked, ask

A_DAY = timedelta(hours=25)
"""A provider answers a batch within a day, or not at all; then the question is asked by itself."""


class Review(Protocol):
    """kind: of its jobs. reads_back: a question about a turn covers what was not read of the conversation before it."""

    kind: str
    reads_back: bool

    def asked(self, turn: Turn) -> Asked | None:
        """What to ask the judge about a turn; None where it need not be asked."""
        ...

    def keep(self, turn: Turn, verdict: Any, note: str = "") -> None:
        """Keeps what was found, in the caller's transaction. A verdict of None: the screens' word alone, and `note`
        says why. A judge's word takes the place of the screens', never the other way round."""
        ...


_reviews: dict[str, Review] = {}


def register_review(review: Review) -> None:
    _reviews[review.kind] = review


def review_of(kind: str) -> Review:
    return _reviews[kind]


def carry_out(job_id: int, kind: str) -> bool:
    """True if the job was done now; False if it had been done before, or waits for its judge."""
    return perform(job_id, lambda turn: _concluded(job_id, turn, review_of(kind)))


def _concluded(job_id: int, turn: Turn, review: Review) -> Keep:
    asked = review.asked(turn) if named_judge() is not None else None
    if asked is None:
        return lambda: review.keep(turn, None)
    try:
        _wait_for_batch(job_id, turn)
        verdict = ask(asked)
    except RefusedError as error:
        note = str(error)
        return lambda: review.keep(turn, None, note)
    except Exception as error:
        # What the screens see is there at once; the judge's word replaces it when it comes.
        with transaction.atomic():
            review.keep(turn, None, str(error) if isinstance(error, LaterError) else "its answer could not be used")
        raise
    return lambda: review.keep(turn, verdict)


def _wait_for_batch(job_id: int, turn: Turn) -> None:
    """Raises LaterError where the question goes with others; what is flagged is not made to wait for them."""
    if not settings.REVIEW_BATCHES or turn.flagged:
        return
    with transaction.atomic():
        # The job's row first: it may be done, and with it this one, by another.
        if not Job.objects.select_for_update(no_key=True).filter(pk=job_id, done_at=None).exists():
            raise LaterError("it is done", timedelta())
        row, _made = BatchedReview.objects.get_or_create(job_id=job_id)
        if row.state == BatchedReview.State.SENT:
            # A day has passed without its answer.
            row.state = BatchedReview.State.DIRECT
            row.save(update_fields=["state"])
    if row.state != BatchedReview.State.DIRECT:
        raise LaterError("its question goes to the judge with others, in a batch", A_DAY)
