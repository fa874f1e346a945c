"""Turns of a product that has a judge: what it says decides, is kept on the record, and shows where a turn is read."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from audit.oversight.pauses import lift, place
from charter import Configuration, Passage, Situation, doubts, load_charter
from charter.screens import observe
from conversations.judge import configured_judge
from conversations.models import Turn
from conversations.pages.transcript import read
from operators.models import Account
from tests.support.model_server import ModelServer
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.waiting import until

MATERIAL = Path(__file__).parents[2] / "evaluation/material/pairs/en_mass_destruction_weapons.jsonl"
LINE = "bright_line.mass_destruction_weapons"


@pytest.fixture(scope="module")
def judging(
    django_db_setup: None, django_db_blocker: Any, model_session: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A web process whose judge is behind the scripted server too, as `judge-1`."""
    log = tmp_path_factory.mktemp("judging") / "web.log"
    environment = {
        "ANTHROPIC_BASE_URL": model_session.url,
        "PLUMBLINE_UPSTREAM_JUDGMENT": "good",
        "PLUMBLINE_JUDGE_MODEL": "judge-1",
        "PLUMBLINE_JUDGE_SECONDS": "2",
    }
    with django_db_blocker.unblock(), serve(free_port(), environment, log) as address:
        yield address


@pytest.fixture
def client(transactional_db: None, judging: str, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=judging, api_key=key, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture(scope="module")
def suspected() -> str:
    """A text about which the screens of today are in doubt, by this one line alone."""
    for line in MATERIAL.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["harmful"]
        signals = observe([Passage(text, "user", "messages[0]")], Configuration())
        if [doubt.name for doubt in doubts(Situation(load_charter(), signals=signals))] == [LINE]:
            return text
    raise AssertionError("the screens are in doubt about none of these: ask about another line")


def ask(client: anthropic.Anthropic, text: str, **more: object) -> anthropic.types.Message:
    return client.messages.create(model="default", max_tokens=100, messages=[{"role": "user", "content": text}], **more)


def judge_says(model: ModelServer, verdict: str, reason: str = "A lesson for officials.") -> None:
    given = {"reason": reason, "verdicts": [{"name": LINE, "verdict": verdict}]}
    model.script("The screen asks about", f"[[tool:verdict:{json.dumps(given)}]]")


def asked_of(model: ModelServer, name: str) -> list[Any]:
    return [received for received in model.requests if received.body["model"] == name]


# Each test has words of its own after the suspected text: the process remembers verdicts by content.


def test_what_it_clears_is_answered_and_says_why_where_the_turn_is_read(client, model, suspected):
    judge_says(model, "cleared")
    message = ask(client, suspected, system="Cleared here.")
    assert (message.plumbline["outcome"], message.plumbline["tier"]) == ("answer", 4)
    turn = Turn.objects.get()
    assert not turn.flagged
    kept = turn.decision["judgment"]
    assert (kept["asked"], kept["cleared"], kept["model"], kept["failure"]) == ([LINE], [LINE], "judge-1", "")
    assert kept["reason"] == "A lesson for officials."
    assert kept["milliseconds"] > 0
    explanation = read([turn])[0].explanation
    assert "The judge model judge-1 cleared" in explanation
    assert "because: A lesson for officials." in explanation


def test_what_it_confirms_is_declined_as_certain_in_a_stream_too(client, model, suspected):
    judge_says(model, "confirmed", "It asks for a culture to attack with.")
    with client.messages.stream(
        model="default",
        max_tokens=50,
        system="Confirmed here.",
        messages=[{"role": "user", "content": suspected}],
    ) as stream:
        assert stream.get_final_message().plumbline["outcome"] == "decline"
    turn = Turn.objects.get()
    assert turn.decision["winner"]["source"] == "bright_line.certain"
    assert turn.decision["judgment"]["confirmed"] == [LINE]
    assert turn.flagged


@pytest.mark.parametrize("fault", ["[[stall:30]]", "[[status:500]]", "[[malformed:html]]", "[[say:It is clear.]]"])
def test_without_a_verdict_the_rule_for_suspicions_holds_and_the_caller_gets_no_error(client, model, suspected, fault):
    model.script("The screen asks about", fault)
    message = ask(client, suspected, system=f"Failing with {fault.strip('[]')} here.")
    assert message.plumbline["outcome"] == "decline"
    turn = Turn.objects.get()
    assert turn.decision["winner"]["source"] == "bright_line.decline_on_suspicion"
    assert turn.flagged
    assert turn.decision["judgment"]["failure"]
    assert "gave no verdict" in read([turn])[0].explanation
    # A verdict in between: failures in a row would have the process leave the judge alone in the tests that follow.
    judge_says(model, "cleared")
    ask(client, suspected, system=f"Recovered from {fault.strip('[]')}.")
    assert Turn.objects.latest("started_at").decision["judgment"]["cleared"] == [LINE]


def test_it_sees_the_conversation_and_the_operators_words_as_information(client, model, suspected):
    judge_says(model, "unsure")
    before = [{"role": "user", "content": "Good morning"}, {"role": "assistant", "content": "Good morning to you"}]
    client.messages.create(
        model="default",
        max_tokens=50,
        system="For staff of a public health office.",
        messages=[*before, {"role": "user", "content": suspected}],
    )
    sent = asked_of(model, "judge-1")[0]
    shown = json.loads(sent.text.split(">\n", 1)[1].rsplit("\n</texts ", 1)[0])
    assert {(one["speaker"], one["text"]) for one in shown} == {
        ("operator", "For staff of a public health office."),
        ("user", "Good morning"),
        ("assistant", "Good morning to you"),
        ("user", suspected),
    }
    assert "public health office" not in str(sent.body["system"])


def test_nobody_is_asked_about_what_is_not_in_doubt(client, model):
    ask(client, "How do I reverse a list in Python?")
    assert not asked_of(model, "judge-1")
    assert Turn.objects.get().decision["judgment"] is None


def test_a_pause_that_comes_while_it_thinks_takes_hold(client, model, suspected):
    model.script("The screen asks about", "[[stall:30]]")
    errors: list[BaseException] = []

    def turn() -> None:
        try:
            ask(client, suspected, system="Paused here.", stream=True)
        except anthropic.APIStatusError as error:
            errors.append(error)

    asking = threading.Thread(target=turn)
    asking.start()
    until(lambda: asked_of(model, "judge-1"))
    steward = Account.objects.create_user("steward@example.com", is_steward=True)
    pause = place("platform", "", reason="Looking into it", by=steward)
    asking.join(20)
    lift(pause, by=steward)
    assert [error.status_code for error in errors] == [403]
    assert not Turn.objects.exists()


def test_a_dry_run_asks_the_judge_and_nobody_else_and_a_deletion_takes_its_reason(client, model, suspected):
    judge_says(model, "cleared", "The user teaches zanzibar.")
    asked = {"model": "default", "max_tokens": 9, "system": "Dry."}
    asked["messages"] = [{"role": "user", "content": suspected}]
    dry = client.post("/v1/decisions", cast_to=object, body=asked)
    assert (dry["judgment"]["cleared"], dry["judgment"]["reason"]) == ([LINE], "The user teaches zanzibar.")
    assert len(asked_of(model, "judge-1")) == len(model.requests) == 1
    assert not Turn.objects.exists()
    told = ask(client, suspected, system="Dry.").plumbline
    client.delete(f"/v1/conversations/{told['conversation']}", cast_to=object)
    kept = client.get(f"/v1/turns/{told['turn']}/decision", cast_to=object)
    assert (kept["judgment"]["cleared"], kept["judgment"]["reason"]) == ([LINE], "")
    assert "zanzibar" not in str(kept)


class TestSettings:
    @pytest.fixture
    def named(self, settings: Any) -> Callable[..., None]:
        def name(**values: str) -> None:
            given = {"JUDGE_MODEL": "judge-1", "JUDGE_BASE_URL": "", "JUDGE_API_KEY": "", **values}
            given = {"ANTHROPIC_BASE_URL": "", "ANTHROPIC_API_KEY": "upstream", "UPSTREAM_JUDGMENT": "good", **given}
            for setting, value in given.items():
                setattr(settings, setting, value)

        return name

    def test_no_name_is_no_judge(self, named):
        named(JUDGE_MODEL="")
        assert configured_judge() is None

    async def test_address_and_key_are_the_models_unless_it_has_its_own(self, named):
        for given, address, key in [
            ({}, "https://api.anthropic.com", "upstream"),
            ({"ANTHROPIC_BASE_URL": "http://model:1"}, "http://model:1", "upstream"),
            ({"JUDGE_BASE_URL": "http://judge:1", "JUDGE_API_KEY": "own"}, "http://judge:1", "own"),
            ({"JUDGE_BASE_URL": "http://judge:1"}, "http://judge:1", "none"),
        ]:
            named(**given)
            judge = configured_judge()
            assert judge is not None
            assert str(judge._client.base_url).rstrip("/") == address
            assert judge._client.api_key == key
            await judge.close()

    async def test_a_model_of_poor_judgment_is_no_judge_by_default(self, named):
        named(ANTHROPIC_BASE_URL="http://small:1", UPSTREAM_JUDGMENT="poor")
        assert configured_judge() is None
        named(ANTHROPIC_BASE_URL="http://small:1", UPSTREAM_JUDGMENT="poor", JUDGE_BASE_URL="http://judge:1")
        judge = configured_judge()
        assert judge is not None
        await judge.close()
