"""Batches while things go wrong: workers killed, the broker or the database away. Nothing is lost, and nothing done
twice."""

import time
from collections import Counter

import anthropic
import pytest

from audit.log.models import Entry
from conversations.batches.handing import hand_over_pieces
from conversations.models import BatchItem, BatchPiece, Turn
from operators.publishing import publish
from tests.support.batches import (
    LONG,
    ended,
    kill_group,
    make,
    relay,
    results,
    settled,
    surroundings,
    worker,
    workers,
)
from tests.support.broker import broker_target, broker_through
from tests.support.proxy import Proxy, database_proxy
from tests.support.waiting import until


@pytest.fixture
def around(model, clean_queue) -> dict[str, str]:
    return surroundings(model.url)


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
