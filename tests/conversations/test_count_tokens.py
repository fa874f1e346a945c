"""POST /v1/messages/count_tokens: what the model would read, and no turn."""

import anthropic
import pytest

from conversations.models import Turn

QUESTION = {"role": "user", "content": "hello"}


def test_our_system_counts_and_nothing_is_recorded(client, model):
    counted = client.messages.count_tokens(model="default", messages=[QUESTION], system="Be brief.")
    sent = model.requests[-1]
    assert sent.path == "/v1/messages/count_tokens"
    assert "Be brief." in "".join(block["text"] for block in sent.body["system"])
    assert sent.body.keys() == {"model", "messages", "system"}
    client.messages.create(model="default", max_tokens=9, messages=[QUESTION], system="Be brief.")
    assert (
        counted.input_tokens
        == client.messages.create(
            model="default", max_tokens=9, messages=[QUESTION], system="Be brief."
        ).usage.input_tokens
    )
    assert Turn.objects.count() == 2


def test_a_named_conversations_history_counts(client):
    first = client.messages.create(
        model="default", max_tokens=200, messages=[{"role": "user", "content": "word " * 99}]
    )
    alone = client.messages.count_tokens(model="default", messages=[QUESTION])
    named = {"plumbline-conversation": first.plumbline["conversation"]}
    within = client.messages.count_tokens(model="default", messages=[QUESTION], extra_headers=named)
    assert within.input_tokens > alone.input_tokens + 100


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_upstream_that_counts_nothing_is_a_clear_404(client, status):
    with pytest.raises(anthropic.NotFoundError, match="counts tokens"):
        client.messages.count_tokens(model="default", messages=[{"role": "user", "content": f"[[status:{status}]]"}])


def test_what_is_wrong_is_named(client):
    with pytest.raises(anthropic.NotFoundError, match="model: nobody"):
        client.messages.count_tokens(model="nobody", messages=[QUESTION])
    with pytest.raises(anthropic.BadRequestError, match="messages"):
        client.messages.count_tokens(model="default", messages=[])
