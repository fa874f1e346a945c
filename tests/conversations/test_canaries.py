"""Secrets and what people said are planted on every road, failures included, and looked for where they must not be."""

import logging
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from audit.log.models import Entry
from config.logs import HIDDEN, Formatter
from conversations.jobs import REVIEWS
from conversations.models import Erasure, Job, Turn
from conversations.user_erasure import ERASURES, erase_user
from operators.models import Upstream, WebhookAttempt, WebhookDelivery
from operators.webhooks.deliveries import DELIVERIES
from operators.webhooks.endpoints import create_webhook
from tests.conversations.records import body
from tests.conversations.test_isolation import arguments, filled, patterns
from tests.operators.accounts_help import member
from tests.support.batches import LONG
from tests.support.product import free_port, process
from tests.support.product import web as serve
from tests.support.waiting import until

SAID = "zanzibar-7f3a"
"""In a message, a system prompt, an answer, a user's id, a custom id of a batch, and the names of fields."""
UPSTREAM_KEY = "sk-canary-0123456789abcdef"
GRAVE = f"I want to kill myself tonight {SAID}"


@pytest.fixture
def surroundings(model_session, tmp_path: Path):
    """A web process and a worker with logs of their own; yields (address, their logs)."""
    cache.clear()
    environment = {"ANTHROPIC_BASE_URL": model_session.url, "ANTHROPIC_API_KEY": UPSTREAM_KEY}
    environment |= {"PLUMBLINE_PRIVATE_WEBHOOKS": "1", "PLUMBLINE_UPSTREAM_FIRST_TOKEN_SECONDS": "2"}
    environment |= {"PLUMBLINE_ERASURE_SETTLE_SECONDS": "0"}
    logs = tmp_path / "web.log", tmp_path / "worker.log"
    from config.database import conninfo

    worker = ["-m", "celery", "-A", "config", "worker", "--pool", "solo", "-Q", "celery,webhooks", "--loglevel", "INFO"]
    beside = {"DATABASE_URL": conninfo(), **environment}
    with (
        serve(free_port(), environment, logs[0]) as address,
        process(*worker, environment=beside, log=logs[1]),
    ):
        yield address, logs


def roads(address: str, key: str) -> list[httpx2.Response]:
    """Requests of every kind, most of which fail."""
    told = []
    with httpx2.Client(base_url=address, timeout=30, trust_env=False) as client:

        def send(path: str, json: Any = None, method: str = "POST", **more: Any) -> None:
            headers = {"x-api-key": key, **more.pop("headers", {})}
            told.append(client.request(method, path, json=json, headers=headers, **more))

        send("/v1/messages", body(GRAVE, SAID, system=SAID))
        for directive in ("status:400", "status:401", "status:500", "status:529", "cut", "malformed", "stall:9"):
            send("/v1/messages", body(f"[[{directive}]] {SAID}", SAID))
            send("/v1/messages", body(f"[[{directive}]] {SAID}", SAID, stream=True))
        send("/v1/messages", body(f"[[say:{SAID}]]"), headers={"idempotency-key": SAID})
        send("/v1/messages", body("other"), headers={"idempotency-key": SAID})
        send("/v1/messages", {"model": SAID, "max_tokens": 9, "messages": [{"role": "user", "content": SAID}]})
        send("/v1/messages", {"max_tokens": SAID, "messages": [{"role": SAID, "content": {"a": SAID}}]})
        send("/v1/messages", content=b'{"messages": "' + SAID.encode())
        send("/v1/messages", content=("[" * 100_000 + SAID).encode())
        send("/v1/messages", body(SAID), headers={"plumbline-conversation": SAID})
        send("/v1/chat/completions", {"model": "default", "messages": [{"role": "user", "content": SAID, "x": SAID}]})
        send("/v1/chat/completions", {"model": "default", "messages": [{"role": SAID, "content": SAID}]})
        send("/v1/messages/batches", {"requests": [{"custom_id": SAID, "params": {"messages": SAID}}]})
        send("/v1/messages/batches", {"requests": [{"custom_id": SAID, "params": body(SAID)}]})
        send("/v1/decisions", body(GRAVE))
        send(f"/v1/turns/{SAID}", method="GET")
        send(f"/v1/users/{SAID}/adjustments", {"adjustments": {SAID: SAID}}, method="PUT")
        send("/v1/messages", body(SAID), headers={"x-api-key": key[:-1] + "x"})
        send("/v1/messages", body(SAID), headers={"x-api-key": "", "authorization": f"Bearer {key}x"})
        send("/v1/manage/data", {SAID: SAID}, method="PATCH")
    return told


def pages(client: Client, values: dict[str, Any]) -> dict[str, str]:
    """Every page of a member's but those that are there to show what was said."""
    shown = {}
    for route, one in patterns(get_resolver("config.urls")):
        assert isinstance(one, URLPattern)
        names = arguments(route)
        said_there = "conversation" in route or "/turns/" in route
        if said_there or not set(names) <= set(values) or one.callback.__module__.startswith("allauth"):
            continue
        path = filled(route, values)
        shown[path] = client.get(path).content.decode()
    return shown


def kept_beside() -> str:
    """What is kept of failures, and the log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail::text FROM audit_cases_finding")
        findings = [row for (row,) in cursor.fetchall()]
    return "\n".join(
        [
            *Job.objects.values_list("error", flat=True),
            *Erasure.objects.values_list("error", flat=True),
            *WebhookDelivery.objects.values_list("error", flat=True),
            *WebhookAttempt.objects.values_list("error", flat=True),
            *Turn.objects.values_list("error", flat=True),
            *map(str, Entry.objects.values_list("subject_id", "detail")),
            *findings,
        ]
    )


def test_none_is_found_where_it_must_not_be(model, new_key, surroundings, settings):
    address, logs = surroundings
    settings.PRIVATE_WEBHOOKS = True
    deployment, key = new_key()
    webhook, hook_secret = create_webhook(
        deployment.operator, url=f"http://127.0.0.1:{free_port()}/", types=["turn.flagged"], actor=("platform", "test")
    )
    upstream = Upstream(operator=deployment.operator, name="Ours", base_url="http://127.0.0.1:9/")
    own_key = "sk-own-canary-0123456789abcdef"
    upstream.set_key(own_key)
    upstream.save()
    secrets = {key.split("_")[2], UPSTREAM_KEY, own_key, hook_secret.removeprefix("whsec_"), *settings.MASTER_KEYS}
    secrets.add(settings.SECRET_KEY)

    answers = roads(address, key)
    assert len({answer.status_code for answer in answers}) >= 6
    assert max(answer.status_code for answer in answers) > 499
    # A review that fails, one that does not, deliveries to a server that is not there, and an erasure.
    broken = Turn.objects.exclude(data_key=None).earliest("started_at")
    Turn.objects.filter(pk=broken.pk).update(content=b"\x01damaged")
    owner, person = member(deployment.operator, "owner", "owner@acme.example")
    values = {
        "deployment_id": deployment.pk,
        "operator_id": deployment.operator_id,
        "webhook_id": webhook.pk,
        "upstream_id": upstream.pk,
        "key_id": deployment.keys.get().pk,
        "number": 1,
    }
    shown = pages(person, values)
    assert len(shown) > 20
    for outbox in (REVIEWS, DELIVERIES):
        outbox.hand_over()
    until(lambda: Job.objects.exclude(error="").exists() and WebhookAttempt.objects.exists(), LONG)
    until(lambda: not Job.objects.filter(done_at=None, error="").exists(), LONG)
    erase_user(deployment, SAID, ("account", owner.pk))
    ERASURES.hand_over()
    until(lambda: Erasure.objects.exclude(done_at=None).exists(), LONG)

    held = kept_beside()
    written = "\n".join(log.read_text(errors="replace") for log in logs)
    assert "failed" in written
    for secret in secrets:
        assert secret not in written
        assert secret not in held
        assert [path for path, page in shown.items() if secret in page] == []
        assert [answer.request.url for answer in answers if secret in answer.text + str(answer.headers)] == []
    assert SAID not in written
    assert SAID not in held
    assert [path for path, page in shown.items() if SAID in page] == []


def failing() -> None:
    try:
        int(SAID)
    except ValueError:
        {}[SAID]


def test_a_line_of_the_log_holds_no_secret_whoever_wrote_it(settings):
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Formatter("%(message)s"))
    log = logging.Logger("canary")  # noqa: LOG001 - of this test alone
    log.addHandler(handler)
    settings.MASTER_KEYS = ["m" * 40]
    for secret in ("plk_0123abcd_0123456789abcdef", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", UPSTREAM_KEY, "m" * 40):
        log.warning("the key is %s, it was said", secret)
    log.warning("cannot connect to postgresql://plumbline:hunter2pass@db/x")
    try:
        failing()
    except KeyError:
        log.exception("it failed")
    written = out.getvalue()
    assert written.count(HIDDEN) == 5
    assert "hunter2pass" not in written
    assert SAID not in written
    assert "KeyError" in written
    assert "ValueError" in written
    assert Path(__file__).name in written
