"""A steward ends a conversation: what runs of it ends, what comes after is told, and its operator can see it."""

import threading
import time

import pytest

from audit.log.models import Entry
from conversations.ending import end_by_steward
from conversations.models import Conversation, Turn
from operators.models import WebhookDelivery
from operators.webhooks.endpoints import create_webhook
from tests.conversations.records import ask, go_on
from tests.operators.accounts_help import steward
from tests.support.waiting import until

STORY = "Once there was a garden with a pear tree, and a bench under it. " * 12
LONG = f"[[say:{STORY}]][[chunks:80]][[slow:100]] a long story"


@pytest.fixture
def conversation(api, model) -> Conversation:
    ask(api, "hello")
    return Conversation.objects.select_related("deployment__operator").get()


def test_from_its_page_with_a_reason(api, conversation):
    person, client = steward()
    operator = conversation.deployment.operator
    create_webhook(
        operator, url="https://a.example/", types=["conversation.ended"], description="", actor=("platform", "test")
    )
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    assert f"/conversations/{conversation.pk}/end/" in page
    path = f"/conversations/{conversation.pk}/end/"
    assert b"This cannot be taken back" in client.post(path, {"reason": "It went astray"}).content
    assert Conversation.objects.get().ended_at is None
    client.post(path, {"reason": "It went astray", "confirmed": "yes"})
    ended = Conversation.objects.get()
    assert ended.ended_at
    assert (ended.ended_by, ended.ended_because) == ("steward", "It went astray")
    entry = Entry.objects.get(name="conversation.ended")
    assert (entry.actor_id, entry.subject_id) == (str(person.pk), str(conversation.pk))
    assert entry.detail == {
        "deployment": str(conversation.deployment_id),
        "operator": str(operator.pk),
        "reason": "It went astray",
    }
    assert "It went astray" in WebhookDelivery.objects.get().data["reason"]
    assert go_on(api, str(conversation.pk), "and now?").json()["plumbline"]["outcome"] == "end"
    assert b"had ended already" in client.post(path, {"reason": "Once more", "confirmed": "yes"}).content
    assert Entry.objects.filter(name="conversation.ended").count() == 1


def test_what_runs_of_it_ends_within_a_second(api, model, conversation):
    person, _ = steward()
    lines: list[str] = []

    def read() -> None:
        headers = {"plumbline-conversation": str(conversation.pk)}
        asked = {"model": "default", "max_tokens": 500, "stream": True, "messages": [{"role": "user", "content": LONG}]}
        with api.stream("POST", "/v1/messages", json=asked, headers=headers) as got:
            lines.extend(got.iter_lines())

    reader = threading.Thread(target=read)
    reader.start()
    until(lambda: len(model.requests) == 2)
    began = time.monotonic()
    end_by_steward(conversation, reason="Enough", by=person)
    reader.join(10)
    assert not reader.is_alive()
    assert time.monotonic() - began < 2
    assert "stewards have ended this conversation" in lines[-3] + lines[-2]
    until(lambda: Turn.objects.count() == 2)
    assert Turn.objects.order_by("-number")[0].status == "paused"
