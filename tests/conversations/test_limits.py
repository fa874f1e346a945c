"""Limits of a minute, and of streams at once: by key, deployment and operator, across processes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anthropic
import httpx2
import pytest

from conversations.models import Turn
from operators.keys import create_key
from tests.conversations.limited import QUESTION, ask, limit, subjects
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.waiting import until

NAMES = ("requests", "input-tokens", "output-tokens", "tokens")


def reading(answer: httpx2.Response, name: str, what: str = "remaining") -> int:
    return int(answer.headers[f"anthropic-ratelimit-{name}-{what}"])


@pytest.mark.parametrize("kind", ["key", "deployment", "operator"])
def test_over_its_requests_a_subject_is_told_so_by_name_and_when_to_come_back(web, new_key, kind):
    deployment, key = new_key()
    limit(subjects(deployment)[kind], requests=2)
    assert [ask(web, key).status_code for _ in range(2)] == [200, 200]
    refused = ask(web, key)
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["type"] == "rate_limit_error"
    assert f"this {kind}'s limit of 2 requests a minute" in error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert reading(refused, "requests", "limit") == 2
    assert reading(refused, "requests") == 0
    assert Turn.objects.count() == 2


def test_a_limit_of_one_key_does_not_touch_another(web, new_key):
    deployment, key = new_key()
    limit(deployment.keys.get(), requests=1)
    _, other = create_key(deployment, "other", by=None)
    assert ask(web, key).status_code == 200
    assert ask(web, key).status_code == 429
    assert ask(web, other).status_code == 200


def test_every_answer_tells_what_is_left_as_the_messages_api_does(web, new_key):
    _, key = new_key()
    for answer in (ask(web, key), ask(web, key, stream=True), ask(web, key, "[[status:400]]")):
        for name in NAMES:
            assert 0 < reading(answer, name) < reading(answer, name, "limit"), name
            reset = datetime.fromisoformat(answer.headers[f"anthropic-ratelimit-{name}-reset"])
            assert timedelta(seconds=-2) < reset - datetime.now(UTC) < timedelta(seconds=61)
        together = sum(reading(answer, name, "limit") for name in ("input-tokens", "output-tokens"))
        assert reading(answer, "tokens", "limit") == together


def test_the_headers_are_those_of_whoever_has_least_left(web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=50)
    limit(deployment.operator, requests=40)
    answer = ask(web, key)
    assert (reading(answer, "requests", "limit"), reading(answer, "requests")) == (40, 39)


def test_a_limit_changed_holds_within_a_second_and_nothing_is_an_open_gate(web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=0)
    until(lambda: ask(web, key).status_code == 429, 2)
    refused = ask(web, key)
    assert "limit of 0 requests a minute lets nothing through" in refused.json()["error"]["message"]
    assert refused.headers["x-should-retry"] == "false"
    limit(deployment, requests=None)
    until(lambda: ask(web, key).status_code == 200, 2)


def test_two_processes_admit_no_more_together_than_the_limit_however_many_ask_at_once(web, second_web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=10)
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, (web, second_web)[number % 2], key) for number in range(40)]
        codes = [one.result().status_code for one in asked]
    # The bucket fills by one in six seconds meanwhile.
    assert 10 <= codes.count(200) <= 12
    assert codes.count(200) + codes.count(429) == 40
    assert Turn.objects.count() == codes.count(200)


def test_input_tokens_are_limited_by_what_was_really_read(web, new_key):
    deployment, key = new_key()
    limit(deployment, input_tokens=600)
    assert ask(web, key).status_code == 200
    # The answer took more than the whole bucket; the debt is paid before anyone is let in.
    until(lambda: ask(web, key).status_code == 429)
    refused = ask(web, key)
    assert "this deployment's limit of 600 input tokens a minute" in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) > 5


def test_output_tokens_are_limited(web, new_key):
    deployment, key = new_key()
    limit(deployment, output_tokens=100)
    assert ask(web, key, max_tokens=90_000).status_code == 200
    refused = ask(web, key, max_tokens=90_000)
    assert refused.status_code == 429
    assert "this deployment's limit of 100 output tokens a minute" in refused.json()["error"]["message"]


def test_counting_tokens_is_held_to_requests_alone(web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=2, input_tokens=0, output_tokens=0, month_tokens=0)
    assert ask(web, key).status_code == 429
    url, body = f"{web}/v1/messages/count_tokens", {"model": "default", "messages": [QUESTION]}
    counts = [httpx2.post(url, json=body, headers={"x-api-key": key}) for _ in range(3)]
    assert [count.status_code for count in counts] == [200, 200, 429]
    assert reading(counts[0], "requests") == 1


def test_what_is_refused_before_it_is_a_turn_takes_nothing(web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=1)
    assert ask(web, key, model="unknown").status_code == 404
    assert ask(web, key, max_tokens=-1).status_code == 400
    assert ask(web, key).status_code == 200


@contextmanager
def running_stream(web: str, key: str, text: str) -> Iterator[Callable[[], None]]:
    """A stream that has begun; call what is yielded to read it to its end."""
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=60) as client:
        events = client.messages.create(
            model="default", max_tokens=50, stream=True, messages=[{"role": "user", "content": text}]
        )
        next(iter(events))
        yield lambda: [None for _ in events] and None
        events.close()


@pytest.mark.parametrize("kind", ["key", "deployment", "operator"])
def test_streams_at_once_are_limited_and_one_that_ends_makes_room(web, second_web, new_key, kind):
    deployment, key = new_key()
    limit(subjects(deployment)[kind], streams=1)
    with running_stream(web, key, "[[stall-mid:1]] slow") as finish:
        refused = ask(second_web, key, stream=True)
        assert refused.status_code == 429
        assert f"this {kind}'s limit of 1 streams at once" in refused.json()["error"]["message"]
        assert refused.headers["retry-after"] == "1"
        assert ask(second_web, key).status_code == 200
        finish()
    until(lambda: ask(second_web, key, stream=True).status_code == 200)


def test_a_stream_whose_caller_hangs_up_makes_room(web, new_key):
    deployment, key = new_key()
    limit(deployment, streams=1)
    with running_stream(web, key, "[[stall-mid:20]] slow"):
        assert ask(web, key, stream=True).status_code == 429
    until(lambda: ask(web, key, stream=True).status_code == 200)


def test_a_killed_process_does_not_keep_its_streams_for_good(web, new_key, model, log_file: Path):
    deployment, key = new_key()
    limit(deployment, streams=1)
    environment = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_LEASE_SECONDS": "3"}
    with serve(free_port(), environment, log_file) as address:
        pid = int(log_file.read_text().partition("server process [")[2].partition("]")[0])
        began = threading.Event()
        held = threading.Thread(target=_hold_a_stream, args=(address, key, began), daemon=True)
        held.start()
        assert began.wait(10)
        assert ask(web, key, stream=True).status_code == 429
        os.kill(pid, signal.SIGKILL)
        held.join(10)
    assert ask(web, key, stream=True).status_code == 429
    until(lambda: ask(web, key, stream=True).status_code == 200)


def _hold_a_stream(web: str, key: str, began: threading.Event) -> None:
    with suppress(anthropic.APIError, httpx2.HTTPError), running_stream(web, key, "[[stall-mid:30]] slow") as finish:
        began.set()
        finish()


def test_the_official_client_comes_back_by_itself(web, new_key):
    deployment, key = new_key()
    limit(deployment, requests=30)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=3) as client:
        for _ in range(31):
            assert client.messages.create(model="default", max_tokens=9, messages=[QUESTION]).content


def test_the_guides_example_runs(web, key, capsys):
    guide = (Path(__file__).resolve().parents[2] / "docs" / "api" / "limits.md").read_text()
    code = guide.partition("```python\n")[2].partition("```")[0]
    exec(code.replace("http://127.0.0.1:8000", web).replace("plk_…", key), {})  # noqa: S102 - our own guide
    assert int(capsys.readouterr().out) > 0
