"""Batches under way when something is decided about them: canceled, paused, their key revoked."""

import time

import anthropic
import pytest

from audit.oversight.pauses import lift, place
from conversations.models import Batch, BatchItem, Turn
from operators.keys import revoke_key
from operators.models import Account, Key
from tests.conversations.catalogue import model as catalogue_model
from tests.support.batches import LONG, asking, ended, make, opened_result, results, settled
from tests.support.waiting import until


@pytest.fixture
def steward(transactional_db: None) -> Account:
    return Account.objects.create_user("steward@example.com", is_steward=True)


def test_a_canceled_batch_lets_finish_what_is_under_way(client, model, working):
    batch = make(client, *(["[[stall:1.5]] hello"] * 30))
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


def test_what_asks_for_a_paused_model_waits_and_the_rest_goes_on(web, new_key, model, working, steward):
    catalogue_model("small", {None: "claude-mock-small-1"})
    _, key = new_key()
    pause = place("model", "small", reason="It says odd things", by=steward)
    time.sleep(1)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
        requests = [{"custom_id": name, "params": {"model": name, **asked}} for name in ("small", "default")]
        batch = client.messages.batches.create(requests=requests)
        until(lambda: settled() == 1, LONG)
        time.sleep(1)
        assert settled() == 1
        lift(pause, by=steward)
        assert ended(client, batch, LONG).request_counts.succeeded == 2


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
    error = opened_result(BatchItem.objects.filter(outcome="errored").first())["error"]["error"]
    assert error == {"type": "authentication_error", "message": "this key was revoked"}


def test_what_comes_after_the_batch_s_end_is_not_waited_for(client, model, working):
    batch = client.messages.batches.create(
        requests=[{"custom_id": "late", "params": asking("[[status:529]][[retry-after:90000]]")}]
    )
    batch = ended(client, batch)
    assert results(client, batch)["late"].error.error.type == "overloaded_error"
    assert len(model.requests) == 1
