"""A judge that is away delays a review and drops none: no attempt counts, and the screens' word stands meanwhile."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.cases.models import Finding
from conversations import review_judge
from conversations.models import Job, JudgeState, Turn
from tests.audit.judges import AUDIT, asked_of_judge


def job_of(turn: Turn) -> Job:
    return Job.objects.get(turn=turn, kind="audit")


def handed(turn: Turn) -> None:
    """As the relay marks it."""
    Job.objects.filter(turn=turn, kind="audit").update(handed_at=timezone.now(), attempts=1)


@pytest.mark.parametrize("fault", ["[[status:500]]", "[[status:429]]", "[[status:401]]", "[[drop]]", "[[stall:5]]"])
def test_it_waits_uncounted_and_comes_back(say, done, judge, settings, fault):
    settings.REVIEW_JUDGE_SECONDS = 0.5
    turn = say("Hello there")
    handed(turn)
    judge.script(AUDIT, fault)
    assert done(turn) is False
    job = job_of(turn)
    assert (job.done_at, job.dead_at, job.handed_at, job.attempts) == (None, None, None, 0)
    assert job.error.startswith("the judge is away: it")
    assert timedelta() < job.due_at - timezone.now() < timedelta(minutes=15)
    assert Finding.objects.get(turn=turn, kind="audit").detail["note"].startswith("the judge is away")
    judge.script(AUDIT, "")
    assert done(turn) is True
    assert Finding.objects.get(turn=turn, kind="audit").source == "judge"


def test_after_failures_in_a_row_it_is_left_alone_and_then_probed(say, done, judge):
    judge.script(AUDIT, "[[status:500]]")
    turn = say("Hello there")
    for _ in range(review_judge.FAILURES_IN_A_ROW + 3):
        assert done(turn) is False
    assert len(asked_of_judge(judge, AUDIT)) == review_judge.FAILURES_IN_A_ROW
    assert "left alone" in job_of(turn).error
    # The rest is over: one probe, and its failure is the next rest.
    JudgeState.objects.update(rests_until=timezone.now())
    assert done(turn) is False
    assert done(turn) is False
    assert len(asked_of_judge(judge, AUDIT)) == review_judge.FAILURES_IN_A_ROW + 1
    judge.script(AUDIT, "")
    JudgeState.objects.update(rests_until=timezone.now())
    assert done(turn) is True
    assert JudgeState.objects.get().rests_until is None


def test_all_workers_share_one_pace(say, done, judge, settings):
    settings.REVIEW_JUDGE_PER_MINUTE = 2
    turns = [say(f"Hello {number}") for number in range(3)]
    assert [done(turn) for turn in turns] == [True, True, False]
    waiting = job_of(turns[2])
    assert (waiting.attempts, waiting.error) == (0, "the judge is asked as often as it may be")
    assert waiting.due_at - timezone.now() > timedelta(seconds=10)
    JudgeState.objects.update(at=timezone.now() - timedelta(seconds=31))
    assert done(turns[2]) is True
