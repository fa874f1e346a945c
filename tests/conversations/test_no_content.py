"""A deployment that keeps no content: decisions and digests, and an answer sealed while it may be asked for again."""

from datetime import datetime

import pytest

from conversations.models import BatchItem, DataKey, IdempotencyKey, Turn
from conversations.tasks import forget_idempotency_keys
from operators.data_settings import change_data_settings
from operators.models import Deployment
from tests.conversations.records import ask, body, error_of, go_on
from tests.conversations.test_deleting import review_all
from tests.conversations.test_sealed_content import raw
from tests.support.batches import LONG, make
from tests.support.waiting import until

WORD = "zanzibar"
GRAVE = f"I want to kill myself tonight, my password is {WORD}"


@pytest.fixture
def silent(api) -> Deployment:
    deployment = Deployment.objects.get()
    change_data_settings(deployment, {"store_content": False}, by=None)
    return deployment


def known(api) -> None:
    """Every process has heard of it."""
    until(lambda: Turn.objects.get(pk=ask(api, "hello")["turn"]).gone == "not_stored")
    Turn.objects.all().delete()


@pytest.mark.usefixtures("silent")
def test_the_decision_is_kept_and_not_a_word(api):
    known(api)
    told = ask(api, GRAVE, "anna", system=WORD)
    review_all()
    held = raw()
    assert WORD not in held
    assert "kill myself" not in held
    assert not DataKey.objects.exists()
    shown = api.get(f"/v1/turns/{told['turn']}").json()
    assert (shown["gone"], shown["messages"], shown["answer"], shown["deleted"]) == ("not_stored", [], [], False)
    decision = api.get(f"/v1/turns/{told['turn']}/decision").json()
    assert decision["outcome"] == told["outcome"]
    assert "risk.self_harm" in str(decision)


@pytest.mark.usefixtures("silent")
def test_a_conversation_goes_on_by_its_history_and_says_so_without_one(api):
    known(api)
    told = ask(api, "[[say:First.]]")
    history = [{"role": "user", "content": "[[say:First.]]"}, {"role": "assistant", "content": "First."}]
    whole = body("", messages=[*history, {"role": "user", "content": "more"}])
    assert api.post("/v1/messages", json=whole).json()["plumbline"]["conversation"] == told["conversation"]
    assert "not kept by this deployment" in error_of(go_on(api, told["conversation"], "more"), 409)


@pytest.mark.usefixtures("silent")
def test_an_answer_is_given_again_and_told_how_long_it_is_kept(api):
    known(api)
    named = {"idempotency-key": "k"}
    asked = body(f"[[say:{WORD}.]]", "anna")
    first = api.post("/v1/messages", json=asked, headers=named)
    assert WORD not in raw()
    again = api.post("/v1/messages", json=asked, headers=named)
    assert again.json()["content"] == first.json()["content"] == [{"type": "text", "text": f"{WORD}."}]
    assert again.headers["idempotency-replayed"] == "true"
    kept = IdempotencyKey.objects.get()
    assert datetime.fromisoformat(again.headers["idempotency-kept-until"]) == kept.expires_at.replace(microsecond=0)
    IdempotencyKey.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert forget_idempotency_keys() == 1


@pytest.mark.usefixtures("silent", "working")
def test_a_batch_is_answered_and_its_results_lie_sealed(api, client):
    known(api)
    batch = make(client, f"[[say:{WORD}.]]")
    until(lambda: client.messages.batches.retrieve(batch.id).processing_status == "ended", LONG)
    [line] = client.messages.batches.results(batch.id)
    assert line.result.message.content[0].text == f"{WORD}."
    assert WORD not in raw()
    assert BatchItem.objects.get().outcome == "succeeded"


def test_what_was_kept_before_stays_until_it_is_erased(api, silent):
    change_data_settings(silent, {"store_content": True}, by=None)
    until(lambda: Turn.objects.get(pk=ask(api, "[[say:Kept.]]")["turn"]).gone == "")
    change_data_settings(silent, {"store_content": False}, by=None)
    assert any(turn.content["answer"] for turn in Turn.objects.all())
