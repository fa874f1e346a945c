"""No unrecorded answer, and no review lost: database and broker taken away, workers killed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from django.db import connection

from audit.cases.models import Finding
from conversations.models import Job, Turn
from tests.support.broker import broker_target, broker_through, child_of, worker
from tests.support.openai_apps import app
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.proxy import Proxy, database_proxy
from tests.support.waiting import until


def ask(web: str, key: str, text: str = "hello", **more: object) -> anthropic.types.Message:
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=30) as client:
        return client.messages.create(
            model="default", max_tokens=50, messages=[{"role": "user", "content": text}], **more
        )


def stream_to_the_end(web: str, key: str, text: str) -> None:
    asked = {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0, timeout=30) as client:
        for event in client.messages.create(stream=True, **asked):
            assert event.type not in {"message_delta", "message_stop"}


@pytest.fixture
def through_proxy(transactional_db: None, model, log_file: Path) -> Iterator[tuple[str, Proxy]]:
    """A web process whose database can be taken away."""
    with database_proxy() as (proxy, url):
        environment = {"DATABASE_URL": url, "ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_STALE_STATE_SECONDS": "2"}
        with serve(free_port(), environment, log_file) as address:
            yield address, proxy


def test_without_a_database_a_known_key_gets_a_clear_503_and_later_an_answer(through_proxy, key):
    web, proxy = through_proxy
    ask(web, key)
    proxy.cut()
    until(lambda: httpx2.get(f"{web}/readyz", timeout=15).json()["database"] == "unreachable")
    time.sleep(2)
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(web, key)
    assert caught.value.status_code == 503
    assert caught.value.body["error"]["type"] == "api_error"
    proxy.mend()

    def answers() -> bool:
        try:
            return bool(ask(web, key).content)
        except anthropic.APIStatusError:
            return False

    until(answers, 20)
    assert Turn.objects.count() == 2


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_answer_that_cannot_be_recorded_is_withheld(through_proxy, key, model, stream):
    web, proxy = through_proxy
    ask(web, key)
    model.script("cut it now", "[[stall:1]][[say:This must not arrive whole.]]")
    threading.Timer(0.5, proxy.cut).start()
    with pytest.raises(anthropic.APIStatusError) as caught:
        stream_to_the_end(web, key, "cut it now") if stream else ask(web, key, "cut it now")
    assert caught.value.body["error"]["type"] == "api_error"
    assert "not be recorded" in str(caught.value)
    assert Turn.objects.count() == 1


def test_a_completion_in_chunks_that_cannot_be_recorded_never_finishes(through_proxy, key, model):
    web, proxy = through_proxy
    ask(web, key)
    model.script("cut it now", "[[stall:1]][[say:This must not arrive whole.]]")
    threading.Timer(0.5, proxy.cut).start()
    finished = []
    with app(web, key) as client, pytest.raises(openai.APIError, match="not be recorded"):
        finished.extend(
            chunk.choices[0].finish_reason
            for chunk in client.chat.completions.create(
                model="default", messages=[{"role": "user", "content": "cut it now"}], stream=True
            )
        )
    assert not any(finished)
    assert Turn.objects.count() == 1


def done() -> bool:
    return not Job.objects.filter(done_at=None).exists()


def test_a_real_worker_leaves_a_finding_for_each_job(web, key, clean_queue, log_file):
    ask(web, key)
    with worker(log_file):
        until(done, 30)
    assert sorted(Finding.objects.values_list("kind", flat=True)) == ["audit", "wellbeing"]


def test_a_grave_finding_opens_one_case(web, key, clean_queue, log_file):
    ask(web, key, "I want to kill myself tonight")
    with worker(log_file):
        until(done, 30)
    finding = Finding.objects.get(kind="wellbeing")
    assert finding.severity >= 0.7
    assert finding.case.status == "open"


def test_a_worker_killed_in_mid_task_has_its_job_done_again_once(web, key, clean_queue, log_file):
    ask(web, key)
    with connection.cursor() as cursor:
        # The worker waits inside its transaction on this lock: it is in mid-task for as long as we like.
        connection.set_autocommit(False)
        try:
            cursor.execute("LOCK TABLE audit_cases_finding IN EXCLUSIVE MODE")
            with worker(log_file) as started:
                until(waiting_for_the_lock, 30)
                os.kill(child_of(started), signal.SIGKILL)
                connection.rollback()
                connection.set_autocommit(True)
                until(done, 60)
        finally:
            connection.rollback()
            connection.set_autocommit(True)
    assert Finding.objects.count() == 2


def waiting_for_the_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'audit_cases_finding'::regclass")
        return cursor.fetchone()[0] > 0


def test_with_the_broker_down_answers_go_on_jobs_wait_and_none_is_lost(web, key, clean_queue, log_file):
    with Proxy(broker_target()) as proxy:
        proxy.cut()
        with worker(log_file, {"BROKER_URL": broker_through(proxy)}):
            for number in range(5):
                assert ask(web, key, f"hello {number}").content
            time.sleep(2)
            assert Job.objects.filter(done_at=None).count() == 10
            proxy.mend()
            until(done, 60)
    assert Finding.objects.count() == 10
