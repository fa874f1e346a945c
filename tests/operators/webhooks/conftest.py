"""A receiving server, and webhooks that lead there."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from operators.models import Deployment, EventType, Operator, Webhook, WebhookDelivery
from operators.webhooks.deliveries import DELIVERIES, deliver
from operators.webhooks.endpoints import create_webhook
from tests.support.receiver import Receiver

ACTOR = ("account", "test")


class Made(NamedTuple):
    webhook: Webhook
    secret: str


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """Listens on the loopback, which webhooks may lead to in these tests."""
    settings.PRIVATE_WEBHOOKS = True
    with Receiver() as server:
        yield server


@pytest.fixture
def deployment(db: None) -> Deployment:
    return Deployment.objects.create(operator=Operator.objects.create(name="Acme"), name="App")


@pytest.fixture
def new_webhook(receiver: Receiver, deployment: Deployment) -> Callable[..., Made]:
    """`new_webhook(types=[…])` makes one of the deployment's operator; by default it hears everything."""

    def make(operator: Operator | None = None, **fields: Any) -> Made:
        given = {"url": receiver.url, "types": EventType.values, "actor": ACTOR} | fields
        return Made(*create_webhook(operator or deployment.operator, **given))

    return make


@pytest.fixture
def hook(new_webhook: Callable[..., Made]) -> Made:
    return new_webhook()


def handed(delivery: WebhookDelivery) -> WebhookDelivery:
    """As the relay leaves it behind, the broker apart."""
    now = delivery.created_at
    WebhookDelivery.objects.filter(pk=delivery.pk).update(handed_at=now, due_at=now, attempts=delivery.attempts + 1)
    delivery.refresh_from_db()
    return delivery


def attempt(delivery: WebhookDelivery) -> WebhookDelivery:
    """One attempt, as relay and worker make it, whether it is due or not."""
    deliver(handed(delivery).pk)
    delivery.refresh_from_db()
    return delivery


def due() -> list[WebhookDelivery]:
    return list(DELIVERIES.due())
