"""A turn's receipt: told with the answer, and proof, once a checkpoint covers it, that the turn is in the log."""

import base64
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import anthropic
import httpx2
import openai
import pytest
from django.db import connection

from audit.log.canonical import canonical
from audit.log.models import Entry
from audit.log.notes import open_checkpoint
from audit.log.tree import leaf_hash, verify_consistency, verify_inclusion
from conversations.models import Turn
from tests.audit.log.log_support import Log
from tests.conversations.limited import ask
from tests.support.waiting import until

ASKED = {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": "What is a monad?"}]}


@pytest.fixture
def log(transactional_db: None, tmp_path: Path, settings) -> Log:
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    return Log(tmp_path)


def sequenced(log: Log) -> None:
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()


def get(web: str, key: str, path: str, **query: object) -> httpx2.Response:
    return httpx2.get(f"{web}{path}", headers={"x-api-key": key}, params=query, timeout=20)


def test_an_answer_names_its_receipt_in_header_and_body(web, key):
    answer = ask(web, key)
    told = answer.json()["plumbline"]
    assert told["receipt"] == answer.headers["plumbline-receipt"]
    turn = Turn.objects.get()
    assert str(turn.entry_id) == told["receipt"]
    entry = Entry.objects.get(pk=told["receipt"])
    assert (entry.name, entry.subject_id) == ("turn.recorded", told["turn"])
    assert entry.detail["operator"] == str(turn.deployment.operator_id)


def test_a_stream_and_openais_clients_are_told_too(client, web, key):
    with client.messages.stream(**ASKED) as stream:
        streamed = stream.get_final_message().plumbline["receipt"]
    with openai.OpenAI(base_url=f"{web}/v1", api_key=key, max_retries=0) as other:
        raw = other.chat.completions.with_raw_response.create(model="default", messages=ASKED["messages"])
    translated = raw.parse().plumbline["receipt"]
    assert raw.headers["plumbline-receipt"] == translated
    assert {str(turn.entry_id) for turn in Turn.objects.all()} == {streamed, translated}


def test_an_answer_given_again_has_the_receipt_it_had(web, key):
    named = {"idempotency-key": f"order-{uuid4()}"}
    first, second = (ask(web, key, headers=named) for _ in range(2))
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["plumbline-receipt"] == second.headers["plumbline-receipt"]
    assert first.json() == second.json()


def test_a_turn_that_failed_has_a_receipt(web, key, log):
    failed = ask(web, key, "[[status:500]]")
    assert failed.status_code == 500
    sequenced(log)
    found = get(web, key, f"/v1/receipts/{failed.headers['plumbline-receipt']}").json()
    assert found["status"] == "included"
    assert found["entry"]["detail"]["status"] == "upstream_error"


def test_a_receipt_is_pending_and_then_proof(web, key, log):
    told = [ask(web, key).json()["plumbline"] for _ in range(3)][1]
    path = f"/v1/receipts/{told['receipt']}"
    pending = get(web, key, path)
    assert (pending.status_code, pending.headers["retry-after"]) == (202, "1")
    assert pending.json()["status"] == "pending"
    assert pending.json()["inclusion_proof"] is None
    sequenced(log)
    answer = get(web, key, path, wait=5)
    assert answer.status_code == 200
    found = answer.json()
    assert found["entry"] == pending.json()["entry"]
    head = open_checkpoint(found["checkpoint"], log.keys.verifiers, log.origin)
    proof = [base64.b64decode(step) for step in found["inclusion_proof"]]
    leaf = leaf_hash(canonical(found["entry"]))
    assert verify_inclusion(leaf, found["leaf_index"], head.size, proof, head.root)
    with connection.cursor() as cursor:
        cursor.execute("SELECT decision FROM conversations_turn WHERE id = %s", [told["turn"]])
        assert found["decision"] == f"sha256:{sha256(bytes(cursor.fetchone()[0])).hexdigest()}"


def test_an_act_of_the_deployment_has_a_receipt_as_well(web, key, log):
    conversation = ask(web, key).json()["plumbline"]["conversation"]
    httpx2.post(f"{web}/v1/conversations/{conversation}/end", headers={"x-api-key": key})
    entry = Entry.objects.get(name="conversation.ended")
    sequenced(log)
    assert get(web, key, f"/v1/receipts/{entry.pk}").json()["entry"]["subject"]["id"] == conversation


def test_another_deployments_receipt_is_not_there(web, key, new_key, log):
    receipt = ask(web, key).headers["plumbline-receipt"]
    _, other = new_key()
    for path in (f"/v1/receipts/{receipt}", f"/v1/receipts/{uuid4()}", "/v1/receipts/x", "/v1/receipts/%00"):
        refused = get(web, other, path)
        assert refused.status_code == 404, path
        assert refused.json()["error"]["message"].startswith("there is no receipt")


@pytest.mark.parametrize("wait", ["-1", "11", "x", "1.5", "9" * 50, "²"])
def test_a_wait_is_seconds_up_to_ten(web, key, wait):
    refused = get(web, key, f"/v1/receipts/{uuid4()}", wait=wait)
    assert refused.status_code == 400
    assert "wait" in refused.json()["error"]["message"]


def test_the_log_tells_its_newest_checkpoint_to_everyone(web, key, log):
    empty = httpx2.get(f"{web}/v1/log").json()
    assert empty == {"type": "log", "origin": "plumbline", "keys": [], "checkpoint": None}
    ask(web, key)
    sequenced(log)
    told = httpx2.get(f"{web}/v1/log").json()
    assert told["keys"] == [log.keys.signer.verifier.vkey]
    assert open_checkpoint(told["checkpoint"], log.keys.verifiers, "plumbline").size == Entry.objects.count()


def test_the_newest_checkpoint_is_proven_to_continue_an_older_one(web, key, log):
    ask(web, key)
    sequenced(log)
    old = open_checkpoint(httpx2.get(f"{web}/v1/log").json()["checkpoint"], log.keys.verifiers, "plumbline")
    for _ in range(3):
        ask(web, key)
    sequenced(log)
    told = httpx2.get(f"{web}/v1/log/consistency", params={"from": old.size}).json()
    new = open_checkpoint(told["checkpoint"], log.keys.verifiers, "plumbline")
    assert (told["from"], told["to"]) == (old.size, new.size)
    proof = [base64.b64decode(step) for step in told["proof"]]
    assert verify_consistency(old.size, new.size, proof, old.root, new.root)
    beyond = httpx2.get(f"{web}/v1/log/consistency", params={"from": new.size + 1})
    assert beyond.status_code == 404
    for wrong in ("", "0", "-1", "x", "9" * 19, "²"):
        assert httpx2.get(f"{web}/v1/log/consistency", params={"from": wrong}).status_code == 400, wrong


def test_a_batchs_results_name_their_receipts(web, key, working):
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": ASKED}])
        until(lambda: client.messages.batches.retrieve(batch.id).processing_status == "ended", 60)
        (result,) = client.messages.batches.results(batch.id)
    assert result.result.message.plumbline["receipt"] == str(Turn.objects.get().entry_id)
