"""What stewards have in force holds in every turn: paused models and behaviours, forced reviews, a state not known."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from audit.cases.models import Case
from audit.log.models import Entry
from audit.oversight.models import ForcedReview, Pause
from audit.oversight.pauses import force_review, lift, place, release
from audit.reviews.tasks import review_turn
from conversations.models import Job, Turn
from operators.models import Account
from tests.conversations.catalogue import model as catalogue_model
from tests.support.product import free_port
from tests.support.product import web as serve
from tests.support.proxy import database_proxy
from tests.support.waiting import until

STORY = "Once there was a garden with a pear tree, and a bench under it. " * 12
LONG = f"[[say:{STORY}]][[chunks:80]][[slow:100]] a long story"
CRUDE = {"plumbline": {"user_adjustments": {"crude_language": True}}}


@pytest.fixture
def steward(transactional_db: None) -> Account:
    return Account.objects.create_user("steward@example.com", is_steward=True)


def ask(client: anthropic.Anthropic, model: str = "default", **more: Any) -> anthropic.types.Message:
    asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    return client.messages.create(model=model, **asked, **more)


class Reader:
    """Reads a stream in a thread of its own; `names` are its events, `error` what ended it."""

    def __init__(self, web: str, key: str, **more: Any) -> None:
        self.names: list[str] = []
        self.error = self.text = ""
        self.status = 0
        self._asked = {
            "model": "default",
            "max_tokens": 500,
            "stream": True,
            "messages": [{"role": "user", "content": LONG}],
            **more,
        }
        self._web, self._key = web, key
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        until(lambda: "content_block_start" in self.names or self.error)

    def _read(self) -> None:
        headers = {"x-api-key": self._key}
        with httpx2.stream("POST", f"{self._web}/v1/messages", json=self._asked, headers=headers, timeout=30) as got:
            self.status = got.status_code
            for line in got.iter_lines():
                if line.startswith("event: "):
                    self.names.append(line.removeprefix("event: "))
                elif self.names and self.names[-1] == "content_block_delta" and line:
                    self.text += json.loads(line.removeprefix("data: "))["delta"]["text"]
                elif self.names and self.names[-1] == "error":
                    self.error += line

    def ended(self, seconds: float = 10) -> "Reader":
        self._thread.join(seconds)
        assert not self._thread.is_alive()
        return self


def in_valid_order(names: list[str]) -> bool:
    """An answer that broke off: begun, its block never closed, and `error` the last event there is."""
    kinds = [name for name in names if name != "ping"]
    return (
        kinds[:2] == ["message_start", "content_block_start"]
        and set(kinds[2:-1]) <= {"content_block_delta"}
        and kinds[-1] == "error"
    )


def test_a_paused_model_is_refused_by_every_name_and_others_answer(web, new_key, model, steward):
    catalogue_model("small", {None: "claude-mock-small-1"}, aliases=["little"])
    _, key = new_key()
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        until(lambda: client.models.list().data)
        ask(client, "little")
        pause = place("model", "small", reason="It says odd things", by=steward)
        time.sleep(1)
        for name in ("small", "little"):
            with pytest.raises(anthropic.PermissionDeniedError, match=r"small is paused.*odd things"):
                ask(client, name)
            with pytest.raises(anthropic.PermissionDeniedError):
                client.messages.count_tokens(model=name, messages=[{"role": "user", "content": "x"}])
        assert ask(client).content
        asked = {"extra_body": {"fallbacks": [{"model": "small"}]}}
        ask(client, **asked)
        assert "fallbacks" not in model.requests[-1].body
        lift(pause, by=steward, reason="It was mended")
        time.sleep(1)
        assert ask(client, "small").content
    assert [entry.subject_id for entry in Entry.objects.filter(name__startswith="pause.")] == ["small", "small"]


def test_a_paused_behaviour_is_off_for_everyone_and_wishes_hear_why(web, new_key, model, steward):
    _, key = new_key({"behaviours": {"graphic_violence": {"state": "on"}}})
    place("behaviour", "graphic_violence", reason="Under review", by=steward)
    place("behaviour", "crude_language", reason="Under review", by=steward)
    time.sleep(1)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        told = ask(client, extra_body=CRUDE).plumbline
    assert told["not_granted"] == {
        "crude_language": "is paused by the platform's stewards (rule behaviours.crude_language)"
    }
    effective = Turn.objects.get(pk=told["turn"]).decision["effective"]
    for paused in ("graphic_violence", "crude_language"):
        assert (effective[paused]["on"], effective[paused]["origin"]) == (False, "stewards")


def test_a_running_stream_that_has_the_behaviour_ends_and_one_that_has_not_goes_on(web, new_key, model, steward):
    _, key = new_key()
    having, other = Reader(web, key, **CRUDE), Reader(web, key)
    paused_at = time.monotonic()
    place("behaviour", "crude_language", reason="Not now", by=steward)
    having.ended()
    assert time.monotonic() - paused_at < 1
    assert "crude_language" in having.error
    assert in_valid_order(having.names)
    assert not other.error
    until(lambda: other.text)
    place("platform", "", reason="Enough", by=steward)
    other.ended()
    assert "Enough" in other.error
    assert in_valid_order(other.names)
    until(lambda: Turn.objects.count() == 2)
    assert {turn.status for turn in Turn.objects.all()} == {"paused"}
    assert {turn.content["answer"][0]["text"] for turn in Turn.objects.all()} == {having.text, other.text}


@pytest.mark.parametrize("behaviour", ["emergency_referral", "safe_messaging", "no_such_thing"])
def test_what_protects_cannot_be_paused(steward, behaviour):
    with pytest.raises(ValueError, match="off by default"):
        place("behaviour", behaviour, reason="Why not", by=steward)
    assert not Pause.objects.exists()


def test_every_turn_of_a_deployment_held_to_review_is_flagged_and_opens_a_case(web, new_key, model, steward):
    deployment, key = new_key()
    forced = force_review(deployment.pk, reason="Complaints came in", by=steward)
    time.sleep(1)
    with anthropic.Anthropic(base_url=web, api_key=key, max_retries=0) as client:
        ask(client)
        turn = Turn.objects.get()
        assert turn.flagged
        assert turn.decision["flags"] == ["stewards.review"]
        assert turn.decision["forced_review"] == "Complaints came in"
        review_turn(Job.objects.get(turn=turn, kind="audit").pk)
        assert "Complaints came in" in Case.objects.get().reason
        release(forced, by=steward, reason="All is well")
        time.sleep(1)
        ask(client)
    assert not Turn.objects.exclude(pk=turn.pk).get().flagged
    told = list(Entry.objects.filter(name__startswith="review.").order_by("at").values_list("name", "subject_id"))
    assert told == [("review.forced", str(deployment.pk)), ("review.released", str(deployment.pk))]
    assert ForcedReview.objects.get().lift_reason == "All is well"


def test_a_pause_outlives_a_restart(new_key, model, steward, log_file: Path):
    deployment, key = new_key()
    place("operator", deployment.operator_id, reason="Still so", by=steward)
    for _ in range(2):
        with serve(free_port(), {"ANTHROPIC_BASE_URL": model.url}, log_file) as web:
            until(lambda web=web: refusal(web, key) == 403)
    assert not Turn.objects.exists()


def refusal(web: str, key: str) -> int:
    """The status of a turn's answer."""
    asked = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    return httpx2.post(f"{web}/v1/messages", json=asked, headers={"x-api-key": key}, timeout=20).status_code


def test_a_process_that_cannot_learn_the_state_ends_its_streams_and_comes_back(new_key, model, log_file: Path):
    _, key = new_key()
    with database_proxy() as (proxy, url):
        environment = {"DATABASE_URL": url, "ANTHROPIC_BASE_URL": model.url, "PLUMBLINE_STALE_STATE_SECONDS": "2"}
        with serve(free_port(), environment, log_file) as web:
            until(lambda: refusal(web, key) == 200)
            reader = Reader(web, key)
            proxy.cut()
            reader.ended(15)
            assert "not known any more" in reader.error, reader.names
            assert in_valid_order(reader.names)
            assert refusal(web, key) == 503
            proxy.mend()
            until(lambda: refusal(web, key) == 200, 20)
