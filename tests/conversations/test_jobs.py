"""The outbox's life, without a broker: done once, tried again with growing pauses, given up in the end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.jobs import FORGOTTEN_AFTER, REVIEWS, perform
from conversations.models import Job, Turn


class BrokenReviewError(Exception):
    pass


def broken(turn: Turn) -> None:
    raise BrokenReviewError(str(turn.pk))


@pytest.fixture
def job(client) -> Job:
    client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": "hello"}])
    job = Job.objects.filter(kind="audit").get()
    Job.objects.filter(pk=job.pk).update(handed_at=timezone.now(), attempts=1)
    return job


def test_a_job_is_done_once(job):
    done: list[Turn] = []
    assert perform(job.pk, done.append) is True
    assert perform(job.pk, done.append) is False
    assert len(done) == 1


def test_a_failed_try_leaves_nothing_but_its_reason_and_waits(job):
    with pytest.raises(BrokenReviewError):
        perform(job.pk, broken)
    job.refresh_from_db()
    assert job.error == "BrokenReviewError"  # its text may quote what was said
    assert (job.done_at, job.handed_at) == (None, None)
    assert timedelta(seconds=20) < job.due_at - timezone.now() < timedelta(seconds=40)
    assert job not in REVIEWS.due()
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    assert job in REVIEWS.due()


def test_a_job_that_always_fails_is_given_up_and_kept(job):
    Job.objects.filter(pk=job.pk).update(attempts=REVIEWS.attempts)
    with pytest.raises(BrokenReviewError):
        perform(job.pk, broken)
    job.refresh_from_db()
    assert job.dead_at is not None
    assert REVIEWS.requeue_forgotten() == 0
    assert job not in REVIEWS.due()


def test_a_job_lost_on_its_way_is_handed_over_again(job):
    Job.objects.filter(pk=job.pk).update(handed_at=timezone.now() - FORGOTTEN_AFTER - timedelta(seconds=1))
    assert REVIEWS.requeue_forgotten() == 1
    assert job in REVIEWS.due()


def test_a_backlog_waits_in_the_outbox_and_not_in_the_broker(job, monkeypatch):
    monkeypatch.setattr(REVIEWS, "in_flight", 1)
    assert REVIEWS.hand_over() == 0
    assert Job.objects.filter(kind="wellbeing", handed_at=None).exists()
