"""Idempotency-Key: the same key and body within a day gives the same turn, once, whoever asks and wherever."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import anthropic
import httpx2
import pytest
from django.db.models import F

from conversations.models import IdempotencyKey, Turn
from conversations.replay import events
from conversations.tasks import forget_idempotency_keys
from operators.keys import create_key
from tests.conversations.limited import QUESTION, ask, limit
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.waiting import until

ASKED: dict[str, Any] = {"model": "default", "max_tokens": 50, "messages": [QUESTION]}


@pytest.fixture
def named() -> dict[str, str]:
    """The header, with a key of this test's own."""
    return {"idempotency-key": f"order-{uuid4()}"}


def test_the_same_key_and_body_give_the_same_turn_once(web, key, model, named):
    first, second = (ask(web, key, "[[say:Once only.]]", headers=named) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    for name in ("plumbline-turn", "plumbline-conversation", "plumbline-outcome", "plumbline-tier"):
        assert first.headers[name] == second.headers[name]
    assert "anthropic-ratelimit-requests-remaining" in second.headers
    assert Turn.objects.count() == len(model.requests) == 1


def test_without_the_header_nothing_is_remembered(web, key):
    assert ask(web, key).json()["plumbline"]["turn"] != ask(web, key).json()["plumbline"]["turn"]
    assert not IdempotencyKey.objects.exists()


def test_the_official_client_sends_one_that_its_user_names_and_none_by_itself(client, model, named):
    with_key = [client.messages.create(**ASKED, extra_headers=named) for _ in range(2)]
    assert with_key[0] == with_key[1]
    without = [client.messages.create(**ASKED) for _ in range(2)]
    assert without[0].plumbline != without[1].plumbline
    assert IdempotencyKey.objects.count() == 1
    assert "idempotency-key" not in model.requests[0].headers


def test_a_repeated_stream_is_a_valid_stream_of_the_same_answer(client, model, named):
    asked = ASKED | {"tools": [{"name": "look", "input_schema": {"type": "object", "properties": {}}}]}
    asked["messages"] = [{"role": "user", "content": '[[thinking]][[say:Two. Words.]][[tool:look:{"at":["é",1.5]}]]'}]
    finals, kinds = [], []
    for _ in range(2):
        with client.messages.stream(**asked, extra_headers=named) as stream:
            kinds.append([event.type for event in stream])
            finals.append(stream.get_final_message())
    assert finals[0].to_dict() == finals[1].to_dict()
    assert [block.type for block in finals[1].content] == ["thinking", "text", "tool_use"]
    assert kinds[1][0] == "message_start"
    assert kinds[1][-1] == "message_stop"
    assert Turn.objects.count() == len(model.requests) == 1


def test_our_own_words_are_repeated_too(web, coding_client, named):
    asked = ASKED | {"messages": [{"role": "user", "content": "Give me a good recipe for lasagne"}]}
    answers = [coding_client.messages.create(**asked, extra_headers=named) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[1].plumbline["outcome"] == "redirect"
    assert Turn.objects.count() == 1


@pytest.fixture
def webs(web: str, second_web: str) -> tuple[str, str]:
    return web, second_web


@pytest.mark.parametrize("stream", [False, True])
def test_at_once_and_in_two_processes_it_is_answered_once(webs, key, model, named, stream):
    text = "[[stall:0.5]][[say:Once only.]]"
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(ask, webs[number % 2], key, text, headers=named, stream=stream) for number in range(12)]
        answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["plumbline-turn"] for answer in answers}) == 1
    assert all("Once only." in answer.text.replace('"}}\n\nevent: content_block_delta', "") for answer in answers)
    assert Turn.objects.count() == len(model.requests) == 1


@pytest.mark.parametrize(
    "other", [{"max_tokens": 51}, {"stream": True}, {"plumbline": {"user_adjustments": {"profanity": True}}}]
)
def test_another_body_under_the_same_key_is_a_409_that_is_not_tried_again(web, key, named, other):
    first = ask(web, key, headers=named)
    refused = ask(web, key, headers=named, **other)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["type"] == "conflict_error"
    assert error["message"].startswith("idempotency-key: ")
    assert refused.headers["x-should-retry"] == "false"
    assert ask(web, key, headers=named).json() == first.json()
    assert Turn.objects.count() == 1


def test_another_conversation_in_the_header_is_another_request(web, key, named):
    first = ask(web, key, headers=named)
    more = named | {"plumbline-conversation": first.headers["plumbline-conversation"]}
    assert ask(web, key, headers=more).status_code == 409


def test_the_order_of_a_bodys_fields_does_not_matter(web, key, named):
    answers = [
        httpx2.post(f"{web}/v1/messages", json=body, headers={"x-api-key": key, **named})
        for body in (ASKED, dict(reversed(ASKED.items())))
    ]
    assert answers[0].json() == answers[1].json()


def test_a_key_belongs_to_its_deployment(web, new_key, named):
    deployment, key = new_key()
    _, sibling = create_key(deployment, "sibling", by=None)
    _, stranger = new_key()
    first = ask(web, key, headers=named)
    assert ask(web, sibling, headers=named).json() == first.json()
    assert ask(web, stranger, headers=named).json()["plumbline"]["turn"] != first.json()["plumbline"]["turn"]


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\tb"])
def test_a_malformed_key_is_a_400_that_names_the_header(web, key, bad):
    refused = ask(web, key, headers={"idempotency-key": bad})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("idempotency-key: ")
    assert not Turn.objects.exists()


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_does_not_burn_the_key(web, new_key, model, named, stream):
    deployment, key = new_key()
    limit(deployment, requests=0)
    until(lambda: ask(web, key, headers=named, stream=stream).status_code == 429)
    limit(deployment, requests=None)
    until(lambda: ask(web, key, headers={}).status_code == 200)
    model.script("fails first", "[[status:500*3]][[say:At last.]]")
    assert ask(web, key, "fails first", headers=named, stream=stream).status_code == 500
    answer = ask(web, key, "fails first", headers=named, stream=stream)
    assert answer.status_code == 200
    assert (
        ask(web, key, "fails first", headers=named, stream=stream).headers["plumbline-turn"]
        == (answer.headers["plumbline-turn"])
    )


def test_a_stream_that_fails_in_the_middle_does_not_burn_the_key(web, key, named):
    broken = ask(web, key, "[[error-mid]]", headers=named, stream=True)
    assert "overloaded_error" in broken.text
    until(lambda: not IdempotencyKey.objects.exists())
    assert Turn.objects.get().status == "upstream_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_hangs_up_comes_back_for_the_answer(web, key, model, named, stream):
    body = ASKED | {"messages": [{"role": "user", "content": "[[stall-mid:2]][[say:It took a while.]]"}]}
    body["stream"] = stream
    with suppress(httpx2.TimeoutException):
        httpx2.post(f"{web}/v1/messages", json=body, headers={"x-api-key": key, **named}, timeout=0.7)
    answer = httpx2.post(f"{web}/v1/messages", json=body, headers={"x-api-key": key, **named}, timeout=20)
    assert answer.status_code == 200
    assert answer.headers["idempotency-replayed"] == "true"
    assert Turn.objects.get().status == "answered"
    assert len(model.requests) == 1
    assert not model.hangups


def test_the_wait_for_the_first_is_bounded(transactional_db, key, model, named, log_file: Path):
    environment = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_IDEMPOTENCY_WAIT_SECONDS": "0.5"}
    with serve(free_port(), environment, log_file) as web, ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, web, key, "[[stall:5]] slow", headers=named)
        until(IdempotencyKey.objects.exists)
        second = ask(web, key, "[[stall:5]] slow", headers=named)
        assert (second.status_code, second.headers["retry-after"]) == (409, "5")
        assert "still being answered" in second.json()["error"]["message"]
        assert first.result().status_code == 200


def test_after_a_crash_a_retry_runs_when_the_lease_has_ended(web, key, model, named, log_file: Path):
    environment = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_LEASE_SECONDS": "2"}
    with serve(free_port(), environment, log_file) as doomed:
        pid = int(log_file.read_text().partition("server process [")[2].partition("]")[0])

        def lost() -> None:
            with suppress(httpx2.HTTPError):
                ask(doomed, key, "[[stall:8]] slow", headers=named)

        first = threading.Thread(target=lost, daemon=True)
        first.start()
        until(IdempotencyKey.objects.exists)
        time.sleep(3)
        # It is renewed for as long as the process lives.
        assert IdempotencyKey.objects.filter(lease_until__gt=F("expires_at") - timedelta(days=1)).exists()
        os.kill(pid, signal.SIGKILL)
        first.join(10)
    model.script("slow", "[[say:In the end.]]")
    assert ask(web, key, "[[stall:8]] slow", headers=named).status_code == 200
    assert Turn.objects.count() == 1


def test_an_attempt_that_lost_its_key_records_nothing(web, key, named):
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, web, key, "[[stall:1]] slow", headers=named)
        until(IdempotencyKey.objects.exists)
        IdempotencyKey.objects.update(owner=uuid4())
        assert first.result().status_code == 409
        assert first.result().headers["retry-after"] == "1"
    assert not Turn.objects.exists()


def test_nothing_of_the_content_is_kept_and_a_deleted_turn_is_not_answered_anew(web, key, named):
    ask(web, key, "[[say:A secret word.]]", headers=named)
    kept = IdempotencyKey.objects.get()
    assert b"secret" not in bytes(kept.envelope)
    assert b"message" not in bytes(kept.envelope)  # it is sealed
    Turn.objects.all().delete()
    gone = ask(web, key, "[[say:A secret word.]]", headers=named)
    assert gone.status_code == 409
    assert "erased" in gone.json()["error"]["message"]


def test_after_a_day_a_key_is_free_and_forgotten(web, key, named):
    ask(web, key, headers=named)
    assert forget_idempotency_keys() == 0
    IdempotencyKey.objects.update(expires_at=F("expires_at") - timedelta(days=1, seconds=1))
    assert ask(web, key, "another", headers=named).status_code == 200
    assert Turn.objects.count() == 2
    IdempotencyKey.objects.update(expires_at=F("expires_at") - timedelta(days=1, seconds=1))
    assert forget_idempotency_keys() == 1


def test_an_answer_given_again_takes_requests_and_no_tokens(web, new_key, named):
    deployment, key = new_key()
    ask(web, key, headers=named)
    limit(deployment, requests=2, month_tokens=1)
    until(lambda: ask(web, key).status_code == 429)
    assert ask(web, key, headers=named).status_code == 200
    assert ask(web, key, headers=named).status_code == 200
    assert ask(web, key, headers=named).status_code == 429


def test_a_stream_made_of_a_record_holds_every_kind_of_block():
    cited = {"type": "char_location", "cited_text": "x"}
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eHl6"},
        {"type": "text", "text": "Said.", "citations": [cited]},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        {"type": "text", "text": ""},
    ]
    made = list(events({"id": "msg_1", "role": "assistant", "content": blocks, "usage": {"output_tokens": 3}}))
    assert [event.name for event in made[:2]] == ["message_start", "content_block_start"]
    assert [event.name for event in made[-2:]] == ["message_delta", "message_stop"]
    starts = [event.data["content_block"] for event in made if event.name == "content_block_start"]
    assert [start["type"] for start in starts] == [block["type"] for block in blocks]
    assert starts[1] == blocks[1]
    assert starts[4] == blocks[4]
    assert starts[3]["input"] == {}
    deltas = [event.data["delta"] for event in made if event.name == "content_block_delta"]
    assert {"type": "citations_delta", "citation": cited} in deltas
    assert {"type": "signature_delta", "signature": "c2ln"} in deltas


def test_a_client_that_tries_again_by_itself_is_answered_once(web, key, model, named):
    """A proxy cuts the first answer off; the official client's own retry carries the same key."""
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=2, timeout=1.5) as client:
        asked = ASKED | {"messages": [{"role": "user", "content": "[[stall:2.5]][[say:Late, but once.]]"}]}
        answer = client.messages.create(**asked, extra_headers=named)
    assert answer.content[0].text == "Late, but once."
    assert Turn.objects.count() == len(model.requests) == 1
