"""A steward's pause takes hold within a second, running streams included."""

import threading
import time

import anthropic
import pytest

from audit.log.models import Entry
from audit.oversight.pauses import lift, place
from conversations.models import Turn
from operators.models import Account
from tests.support.waiting import until


@pytest.fixture
def steward(transactional_db: None) -> Account:
    return Account.objects.create_user("steward@example.com", is_steward=True)


def ask(client: anthropic.Anthropic) -> anthropic.types.Message:
    return client.messages.create(model="default", max_tokens=9, messages=[{"role": "user", "content": "hello"}])


@pytest.mark.parametrize("subject", ["platform", "operator", "deployment"])
def test_a_pause_refuses_and_its_end_admits(web, new_key, steward, subject):
    deployment, key = new_key()
    ids = {"platform": "", "operator": deployment.operator_id, "deployment": deployment.pk}
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        ask(client)
        pause = place(subject, ids[subject], reason="Looking into complaints", by=steward)
        try:
            time.sleep(1)
            with pytest.raises(anthropic.PermissionDeniedError, match="Looking into complaints"):
                ask(client)
        finally:
            lift(pause, by=steward)
        time.sleep(1)
        assert ask(client).content
    assert Turn.objects.count() == 2
    assert list(Entry.objects.filter(name__startswith="pause.").order_by("at").values_list("name", flat=True)) == [
        "pause.placed",
        "pause.lifted",
    ]


def test_another_deployment_goes_on(web, new_key, steward):
    paused, _ = new_key()
    _, key = new_key()
    place("deployment", paused.pk, reason="Only this one", by=steward)
    time.sleep(1)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        assert ask(client).content


def test_a_running_stream_ends_with_a_clear_error_within_a_second(web, new_key, steward):
    deployment, key = new_key()
    ended: list[float] = []
    started = threading.Event()

    def drain(stream: anthropic.Stream) -> None:
        for _ in stream:
            started.set()

    def read() -> None:
        with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
            stream = client.messages.create(
                model="default",
                max_tokens=500,
                stream=True,
                messages=[{"role": "user", "content": "[[chunks:400]][[slow:50]] a long story"}],
            )
            with pytest.raises(anthropic.APIStatusError, match="Stop now"):
                drain(stream)
            ended.append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    assert started.wait(10)
    paused_at = time.monotonic()
    place("deployment", deployment.pk, reason="Stop now", by=steward)
    reader.join(10)
    assert ended
    assert ended[0] - paused_at < 1.0
    until(Turn.objects.exists)
    assert Turn.objects.get().status == "paused"


def test_a_pause_needs_a_reason(steward):
    with pytest.raises(ValueError, match="reason"):
        place("platform", "", reason="  ", by=steward)
