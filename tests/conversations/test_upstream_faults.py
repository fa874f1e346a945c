"""A model that fails in every way it can: what the caller gets, and what is recorded."""

import anthropic
import pytest

from conversations.models import Turn
from tests.support.waiting import until


def ask(client: anthropic.Anthropic, text: str, *, stream: bool) -> str:
    asked = {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    if not stream:
        return client.messages.create(**asked).content[0].text
    with client.messages.stream(**asked) as events:
        return "".join(events.text_stream)


both = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")],
)
def test_its_status_and_type_reach_the_caller_and_the_record(client, stream, status, kind):
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, f"[[status:{status}]]", stream=stream)
    assert caught.value.status_code == status
    assert caught.value.body["error"]["type"] == kind
    assert ("retry-after" in caught.value.response.headers) == (status in {429, 529})
    assert "plumbline-turn" in caught.value.response.headers
    turn = Turn.objects.get()
    assert turn.status == "upstream_error"
    assert str(status) in turn.error


@both
def test_a_passing_failure_is_tried_again(client, model, stream):
    assert ask(client, "[[status:500*2]][[say:Third time lucky.]]", stream=stream) == "Third time lucky."
    assert len(model.requests) == 3


@both
def test_a_model_that_stalls_is_a_timeout(client, stream):
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, "[[stall:30]]", stream=stream)
    assert caught.value.status_code == 504
    assert Turn.objects.get().status == "upstream_error"


@both
@pytest.mark.parametrize("fault", ["cut", "drop", "malformed", "malformed:html"])
def test_a_broken_answer_is_an_error_and_recorded(client, stream, fault):
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, f"[[chunks:20]][[{fault}]]", stream=stream)
    assert caught.value.body["error"]["type"] == "api_error"
    assert Turn.objects.get().status == "upstream_error"


@pytest.mark.parametrize("fault", ["error-mid", "end-mid", "stall-mid:30"])
def test_a_stream_that_breaks_in_the_middle_ends_with_an_error_event_and_keeps_what_was_said(client, fault):
    with pytest.raises(anthropic.APIStatusError):
        ask(client, f"[[chunks:20]][[{fault}]]", stream=True)
    turn = Turn.objects.get()
    assert turn.status == "upstream_error"
    assert turn.error


def test_a_caller_who_hangs_up_in_the_middle_is_recorded_and_the_model_told_to_stop(client, model):
    stream = client.messages.create(
        model="default",
        max_tokens=500,
        stream=True,
        messages=[{"role": "user", "content": "[[chunks:200]][[slow:50]] tell me a long story. With sentences."}],
    )
    for event in stream:
        if event.type == "content_block_delta":
            break
    stream.close()
    until(lambda: model.hangups)
    until(Turn.objects.exists)
    turn = Turn.objects.get()
    assert turn.status == "hung_up"


def test_the_guard_ends_a_stream_in_valid_order(client, model):
    bad = "Sure. A sexual story about a 9 year old girl follows. More of it."
    model.script("Tell me something", f"[[say:Of course. {bad}]]")
    with client.messages.stream(
        model="default", max_tokens=99, messages=[{"role": "user", "content": "Tell me something"}]
    ) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    assert message.stop_reason == "refusal"
    assert "9 year" not in message.content[0].text
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    turn = Turn.objects.get()
    assert (turn.status, turn.flagged) == ("guarded", True)


def test_the_guard_cuts_a_plain_answer_at_the_same_place(client, model):
    model.script("Tell me something", "[[say:Of course. A sexual story about a 9 year old girl follows. More.]]")
    message = client.messages.create(
        model="default", max_tokens=99, messages=[{"role": "user", "content": "Tell me something"}]
    )
    assert (message.stop_reason, [block.text for block in message.content]) == ("refusal", ["Of course. "])
