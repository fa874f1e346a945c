"""The whole way, with a real relay, broker and worker: once, again after a failure, and never lost."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from config.database import conninfo
from operators.models import Deployment, EventType, Operator, WebhookDelivery
from operators.webhooks import emit
from operators.webhooks.deliveries import deliver
from operators.webhooks.endpoints import create_webhook
from tests.operators.webhooks.conftest import ACTOR, Made
from tests.support.broker import broker_target, broker_through, child_of, worker
from tests.support.proxy import Proxy
from tests.support.receiver import Receiver, Reply, certificate
from tests.support.waiting import until


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    return certificate(tmp_path)


@pytest.fixture
def environment(trusted: Path) -> dict[str, str]:
    """Lets the worker reach a server on the loopback, and believe its certificate."""
    return {"PLUMBLINE_PRIVATE_WEBHOOKS": "1", "SSL_CERT_FILE": str(trusted)}


@pytest.fixture
def receiver(trusted: Path, settings) -> Iterator[Receiver]:
    settings.PRIVATE_WEBHOOKS = True
    with Receiver(trusted) as server:
        yield server


@pytest.fixture
def hook(transactional_db, clean_queue, receiver: Receiver) -> Made:
    deployment = Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")
    return Made(*create_webhook(deployment.operator, url=receiver.url, types=EventType.values, actor=ACTOR))


def tell(hook: Made, count: int = 1) -> None:
    for number in range(count):
        emit(hook.webhook.operator_id, None, EventType.BUDGET_ALERTED, {"number": number})


def done() -> bool:
    return not WebhookDelivery.objects.filter(done_at=None).exists()


def test_each_event_arrives_once_over_tls_and_a_failed_one_again_in_seconds(hook, receiver, environment, log_file):
    receiver.answers = [Reply(500)]
    tell(hook, 12)
    with worker(log_file, environment):
        until(done, 40)
    assert len(receiver.received) == 13
    assert len({received.id for received in receiver.received}) == 12
    told = {received.verified(hook.secret)["data"]["number"] for received in receiver.received}
    assert told == set(range(12))
    assert receiver.received[0].id == receiver.received[-1].id


def test_a_worker_killed_in_mid_delivery_has_it_sent_again_under_its_id(hook, receiver, environment, log_file):
    receiver.answers = [Reply(stall=60)]
    tell(hook)
    with worker(log_file, environment) as started:
        until(lambda: receiver.received, 30)
        os.kill(child_of(started), signal.SIGKILL)
        until(done, 30)
    first, second = receiver.received
    assert first.id == second.id
    assert WebhookDelivery.objects.get().attempts == 1


def test_a_task_that_is_there_before_the_relay_has_committed_waits_for_it(hook, receiver, environment):
    tell(hook)
    delivery = WebhookDelivery.objects.get()
    with psycopg.connect(conninfo()) as relay, ThreadPoolExecutor(1) as task:
        relay.execute("UPDATE operators_webhookdelivery SET handed_at = now(), attempts = 1")
        done = task.submit(deliver_and_leave, delivery.pk)
        until(waits_for_a_lock, 30)
        relay.commit()
        # Nobody vouches for the certificate here; it is the attempt that counts.
        done.result(30)
    assert delivery.tries.count() == 1


def deliver_and_leave(delivery_id: int) -> None:
    try:
        deliver(delivery_id)
    finally:
        connection.close()


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def test_while_the_broker_is_away_deliveries_wait_and_none_is_lost(hook, receiver, environment, log_file):
    with Proxy(broker_target()) as proxy:
        proxy.cut()
        with worker(log_file, environment | {"BROKER_URL": broker_through(proxy)}):
            tell(hook, 5)
            time.sleep(2)
            assert not receiver.received
            proxy.mend()
            until(done, 60)
    assert {received.verified(hook.secret)["data"]["number"] for received in receiver.received} == set(range(5))
