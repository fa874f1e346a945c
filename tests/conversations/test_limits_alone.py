"""Valkey killed, and stopped so that it holds its connections and says nothing: limits hold all the same."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from operators.models import BudgetNotice
from tests.conversations.limited import ask, limit
from tests.support.model_server import ModelServer
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.valkey import Valkey, valkey
from tests.support.waiting import until


@pytest.fixture(scope="module")
def process(
    django_db_setup: None, django_db_blocker: Any, model_session: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Valkey]]:
    """A web process, and the Valkey that counts for it."""
    directory = tmp_path_factory.mktemp("counting")
    with valkey(directory) as server:
        environment = {"ANTHROPIC_BASE_URL": model_session.url, "PLUMBLINE_LIMITS_URL": server.url}
        environment["PLUMBLINE_LEASE_SECONDS"] = "3"
        with django_db_blocker.unblock(), serve(free_port(), environment, directory / "web.log") as address:
            yield address, server


@pytest.fixture
def counting(transactional_db: None, model: ModelServer, process: tuple[str, Valkey]) -> Iterator[tuple[str, Valkey]]:
    web, server = process
    until(lambda: who_counts(web) == "ok", 15)
    yield process
    server.restore()


def who_counts(web: str) -> str:
    return httpx2.get(f"{web}/readyz", timeout=20).json()["limits"]


def away(server: Valkey, how: str) -> None:
    server.kill() if how == "killed" else server.freeze()


def back(server: Valkey, how: str) -> None:
    server.start() if how == "killed" else server.thaw()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_without_valkey_limits_hold_turns_go_on_and_readiness_says_so(counting, new_key, how):
    web, server = counting
    deployment, key = new_key()
    limit(deployment, requests=12)
    assert ask(web, key).status_code == 200
    assert who_counts(web) == "ok"
    away(server, how)
    began = time.monotonic()
    codes = [ask(web, key).status_code for _ in range(20)]
    slowest = time.monotonic() - began
    assert 12 <= codes.count(200) <= 15
    assert codes.count(429) == 20 - codes.count(200)
    assert slowest < 20 * 0.5
    assert who_counts(web) == "local"
    ready = httpx2.get(f"{web}/readyz", timeout=20)
    assert ready.status_code == 200
    assert ready.json()["metrics"]["limits_local"] == 1
    assert ready.json()["metrics"]["limits_local_admissions"] >= 19
    back(server, how)
    until(lambda: ask(web, key) and who_counts(web) == "ok", 15)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_without_valkey_budgets_hold_and_what_was_spent_meanwhile_is_not_forgotten(counting, new_key, how):
    web, server = counting
    deployment, key = new_key()
    other, other_key = new_key()
    limit(deployment, month_tokens=1_000_000)
    assert ask(web, key).status_code == 200
    away(server, how)
    for _ in range(3):
        ask(web, other_key)
    limit(deployment, month_tokens=1)
    until(lambda: ask(web, key).status_code == 429, 5)
    limit(other, month_tokens=1)
    until(lambda: ask(web, other_key).status_code == 429, 5)
    noted = {(one.pk, "exhausted") for one in (deployment, other)}
    until(lambda: set(BudgetNotice.objects.values_list("subject_id", "kind")) >= noted)
    back(server, how)
    until(lambda: ask(web, key) and who_counts(web) == "ok", 15)
    assert [ask(web, one).status_code for one in (key, other_key)] == [429, 429]


def test_a_stream_that_began_without_valkey_is_counted_by_it_later(counting, new_key):
    web, server = counting
    deployment, key = new_key()
    limit(deployment, streams=1)
    server.kill()
    body = {
        "model": "default",
        "max_tokens": 50,
        "stream": True,
        "messages": [{"role": "user", "content": "[[stall-mid:20]] slow"}],
    }
    with httpx2.stream("POST", f"{web}/v1/messages", json=body, headers={"x-api-key": key}, timeout=60) as stream:
        assert stream.status_code == 200
        assert ask(web, key, stream=True).status_code == 429
        server.start()
        until(lambda: who_counts(web) == "ok", 15)
        time.sleep(1.5)
        assert ask(web, key, stream=True).status_code == 429


def test_a_process_that_starts_without_valkey_counts_too(transactional_db, model, new_key, tmp_path: Path):
    deployment, key = new_key()
    limit(deployment, requests=2)
    environment = {"ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_LIMITS_URL": "redis://127.0.0.1:1/0"}
    with serve(free_port(), environment, tmp_path / "web.log") as web:
        assert [ask(web, key).status_code for _ in range(3)] == [200, 200, 429]
        assert who_counts(web) == "local"
