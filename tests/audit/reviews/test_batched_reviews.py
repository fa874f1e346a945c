"""Questions that go to the judge in batches of its provider: what waits, what is sent, and what becomes of each."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.cases.models import Finding
from conversations import batched_reviews
from conversations.models import BatchedReview, Job, Turn
from tests.audit.judges import AUDIT, asked_of_judge, verdict


@pytest.fixture(autouse=True)
def in_batches(settings, judge):
    settings.REVIEW_BATCHES = True


def state(turn: Turn, kind: str = "audit") -> str:
    return BatchedReview.objects.get(job__turn=turn, job__kind=kind).state


def source(turn: Turn, kind: str = "audit") -> str:
    return Finding.objects.get(turn=turn, kind=kind).source


def due(turn: Turn) -> bool:
    return Job.objects.get(turn=turn, kind="audit").due_at <= timezone.now()


def test_what_is_not_urgent_goes_together_and_is_kept_when_the_batch_has_ended(say, done, judge):
    turns = [say(f"How long does egg {number} boil?") for number in range(3)]
    assert [done(turn, kind) for turn in turns for kind in ("audit", "wellbeing")] == [False] * 6
    assert asked_of_judge(judge) == []
    assert {state(turn) for turn in turns} == {"waiting"}
    assert not any(due(turn) for turn in turns)
    judge.batches.hold = True
    assert batched_reviews.send() == 6
    assert batched_reviews.send() == 0
    assert batched_reviews.collect() == 0
    assert {source(turn) for turn in turns} == {"screen"}
    judge.batches.hold = False
    assert batched_reviews.collect() == 6
    assert {source(turn, kind) for turn in turns for kind in ("audit", "wellbeing")} == {"judge"}
    assert not Job.objects.filter(done_at=None).exists()
    assert batched_reviews.collect() == 0


def test_what_is_flagged_is_asked_at_once(say, done, judge):
    assert done(say("I want to kill myself tonight")) is True
    assert len(asked_of_judge(judge, AUDIT)) == 1
    assert not BatchedReview.objects.exists()


def test_an_answer_that_cannot_be_used_or_an_error_is_asked_anew_by_itself(say, done, judge):
    good, made_up, failed = say("How long does an egg boil?"), say("How do I bake?"), say("How do I fry?")
    judge.compose("How do I bake?", verdict(spans=[{"where": "1.messages[0]", "quote": "what nobody said"}]))
    judge.script("How do I fry?", "[[status:500]]")
    for turn in (good, made_up, failed):
        done(turn)
    assert batched_reviews.send() == 3
    assert batched_reviews.collect() == 1
    assert (state(made_up), state(failed)) == ("direct", "direct")
    assert due(failed)
    judge.compose("How do I bake?", verdict())
    judge.script("How do I fry?", "")
    assert done(made_up) is True
    assert done(failed) is True
    assert source(made_up) == source(failed) == "judge"


def test_a_provider_that_is_away_leaves_them_waiting_and_one_without_batches_is_asked_one_by_one(say, done, judge):
    turn = say("How long does an egg boil?")
    done(turn)
    judge.batches.status = 529
    assert batched_reviews.send() == 0
    assert state(turn) == "waiting"
    judge.batches.status = 404
    assert batched_reviews.send() == 0
    assert state(turn) == "direct"
    assert done(turn) is True


def test_a_batch_that_is_lost_is_not_waited_for(say, done, judge):
    turn = say("How long does an egg boil?")
    done(turn)
    judge.batches.hold = True
    batched_reviews.send()
    judge.batches.lose()
    assert batched_reviews.collect() == 0
    assert state(turn) == "direct"
    assert done(turn) is True


def test_a_job_whose_day_is_over_is_asked_by_itself(say, done, judge):
    turn = say("How long does an egg boil?")
    done(turn)
    judge.batches.hold = True
    batched_reviews.send()
    assert done(turn) is True
    assert source(turn) == "judge"


def test_what_a_killed_worker_was_sending_is_sent_again(say, done, judge):
    turn = say("How long does an egg boil?")
    done(turn)
    late = timezone.now() - batched_reviews.STUCK - timedelta(seconds=1)
    BatchedReview.objects.update(state="sending", at=late)
    assert batched_reviews.send() == 1


def test_of_a_conversations_new_turns_one_question_is_sent_and_it_reads_them_all(say, done, judge):
    first = say("How long does an egg boil?")
    second = say("And a goose's?", after=first)
    for turn in (first, second):
        done(turn, "wellbeing")
    assert batched_reviews.send() == 1
    third = say("And an ostrich's?", after=second)
    done(third, "wellbeing")
    assert batched_reviews.send() == 0
    assert batched_reviews.collect() == 1
    assert source(first, "wellbeing") == source(second, "wellbeing") == "judge"
    assert batched_reviews.send() == 1
    # What was read with another's question has nothing left to ask.
    assert state(first, "wellbeing") == "direct"
    assert done(first, "wellbeing") is True
    assert batched_reviews.collect() == 1
    assert source(third, "wellbeing") == "judge"
