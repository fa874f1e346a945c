"""Batches in tests: their workers, and waiting for their end."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import orjson
from anthropic.types.messages import MessageBatch

from config.database import conninfo
from conversations.batches import sealed
from conversations.content import open_key
from conversations.models import BatchItem, DataKey
from tests.support.product import process
from tests.support.waiting import until

WORKER = ["-m", "celery", "-A", "config", "worker", "--concurrency", "1", "-Q", "batches", "--loglevel", "WARNING"]
OWN = {
    "PLUMBLINE_BATCH_ATTEMPTS": "2",
    "PLUMBLINE_BATCH_RETRY_SECONDS": "0.1",
    "PLUMBLINE_BATCH_TURNS": "8",
    "PLUMBLINE_BATCH_PIECES": "4",
}
LONG = 120
"""Seconds; what is waited for comes much earlier on a machine with time to spare."""


def surroundings(model_url: str, broker: str | None = None, **more: str) -> dict[str, str]:
    """The environment of a relay and a worker on the test database."""
    own = {"DATABASE_URL": conninfo(), "ANTHROPIC_BASE_URL": model_url, "PLUMBLINE_UPSTREAM_JUDGMENT": "good"}
    return own | OWN | ({"BROKER_URL": broker} if broker else {}) | more


@contextmanager
def workers(log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A relay, and a worker of batches; yields the worker."""
    with relay(log, environment), worker(log, environment) as started:
        yield started


def relay(log: Path, environment: Mapping[str, str]) -> Any:
    return process("manage.py", "relay", environment=environment, log=log)


def worker(log: Path, environment: Mapping[str, str]) -> Any:
    return process(*WORKER, environment=environment, log=log)


def kill_group(started: subprocess.Popen[bytes]) -> None:
    """As when the machine takes a worker away: the parent and its child at once."""
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def asking(text: str, **more: Any) -> dict[str, Any]:
    """A request's params."""
    return {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}


def make(client: anthropic.Anthropic, *texts: str) -> MessageBatch:
    """A batch that asks each text; the custom ids are r-0, r-1 and so on."""
    return client.messages.batches.create(
        requests=[{"custom_id": f"r-{number}", "params": asking(text)} for number, text in enumerate(texts)]
    )


def ended(client: anthropic.Anthropic, batch: MessageBatch, timeout: float = LONG) -> MessageBatch:
    """The batch, once it has ended."""
    until(lambda: client.messages.batches.retrieve(batch.id).processing_status == "ended", timeout)
    return client.messages.batches.retrieve(batch.id)


def results(client: anthropic.Anthropic, batch: MessageBatch) -> dict[str, Any]:
    """What became of each request, by custom id; none comes twice."""
    lines = list(client.messages.batches.results(batch.id))
    found = {line.custom_id: line.result for line in lines}
    assert len(found) == len(lines)
    return found


def settled() -> int:
    """How many items of all batches have their result."""
    return BatchItem.objects.exclude(outcome="").count()


def opened_params(item: BatchItem) -> Any:
    """A request as it lies in its batch."""
    key = DataKey.objects.get(pk=item.data_key_id)
    return orjson.loads(sealed.params(open_key(key.pk, key.wrapped), item.batch_id, item.number, bytes(item.params)))


def opened_result(item: BatchItem) -> Any:
    """A result as it lies in its batch."""
    key = DataKey.objects.filter(pk=item.data_key_id).first()
    wrapped = bytes(key.wrapped) if key else None
    return orjson.loads(sealed.result(item.batch_id, item.number, bytes(item.result), item.data_key_id, wrapped))
