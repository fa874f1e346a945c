"""A replay of a draft: started once, worked on in steps that count once, canceled, stale when the draft moves on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.log.models import Entry
from conversations.models import Replay, Trial, Turn
from conversations.redeciding import working as slices
from conversations.redeciding.replays import KEPT, REPLAYS, ReplayRunsError, cancel, is_stale, start
from conversations.redeciding.working import work_on
from operators.models import Deployment
from operators.publishing import save_draft
from tests.support.batches import LONG
from tests.support.waiting import until

QUESTIONS = ["How do I reverse a list in Python?", "Give me a recipe for lasagne", "Plan my holiday in Rome"]


@pytest.fixture
def deployment(coding_client) -> Deployment:
    """Three turns of a deployment for programmers, and a draft that lets cooks in."""
    for text in QUESTIONS:
        coding_client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": text}])
    found = Deployment.objects.get()
    scope = {**found.draft["scope"], "allowed": [*found.draft["scope"]["allowed"], {"name": "recipes and cooking"}]}
    save_draft(found, {"scope": {**scope, "description": "Help with programming, and recipes for lasagne."}})
    return found


def run(replay: Replay) -> Replay:
    work_on(replay.pk)
    replay.refresh_from_db()
    return replay


def test_a_draft_is_replayed_and_what_changes_is_listed_with_both_reasons(deployment):
    save_draft(deployment, {})
    replay = run(start(deployment, size=50, days=7, by=None))
    assert (replay.running, replay.total, replay.position) == (False, 3, 3)
    assert (replay.same, replay.changed, replay.not_kept, replay.unreadable) == (1, 2, 0, 0)
    found = {one.turn.content["messages"][0]["content"]: one for one in replay.turns.select_related("turn")}
    assert found.keys() == set(QUESTIONS[1:])
    lasagne = found[QUESTIONS[1]]
    assert (lasagne.before["outcome"], lasagne.after["outcome"]) == ("redirect", "answer")
    assert (lasagne.change, lasagne.cause) == ("outcome", "draft")
    assert lasagne.before["reason"]
    assert lasagne.before["rule"] == "scope.outside"


def test_nothing_that_anyone_said_is_kept_with_a_replay(deployment):
    save_draft(deployment, {})
    replay = run(start(deployment, size=50, days=7, by=None))
    assert "lasagne" not in str(list(replay.turns.values()))


def test_a_replay_of_what_is_live_changes_nothing(deployment):
    save_draft(deployment, deployment.live.settings)
    replay = run(start(deployment, size=50, days=0, by=None))
    assert (replay.same, replay.changed) == (3, 0)


def test_one_replay_at_once_and_what_is_canceled_stops(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    with pytest.raises(ReplayRunsError):
        start(deployment, size=50, days=7, by=None)
    cancel(replay, by=None)
    cancel(replay, by=None)
    assert work_on(replay.pk) is False
    assert run(replay).position == 0
    assert replay.canceled_at
    assert list(Entry.objects.filter(subject_type="replay").values_list("name", flat=True)) == [
        "replay.started",
        "replay.canceled",
    ]
    assert start(deployment, size=50, days=7, by=None).running


def test_a_step_taken_twice_counts_once(deployment, monkeypatch):
    monkeypatch.setattr(slices, "STEP", 1)
    save_draft(deployment, {})
    replay = start(deployment, size=50, days=7, by=None)
    goes_on = iter([True, True, False])
    assert work_on(replay.pk, lambda: next(goes_on)) is False
    replay.refresh_from_db()
    assert (replay.position, replay.running, replay.handed_at, replay.attempts) == (2, True, None, 0)
    assert replay in REPLAYS.due()
    old = Replay.objects.select_related("deployment").get()
    run(replay)
    redecider = slices.Redecider(slices._charter(old), slices.parse_configuration(slices._charter(old), {}))
    assert slices._step(old, redecider) is False
    assert (replay.same + replay.changed, replay.turns.count(), replay.done_at is not None) == (3, 2, True)


def test_a_changed_draft_makes_a_replay_stale(deployment):
    replay = run(start(deployment, size=50, days=7, by=None))
    assert not is_stale(replay, deployment)
    save_draft(deployment, {"persona": {"name": "Bo"}})
    assert is_stale(replay, deployment)


def test_only_the_newest_turns_of_the_period_up_to_the_size(deployment):
    old = Turn.objects.order_by("started_at").first()
    assert old
    Turn.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=3))
    of_a_day = run(start(deployment, size=50, days=1, by=None))
    assert str(old.pk) not in of_a_day.sample
    assert of_a_day.total == 2
    assert run(start(deployment, size=2, days=0, by=None)).total == 2


def test_what_was_tried_in_the_playground_is_not_replayed(deployment):
    tried = Turn.objects.order_by("started_at").first()
    assert tried
    Trial.objects.create(turn=tried, of_draft=True, settings={}, settings_digest="sha256:")
    replay = run(start(deployment, size=50, days=7, by=None))
    assert (replay.total, str(tried.pk) in replay.sample) == (2, False)


def test_one_unreadable_turn_takes_no_other_along(deployment):
    Turn.objects.filter(pk=Turn.objects.order_by("started_at").first().pk).update(decision={"outcome": "answer"})
    replay = run(start(deployment, size=50, days=7, by=None))
    assert (replay.unreadable, replay.position) == (1, 3)


def test_a_failure_is_noted_and_tried_again(deployment, monkeypatch):
    replay = start(deployment, size=50, days=7, by=None)
    monkeypatch.setattr(slices, "choose", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work_on(replay.pk)
    replay.refresh_from_db()
    assert replay.error.startswith("ZeroDivisionError")
    assert replay.running


def test_old_replays_are_forgotten(deployment):
    for _ in range(KEPT + 2):
        cancel(start(deployment, size=50, days=7, by=None), by=None)
    assert Replay.objects.count() == KEPT


@pytest.mark.usefixtures("working")
def test_relay_and_worker_do_it(deployment):
    replay = start(deployment, size=50, days=7, by=None)
    until(lambda: not Replay.objects.get(pk=replay.pk).running, LONG)
    assert Replay.objects.get(pk=replay.pk).position == 3
