"""Personal data is replaced before the model and in what is kept, and the user reads the values themselves."""

import json
from collections.abc import Callable

import httpx2
import pytest

from conversations.models import Turn
from conversations.redaction import Redactor, Restorer
from conversations.sse import made
from operators.data_settings import change_data_settings
from operators.models import Deployment
from tests.conversations.records import ask, body, go_on
from tests.support.waiting import until

MAIL, PHONE = "anna@example.com", "+1 650-253-0000"
SAID = f"I am {MAIL}, call {PHONE}"


@pytest.fixture
def redacting(api, model) -> Callable[[str], None]:
    """`redacting("upstream")`: from here on, in every process."""

    def switch(mode: str) -> None:
        change_data_settings(Deployment.objects.get(), {"redaction": mode}, by=None)

        def known() -> bool:
            turn = ask(api, "mail probe@example.com")["turn"]
            return "probe@example.com" not in json.dumps(Turn.objects.get(pk=turn).content)

        until(known)
        Turn.objects.all().delete()
        model.reset()

    return switch


def kept() -> str:
    return json.dumps([turn.content for turn in Turn.objects.all()] + [turn.decision for turn in Turn.objects.all()])


def streamed(api: httpx2.Client, asked: dict) -> str:
    with api.stream("POST", "/v1/messages", json={**asked, "stream": True}) as response:
        events = [json.loads(line[5:]) for line in response.iter_lines() if line.startswith("data:")]
    assert events[-1]["type"] == "message_stop"
    return "".join(one["delta"]["text"] for one in events if one.get("delta", {}).get("type") == "text_delta")


def test_the_model_is_sent_placeholders_and_the_user_reads_the_values(api, model, redacting):
    redacting("upstream")
    model.script("I am", "[[say:So you are [email 1]; I call [phone 1], not [email 2].]]")
    asked = body(SAID, system=f"The user is {MAIL}.")
    answer = api.post("/v1/messages", json=asked).json()["content"][0]["text"]
    assert answer == f"So you are {MAIL}; I call {PHONE}, not [email 2]."
    sent = json.dumps(model.requests[-1].body)
    assert MAIL not in sent
    assert PHONE not in sent
    assert "I am [email 1], call [phone 1]" in sent
    assert "The user is [email 1]." in sent
    assert MAIL not in kept()
    assert "[email 1]" in kept()


def test_a_stream_has_them_put_back_wherever_it_is_cut(api, model, redacting):
    redacting("upstream")
    model.script("I am", "[[say:You are [email 1], or [ema]][[chunks:40]]")
    assert streamed(api, body(SAID)) == f"You are {MAIL}, or [ema"
    assert MAIL not in json.dumps(model.requests[-1].body)
    assert MAIL not in kept()


def test_only_what_is_kept_is_redacted_where_that_is_wanted(api, model, redacting):
    redacting("storage")
    told = ask(api, f"[[say:Hello {MAIL}.]] {SAID}")
    assert MAIL in json.dumps(model.requests[-1].body)
    assert MAIL not in kept()
    shown = api.get(f"/v1/turns/{told['turn']}").json()
    assert shown["answer"][0]["text"] == "Hello [email 1]."
    assert shown["messages"][0]["content"].endswith("I am [email 1], call [phone 1]")


def test_numbers_stay_the_same_through_a_conversation_and_are_not_given_twice(api, model, redacting):
    redacting("upstream")
    told = ask(api, f"[[say:Noted.]] {SAID}")
    go_on(api, told["conversation"], "[[say:Both.]] and bob@example.com")
    sent = json.dumps(model.requests[-1].body["messages"])
    assert "[email 1]" in sent
    assert "and [email 2]" in sent
    history = [{"role": "user", "content": f"[[say:Noted.]] {SAID}"}, {"role": "assistant", "content": "Noted."}]
    model.script("again", "[[say:Yes [email 1].]]")
    more = {"role": "user", "content": f"{MAIL} again"}
    again = api.post("/v1/messages", json=body("", messages=[*history, more]))
    assert again.json()["content"][0]["text"] == f"Yes {MAIL}."


def test_a_replay_gives_the_very_answer(api, model, redacting):
    redacting("upstream")
    model.script("I am", "[[say:You are [email 1].]]")
    asked, named = body(SAID), {"idempotency-key": "k"}
    first, again = (api.post("/v1/messages", json=asked, headers=named) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["content"] == first.json()["content"] == [{"type": "text", "text": f"You are {MAIL}."}]


def test_tools_and_documents_are_redacted_and_what_is_no_text_is_left_alone():
    redactor = Redactor()
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "YW5uYUBleGFtcGxlLmNvbQ"},
    }
    thought = {"type": "thinking", "thinking": MAIL, "signature": MAIL}
    use = {"type": "tool_use", "id": "t", "name": "find", "input": {"name": MAIL, "deep": [{"id": PHONE}]}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": MAIL}]}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": SAID}}
    got = redactor.redact_now([picture, thought, use, result, document])
    assert got[:2] == [picture, thought]
    assert got[2]["input"] == {"name": "[email 1]", "deep": [{"id": "[phone 1]"}]}
    assert got[3]["content"][0]["text"] == "[email 1]"
    assert got[4]["source"]["data"] == "I am [email 1], call [phone 1]"
    assert redactor.restore(got) == [picture, thought, use, result, document]


def test_a_tools_input_is_put_back_in_pieces():
    redactor = Redactor()
    redactor.redact_now(SAID)
    restorer, said = Restorer(redactor), '{"to": "[email 1]", "list": [1, 2], "rest": "['
    events = [
        one
        for character in said
        for one in restorer.pass_on(
            made("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": character})
        )
    ]
    events += restorer.pass_on(made("content_block_stop", index=0))
    whole = "".join(one.data["delta"]["partial_json"] for one in events[:-1])
    assert whole == f'{{"to": "{MAIL}", "list": [1, 2], "rest": "['
    assert events[-1].name == "content_block_stop"


def test_a_long_text_is_redacted_too(api, redacting):
    redacting("upstream")
    ask(api, "[[say:Read.]] " + "word " * 50_000 + SAID)
    assert MAIL not in kept()
