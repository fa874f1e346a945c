"""POST /v1/conversations/{id}/end: what comes after is told that it has ended; care is never withheld."""

import json

import httpx2
import pytest

from audit.log.models import Entry
from charter import load_charter
from conversations.models import Conversation, Turn
from operators.keys import create_key
from tests.conversations.records import ask, at_once, body, error_of, go_on, running_turn

ENDED = load_charter().replies["end"]


def end(api, conversation):
    return api.post(f"/v1/conversations/{conversation}/end")


def text_of(response) -> str:
    assert response.status_code == 200, response.text
    return "".join(block["text"] for block in response.json()["content"])


def entries() -> int:
    return Entry.objects.filter(name="conversation.ended").count()


def test_further_turns_are_told_that_it_has_ended_without_the_model(api, model):
    told = ask(api, "hello")
    ended = end(api, told["conversation"]).json()
    assert ended["ended_at"] is not None
    assert (ended["ended_by"], ended["ended_because"]) == ("app", "The app ended the conversation.")
    assert ended == api.get(f"/v1/conversations/{told['conversation']}").json()
    asked = len(model.requests)
    answer = go_on(api, told["conversation"], "are you there?")
    assert (answer.json()["plumbline"]["outcome"], text_of(answer)) == ("end", ENDED)
    assert len(model.requests) == asked
    streamed = go_on(api, told["conversation"], "hello?", stream=True)
    pieces = [json.loads(line[5:]) for line in streamed.text.splitlines() if line.startswith("data:")]
    assert "".join(piece["delta"]["text"] for piece in pieces if piece["type"] == "content_block_delta") == ENDED
    entry = Entry.objects.get(name="conversation.ended")
    assert (entry.actor_type, entry.subject_id) == ("key", told["conversation"])


def test_a_client_that_sends_its_whole_history_is_told_too(api):
    told = ask(api, "[[say:First.]]")
    end(api, told["conversation"])
    history = [{"role": "user", "content": "[[say:First.]]"}, {"role": "assistant", "content": "First."}]
    answer = api.post("/v1/messages", json=body("", messages=[*history, {"role": "user", "content": "more"}]))
    assert answer.json()["plumbline"]["outcome"] == "end"
    assert answer.json()["plumbline"]["conversation"] == told["conversation"]


def test_ending_twice_changes_nothing(api):
    told = ask(api, "hello")
    first = end(api, told["conversation"]).json()
    assert end(api, told["conversation"]).json() == first
    assert entries() == 1


def test_ending_at_once_from_everywhere_is_one_act(api):
    told = ask(api, "hello")
    answers = at_once(*[lambda: end(api, told["conversation"])] * 6)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["ended_at"] for answer in answers}) == 1
    assert entries() == 1


def test_someone_at_risk_is_answered_after_the_end(api):
    earlier = ask(api, "I want to kill myself tonight")["conversation"]
    end(api, earlier)
    assert go_on(api, earlier, "and now?").json()["plumbline"]["outcome"] == "answer"
    now = ask(api, "hello")["conversation"]
    end(api, now)
    answer = go_on(api, now, "I want to kill myself tonight")
    assert answer.json()["plumbline"]["outcome"] == "answer"
    assert "988" in text_of(answer)


def test_a_stream_that_runs_goes_on_to_its_end_and_the_next_turn_is_told(api):
    told = ask(api, "hello")
    path = f"/v1/conversations/{told['conversation']}/turns"
    with running_turn(api, path, "[[say:One. Two. Three.]]") as events:
        assert end(api, told["conversation"]).status_code == 200
        assert [event["type"] for event in events][-2:] == ["message_delta", "message_stop"]
    assert Turn.objects.get(number=2).content["answer"][0]["text"] == "One. Two. Three."
    assert Conversation.objects.get().ended_at is not None
    assert go_on(api, told["conversation"], "more").json()["plumbline"]["outcome"] == "end"


def test_a_deleted_conversation_cannot_be_ended(api):
    told = ask(api, "hello")
    api.delete(f"/v1/conversations/{told['conversation']}")
    assert "deleted" in error_of(end(api, told["conversation"]), 404)
    assert entries() == 0


def test_a_key_for_the_record_alone_ends_nothing(api, web):
    told = ask(api, "hello")
    key = create_key(Conversation.objects.get().deployment, "archive", by=None, scopes=["records"])[1]
    response = httpx2.post(f"{web}/v1/conversations/{told['conversation']}/end", headers={"x-api-key": key})
    assert response.status_code == 403


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 1000, b'{"reason":"enough"}'])
def test_a_body_is_not_needed_and_not_read(api, content):
    told = ask(api, "hello")
    assert api.post(f"/v1/conversations/{told['conversation']}/end", content=content).status_code == 200
