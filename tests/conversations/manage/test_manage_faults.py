"""Management with the database away, with callers who hang up, and with more callers than threads."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from config.database import conninfo
from conversations import back_office
from conversations.errors import ApiError
from operators.keys import create_key
from operators.models import Deployment
from tests.conversations.test_record_faults import database_proxy
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.waiting import until


@contextmanager
def held(deployment: Deployment) -> Iterator[None]:
    """The deployment's row is held by someone else."""
    with psycopg.connect(conninfo()) as other:
        other.execute("SELECT 1 FROM operators_deployment WHERE id = %s FOR UPDATE", (deployment.pk,))
        yield


def test_without_a_database_nothing_is_managed_and_later_it_is(new_key, model, log_file: Path):
    deployment, _ = new_key()
    _, key = create_key(deployment, "ci", by=None, scopes=["manage"])
    with database_proxy() as (proxy, url):
        environment = {"DATABASE_URL": url, "ANTHROPIC_BASE_URL": model.url}
        with serve(free_port(), environment, log_file) as address:
            asked = {"url": f"{address}/v1/manage/deployment", "headers": {"x-api-key": key}, "timeout": 30}
            assert httpx2.get(**asked).status_code == 200
            proxy.cut()
            refused = httpx2.get(**asked)
            assert (refused.status_code, refused.json()["error"]["type"]) == (503, "api_error")
            assert refused.headers["retry-after"]
            proxy.mend()
            until(lambda: httpx2.get(**asked).status_code == 200, 30)


def test_what_has_begun_is_done_even_where_the_caller_hangs_up(manager):
    manager.get("draft")  # the first request makes the deployment's data settings, for which its row must be free
    with held(manager.deployment), pytest.raises(httpx2.TimeoutException):
        manager("PUT", "draft", {"settings": {"instructions": "x"}}, timeout=1)
    until(lambda: manager.get("draft")["settings"] == {"instructions": "x"})


def test_callers_who_hung_up_leave_their_threads_free(manager):
    def impatient(number: int) -> None:
        with suppress(httpx2.TimeoutException):
            manager("PUT", "draft", {"settings": {"instructions": f"{number}"}}, timeout=1)

    with held(manager.deployment), ThreadPoolExecutor(8) as pool:
        list(pool.map(impatient, range(8)))
    until(lambda: manager("GET", "draft").status_code == 200)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: manager("GET", "deployment").status_code, range(16))
        assert set(answers) == {200}


async def test_who_finds_no_thread_in_time_is_told_and_nothing_is_done(transactional_db, monkeypatch):
    monkeypatch.setattr(back_office, "PATIENCE_SECONDS", 0.1)
    office, go = back_office.BackOffice(), threading.Event()
    done: list[str] = []
    busy = [asyncio.create_task(office.do(go.wait)) for _ in range(back_office.THREADS)]
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as refused:
        await office.do(lambda: done.append("late"))
    go.set()
    await asyncio.gather(*busy)
    await office.do(lambda: done.append("in time"))
    await office.stop()
    assert (refused.value.status, done) == (503, ["in time"])
