"""Questions to the judge that go together, in message batches of its provider: cheaper, and answered within a day.

A review that waits for its batch is an open job whose time comes when the provider's day is over, so whatever is lost
on the way, a batch included, it is asked again by itself. Only ids and states are kept; each question is made anew
from the record when its batch is sent.
"""

import json
import logging
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from charter.judging import VerdictError
from conversations.jobs import REVIEWS, Keep, perform
from conversations.judge import Named, failure_of, named_judge
from conversations.models import BatchedReview, Job, Turn
from conversations.review_judge import client_of
from conversations.reviewing import review_of

log = logging.getLogger(__name__)

State = BatchedReview.State
MOST_REQUESTS = 500
MOST_BYTES = 64 * 1024 * 1024
"""The provider takes a hundred thousand requests and 256 MB; these keep one batch within a worker's memory."""
STUCK = timedelta(minutes=15)
"""What was being sent this long ago was not: its worker is gone."""


def send() -> int:
    """Sends what waits, as one batch; returns how many questions. A provider that is away leaves them waiting."""
    named = named_judge()
    _unstick()
    jobs = _taken()
    if not jobs:
        return 0
    if named is None or not settings.REVIEW_BATCHES:
        _ask_directly([job.pk for job in jobs])
        return 0
    bodies = {job: _body(job, named) for job in jobs}
    # What was answered with another's question has nothing to ask any more: the job finds that out by itself.
    _ask_directly(job.pk for job, body in bodies.items() if body is None)
    asking = [job for job, body in bodies.items() if body is not None]
    covered, size, requests = _covered(asking), 0, []
    late = [job.pk for job in covered]
    for job in asking:
        if job in covered:
            continue
        if (size := size + len(json.dumps(bodies[job]))) > MOST_BYTES and requests:
            late.append(job.pk)
        else:
            requests.append({"custom_id": f"job-{job.pk}", "params": bodies[job]})
    _mark(late, State.WAITING)
    return _send(named, requests) if requests else 0


def _send(named: Named, requests: list[dict[str, Any]]) -> int:
    ids = [int(one["custom_id"].removeprefix("job-")) for one in requests]
    try:
        with closing(client_of(named)) as client:
            batch = client.messages.batches.create(requests=requests)
    except Exception as error:  # noqa: BLE001 - whatever it is, they go on waiting
        log.warning("%d questions to the judge wait for another batch: %s", len(ids), failure_of(error))
        refused = getattr(error, "status_code", None) in {400, 404, 405, 413, 422, 501}
        # A provider that has no batches, or will not have this one, is asked one by one.
        _ask_directly(ids) if refused else _mark(ids, State.WAITING)
        return 0
    _mark(ids, State.SENT, batch.id)
    return len(ids)


def collect() -> int:
    """Keeps the answers of batches that have ended; returns how many. What has no usable answer is asked by itself."""
    named = named_judge()
    sent = BatchedReview.objects.filter(state=State.SENT, job__done_at=None, job__dead_at=None)
    done = 0
    for batch in list(sent.values_list("batch", flat=True).distinct()[:50]) if named else ():
        try:
            with closing(client_of(named)) as client:
                if client.messages.batches.retrieve(batch).processing_status != "ended":
                    continue
                done += _keep_all(client.messages.batches.results(batch))
        except Exception as error:  # noqa: BLE001 - asked again at the next beat
            log.warning("the judge's batch %s cannot be read now: %s", batch, failure_of(error))
            if getattr(error, "status_code", None) == 404:
                _ask_directly(sent.filter(batch=batch).values_list("job_id", flat=True))
            continue
        # What an ended batch does not answer it never will.
        _ask_directly(sent.filter(batch=batch).values_list("job_id", flat=True))
    return done


def _keep_all(results: Iterable[Any]) -> int:
    done = 0
    for result in results:
        name = str(result.custom_id).removeprefix("job-")
        job = Job.objects.filter(pk=int(name), done_at=None).first() if name.isdigit() else None
        if job is None:
            continue
        if result.result.type != "succeeded":
            _ask_directly([job.pk])
            continue
        try:
            done += _keep(job, result.result.message.to_dict(mode="json"))
        except VerdictError as error:
            log.warning("a batch's answer could not be used, and the question is asked anew: %s", error)
            _ask_directly([job.pk])
    return done


def _keep(job: Job, message: dict[str, Any]) -> bool:
    """Raises VerdictError; the job is as it was then."""
    review = review_of(job.kind)

    def concluded(turn: Turn) -> Keep:
        asked = review.asked(turn)
        if asked is None:
            return lambda: review.keep(turn, None)
        verdict = asked.read(message)
        return lambda: review.keep(turn, verdict)

    return perform(job.pk, concluded)


def _taken() -> list[Job]:
    with transaction.atomic():
        rows = BatchedReview.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state=State.WAITING, job__done_at=None
        )
        ids = [row.pk for row in rows.select_related(None).order_by("at")[:MOST_REQUESTS]]
        _mark(ids, State.SENDING)
    return list(Job.objects.filter(pk__in=ids).select_related("turn__deployment", "turn__configuration"))


def _covered(jobs: list[Job]) -> set[Job]:
    """Those that a later question of their conversation, here or on its way, reads with its own: they wait for it."""
    back = [job for job in jobs if review_of(job.kind).reads_back]
    kinds = {job.kind for job in back}
    sent = BatchedReview.objects.filter(state=State.SENT, job__kind__in=kinds, job__done_at=None)
    under_way = set(sent.values_list("job__kind", "job__turn__conversation_id"))
    newest: dict[Any, Job] = {}
    for job in back:
        place = (job.kind, job.turn.conversation_id)
        if place not in newest or newest[place].turn.number < job.turn.number:
            newest[place] = job
    chosen = {job for place, job in newest.items() if place not in under_way}
    return set(back) - chosen


def _body(job: Job, named: Named) -> dict[str, Any] | None:
    asked = review_of(job.kind).asked(job.turn)
    return None if asked is None else asked.body(named.model)


def _unstick() -> None:
    late = BatchedReview.objects.filter(state=State.SENDING, at__lt=timezone.now() - STUCK)
    late.update(state=State.WAITING, at=timezone.now())


def _mark(ids: Iterable[int], state: State, batch: str = "") -> None:
    BatchedReview.objects.filter(pk__in=list(ids)).update(state=state, batch=batch[:128], at=timezone.now())


def _ask_directly(ids: Iterable[int]) -> None:
    ids = list(ids)
    with transaction.atomic():
        _mark(ids, State.DIRECT)
        REVIEWS.open.filter(pk__in=ids).update(due_at=timezone.now(), handed_at=None)
