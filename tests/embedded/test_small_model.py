"""The embedded model speaks the Messages API: plain, streamed, and counting tokens."""

import anthropic
import pytest

from embedded import model
from embedded.services import services

pytestmark = pytest.mark.model
QUESTION = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def client(directory, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere/0")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with services(directory / "run", model=True) as environment:
        assert environment["PLUMBLINE_UPSTREAM_MODEL"] == model.NAME
        key, address = environment["ANTHROPIC_API_KEY"], environment["ANTHROPIC_BASE_URL"]
        # retries as by default: the server closes its connection after each stream without announcing it
        with anthropic.Anthropic(base_url=address, api_key=key) as client:
            yield client


def test_it_answers_in_every_way_the_product_asks(client):
    answer = client.messages.create(model=model.NAME, max_tokens=8, system="Be brief.", messages=QUESTION)
    assert answer.content[0].text
    assert answer.usage.output_tokens <= 8
    with client.messages.stream(model=model.NAME, max_tokens=8, messages=QUESTION) as stream:
        kinds = [event.type for event in stream]
        text = stream.get_final_text()
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert text
    assert client.messages.count_tokens(model=model.NAME, messages=QUESTION).input_tokens > 3
    (served,) = client.get("/v1/models", cast_to=object)["data"]
    assert served["id"] == model.NAME
    assert served["meta"]["n_ctx"] == model.CONTEXT_TOKENS


def test_a_stream_has_its_beginning_whatever_the_first_word_is(client):
    question = [{"role": "user", "content": "Reply with emoji only, no words. 😀😀😀"}]
    for _ in range(10):
        with client.messages.stream(model=model.NAME, max_tokens=8, messages=question) as stream:
            assert next(iter(stream)).type == "message_start"
            stream.until_done()
