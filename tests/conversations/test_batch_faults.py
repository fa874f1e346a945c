"""Batches while things go wrong: workers killed, the broker away, keys revoked, deployments paused. Nothing is lost,
and nothing done twice."""

import time
from collections import Counter
from collections.abc import Iterator

import anthropic
import pytest

from audit.log.models import Entry
from audit.oversight.pauses import lift, place
from conversations.batches.handing import hand_over_pieces
from conversations.models import Batch, BatchItem, BatchPiece, Turn
from operators.keys import revoke_key
from operators.models import Account, Key
from operators.publishing import publish
from tests.support.batches import (
    asking,
    ended,
    kill_group,
    make,
    relay,
    results,
    surroundings,
    worker,
    workers,
)
from tests.support.proxy import Proxy, database_proxy
from tests.support.queue import broker_target, broker_through
from tests.support.waiting import until

LONG = 120
"""Seconds; what is waited for comes much earlier on a machine with time to spare."""


@pytest.fixture
def steward(transactional_db: None) -> Account:
    return Account.objects.create_user("steward@example.com", is_steward=True)


@pytest.fixture
def around(model, clean_queue) -> dict[str, str]:
    return surroundings(model.url)


@pytest.fixture
def working(around, log_file) -> Iterator[None]:
    with workers(log_file, around):
        yield


def settled() -> int:
    return BatchItem.objects.exclude(outcome="").count()


def asked(model) -> Counter[str]:
    """How often the model was asked each text."""
    return Counter(received.text for received in model.requests)


def test_a_worker_killed_in_mid_batch_loses_nothing_and_does_nothing_twice(client, model, around, log_file):
    quick = [f"[[say:{number}]] quick" for number in range(30)]
    slow = [f"[[say:{number}]][[stall:3]] slow" for number in range(8)]
    batch = make(client, *quick, *slow)
    with relay(log_file, around):
        with worker(log_file, around) as killed:
            until(lambda: settled() >= 30 and sum(text.endswith("slow") for text in asked(model)) == 8, LONG)
            kill_group(killed)
        before = set(Turn.objects.values_list("id", flat=True))
        assert len(before) == settled()
        with worker(log_file, around):
            batch = ended(client, batch, LONG)
    assert batch.request_counts.succeeded == 38
    found = results(client, batch)
    assert {name: one.message.content[0].text for name, one in found.items()} == {
        **{f"r-{number}": str(number) for number in range(30)},
        **{f"r-{30 + number}": str(number) for number in range(8)},
    }
    # Each result is one recorded turn, those from before the kill among them; only what was under way was asked again.
    assert Turn.objects.count() == Entry.objects.filter(name="turn.recorded").count() == 38
    assert before < set(BatchItem.objects.values_list("turn_id", flat=True))
    again = asked(model)
    assert {again[text] for text in quick} == {1}
    assert {again[text] for text in slow} == {2}


def test_a_request_that_kills_its_worker_each_time_is_given_up(client, around, log_file):
    batch = make(client, "hello")
    BatchItem.objects.update(attempts=2)  # as many as it has here
    with workers(log_file, around):
        batch = ended(client, batch)
    assert results(client, batch)["r-0"].error.error.type == "api_error"
    assert not Turn.objects.exists()


def test_a_worker_that_lost_its_claim_unawares_records_nothing(client, model, around, log_file):
    batch = make(client, "[[stall:3]] hello")
    with workers(log_file, around):
        until(lambda: len(model.requests) == 1, LONG)
        # As another would, who found the lease run out.
        BatchItem.objects.update(claim="00000000-0000-0000-0000-000000000001")
        batch = ended(client, batch)
    assert len(model.requests) == 2
    assert Turn.objects.count() == 1
    assert results(client, batch)["r-0"].message.plumbline["turn"] == str(Turn.objects.get().id)


def test_with_the_broker_down_batches_wait_and_none_is_lost(client, model, clean_queue, log_file):
    with Proxy(broker_target()) as proxy:
        proxy.cut()
        with workers(log_file, surroundings(model.url, broker_through(proxy))):
            batch = make(client, "hello", "hello again")
            canceled = make(client, "not this one")
            client.messages.batches.cancel(canceled.id)
            assert ended(client, canceled).request_counts.canceled == 1
            assert settled() == 1
            proxy.mend()
            assert ended(client, batch, LONG).request_counts.succeeded == 2


def test_with_the_database_away_from_the_worker_the_batch_goes_on_later(client, model, around, log_file):
    batch = make(client, *(f"[[stall:0.5]] {number}" for number in range(30)))
    with database_proxy() as (proxy, url), relay(log_file, around), worker(log_file, around | {"DATABASE_URL": url}):
        until(lambda: settled() >= 8, LONG)
        proxy.cut()
        time.sleep(3)
        assert settled() == Turn.objects.count() < 30
        proxy.mend()
        assert ended(client, batch, LONG).request_counts.succeeded == 30
    assert Turn.objects.filter(status="answered").count() == 30


def test_a_canceled_batch_lets_finish_what_is_under_way(client, model, around, log_file):
    batch = make(client, *(["[[stall:1.5]] hello"] * 30))
    with workers(log_file, around):
        until(lambda: len(model.requests) >= 8, LONG)
        client.messages.batches.cancel(batch.id)
        batch = ended(client, batch)
    counts = batch.request_counts
    assert counts.succeeded == len(model.requests) == Turn.objects.count()
    assert counts.succeeded + counts.canceled == 30
    assert counts.canceled > 0


def test_a_paused_deployment_makes_no_batch_and_its_batches_wait(web, new_key, model, working, steward):
    deployment, key = new_key()
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        batch = make(client, *(f"[[stall:0.5]] {number}" for number in range(80)))
        until(lambda: settled() >= 8, LONG)
        pause = place("deployment", deployment.pk, reason="Looking into complaints", by=steward)
        time.sleep(1)  # within which it takes hold
        until(lambda: not BatchItem.objects.exclude(claim=None).exists(), LONG)
        held = settled(), len(model.requests)
        assert held[0] < 80
        with pytest.raises(anthropic.PermissionDeniedError, match="Looking into complaints"):
            make(client, "hello")
        time.sleep(1)
        assert (settled(), len(model.requests)) == held
        assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
        lift(pause, by=steward)
        assert ended(client, batch, LONG).request_counts.succeeded == 80


def test_a_key_revoked_meanwhile_answers_no_more(web, new_key, model, working, steward):
    deployment, key = new_key()
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        batch = make(client, *(f"[[stall:0.5]] {number}" for number in range(80)))
        until(lambda: settled() >= 8, LONG)
        revoke_key(Key.objects.get(deployment=deployment), by=steward)
        until(lambda: Batch.objects.exclude(ended_at=None).exists(), LONG)
    done = Batch.objects.get()
    assert str(done) == batch.id
    assert done.succeeded == len(model.requests) < 80
    assert done.errored == 80 - done.succeeded
    error = BatchItem.objects.filter(outcome="errored").first().result["error"]["error"]
    assert error == {"type": "authentication_error", "message": "this key was revoked"}


def test_the_configuration_that_is_live_at_a_turn_s_time_counts(web, new_key, model, around, log_file):
    deployment, key = new_key({"instructions": "Speak like a pirate."})
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        batch = make(client, "hello")
        live = publish(deployment, {"instructions": "Speak like a poet."}, by=None)
        with workers(log_file, around):
            ended(client, batch)
            publish(deployment, {"instructions": "Speak like a judge."}, by=None)
            time.sleep(1)
            ended(client, make(client, "hello"))
    systems = ["\n".join(block["text"] for block in received.body["system"]) for received in model.requests]
    assert "poet" in systems[0]
    assert "judge" in systems[1]
    assert Turn.objects.order_by("started_at").first().configuration_id == live.pk


def test_deployments_take_turns_and_no_piece_is_handed_over_twice(web, new_key, clean_queue, settings):
    settings.BATCH_PIECES_AT_ONCE = 2
    first, second = new_key()[1], new_key()[1]
    with (
        anthropic.Anthropic(base_url=web, api_key=first, max_retries=0) as large,
        anthropic.Anthropic(base_url=web, api_key=second, max_retries=0) as small,
    ):
        big = make(large, *(["hello"] * 400))
        little = make(small, "hello")
    assert hand_over_pieces() == 2
    assert handed(big) == [0]
    assert handed(little) == [0]
    assert hand_over_pieces() == 0
    BatchPiece.objects.exclude(handed_at=None).update(done_at="2026-01-01T00:00:00Z")
    assert hand_over_pieces() == 2
    assert handed(big) == [0, 1, 2]


def handed(batch) -> list[int]:
    found = BatchPiece.objects.filter(batch=batch.id.removeprefix("msgbatch_")).exclude(handed_at=None)
    return list(found.order_by("number").values_list("number", flat=True))


def test_what_comes_after_the_batch_s_end_is_not_waited_for(client, model, around, log_file):
    batch = client.messages.batches.create(
        requests=[{"custom_id": "late", "params": asking("[[status:529]][[retry-after:90000]]")}]
    )
    with workers(log_file, around):
        batch = ended(client, batch)
    assert results(client, batch)["late"].error.error.type == "overloaded_error"
    assert len(model.requests) == 1


def test_a_worker_told_to_stop_begins_nothing_more(client, model, around, log_file):
    batch = make(client, *(["[[stall:1]] hello"] * 60))
    with relay(log_file, around):
        with worker(log_file, around) as stopped:
            until(lambda: len(model.requests) >= 8, LONG)
            stopped.terminate()
            stopped.wait(LONG)
            assert len(model.requests) == settled() < 60
        with worker(log_file, around):
            assert ended(client, batch, LONG).request_counts.succeeded == 60
    assert len(model.requests) == Turn.objects.count() == 60
