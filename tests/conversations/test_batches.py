"""/v1/messages/batches with the official client and a real worker: every request is a turn, and has its result."""

import anthropic
import httpx2

from audit.log.models import Entry
from conversations.models import BatchItem, Job, Turn
from tests.conftest import CODING
from tests.support.batches import asking, ended, make, results

NONE = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}


def test_a_batch_is_answered_by_recorded_turns(client, working):
    batch = make(client, "[[say:One.]]", "[[say:Two.]]", "[[say:Three.]]")
    assert batch.processing_status == "in_progress"
    assert batch.results_url is None
    assert (batch.expires_at - batch.created_at).total_seconds() == 24 * 3600
    assert batch.request_counts.to_dict() == {
        "processing": 3,
        "succeeded": 0,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    batch = ended(client, batch)
    assert batch.request_counts.to_dict() == {
        "processing": 0,
        "succeeded": 3,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert batch.ended_at >= batch.created_at
    found = results(client, batch)
    assert {name: one.message.content[0].text for name, one in found.items()} == {
        "r-0": "One.",
        "r-1": "Two.",
        "r-2": "Three.",
    }
    for one in found.values():
        turn = Turn.objects.get(pk=one.message.plumbline["turn"])
        assert turn.status == "answered"
        assert turn.content["answer"][0]["text"] == one.message.content[0].text
        assert Entry.objects.filter(pk=turn.entry_id, name="turn.recorded", subject_id=str(turn.id)).exists()
        assert set(Job.objects.filter(turn=turn).values_list("kind", flat=True)) == {"audit", "wellbeing"}
    assert Turn.objects.count() == 3
    assert set(BatchItem.objects.values_list("turn_id", flat=True)) == set(Turn.objects.values_list("id", flat=True))


def test_results_are_lines_of_json_at_an_absolute_address(client, working, web, key):
    batch = ended(client, make(client, "[[say:One.]]"))
    assert batch.results_url == f"{web}/v1/messages/batches/{batch.id}/results"
    response = httpx2.get(batch.results_url, headers={"x-api-key": key})
    assert response.headers["content-type"] == "application/x-jsonl"
    assert response.text.endswith("}\n")
    assert response.text.count("\n") == 1


def test_each_request_gets_what_its_turn_decides(web, new_key, working):
    with anthropic.Anthropic(base_url=web, api_key=new_key(CODING)[1], max_retries=0) as client:
        batch = make(client, "How do I reverse a list in Python?", "What is a good recipe for lasagna?")
        found = results(client, ended(client, batch))
    assert found["r-0"].message.plumbline["outcome"] == "answer"
    assert found["r-1"].message.plumbline["outcome"] == "redirect"
    assert found["r-1"].message.usage.output_tokens == 0
    assert set(Turn.objects.values_list("status", flat=True)) == {"answered", "own_words"}


def test_what_the_app_sends_reaches_the_model_and_the_decision(client, working, model):
    params = asking("hello there", system="Call everyone Captain.", temperature=0.25, stream=False)
    params |= {"metadata": {"user_id": "u-7"}, "plumbline": {"user_adjustments": {}}}
    batch = client.beta.messages.batches.create(requests=[{"custom_id": "a", "params": params}], betas=["some-beta-1"])
    ended(client, batch)
    (sent,) = model.requests
    assert sent.body["temperature"] == 0.25
    assert "plumbline" not in sent.body
    assert "Call everyone Captain." in "\n".join(block["text"] for block in sent.body["system"])
    assert sent.headers["anthropic-beta"] == "some-beta-1"
    assert Turn.objects.get().conversation.user_ref == "u-7"


def test_requests_that_cannot_be_turns_are_errored_in_shape(client, working):
    requests = [
        {"custom_id": "none", "params": asking("hello", model="no-such-model")},
        {"custom_id": "fine", "params": asking("hello")},
        {"custom_id": "refused", "params": asking("[[status:400]]")},
    ]
    batch = ended(client, client.messages.batches.create(requests=requests))
    found = results(client, batch)
    assert found["none"].type == "errored"
    assert found["none"].error.error.type == "not_found_error"
    assert found["none"].error.error.message == "model: no-such-model"
    assert found["none"].error.request_id.startswith("req_")
    assert found["refused"].error.error.type == "invalid_request_error"
    assert found["fine"].type == "succeeded"
    assert batch.request_counts.errored == 2
    assert batch.request_counts.succeeded == 1
    # What the model refused was a turn all the same.
    assert sorted(Turn.objects.values_list("status", flat=True)) == ["answered", "upstream_error"]


def test_an_overload_is_waited_for(client, working, model):
    batch = ended(client, make(client, "[[status:529*4]][[retry-after:0]]"))
    assert results(client, batch)["r-0"].type == "succeeded"
    assert len(model.requests) == 5
    assert sorted(Turn.objects.values_list("status", flat=True)) == ["answered", "upstream_error"]


def test_an_overload_without_end_is_errored_in_shape(client, working):
    batch = ended(client, make(client, "[[status:529]][[retry-after:0]]", "hello"))
    found = results(client, batch)
    assert found["r-0"].error.error.type == "overloaded_error"
    assert found["r-1"].type == "succeeded"
    assert Turn.objects.filter(status="upstream_error").count() == 2


def test_history_in_a_request_goes_on_with_its_conversation(client, working):
    first = client.messages.create(**asking("[[say:Hello!]]"))
    said = [
        {"role": "user", "content": "[[say:Hello!]]"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "and now?"},
    ]
    batch = client.messages.batches.create(
        requests=[{"custom_id": "on", "params": {"model": "default", "max_tokens": 9, "messages": said}}]
    )
    found = results(client, ended(client, batch))
    assert found["on"].message.plumbline["conversation"] == first.plumbline["conversation"]


def test_many_requests_are_all_answered_once(client, working, model):
    batch = make(client, *(f"[[say:{number}]] please" for number in range(250)))
    batch = ended(client, batch)
    found = results(client, batch)
    assert {name: one.message.content[0].text for name, one in found.items()} == {
        f"r-{number}": str(number) for number in range(250)
    }
    assert len(model.requests) == Turn.objects.count() == 250
