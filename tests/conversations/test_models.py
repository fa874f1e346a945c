"""GET /v1/models and the names that a turn may ask for."""

from datetime import UTC, datetime

import anthropic
import httpx2
import pytest
from django.conf import settings

from conversations.models import Turn
from operators.keys import create_key
from operators.models import Deployment, Operator, Upstream
from tests.conversations.catalogue import model as make_model
from tests.conversations.catalogue import upstream
from tests.support.model_server import running
from tests.support.waiting import until


@pytest.fixture
def three(transactional_db, client) -> list[str]:
    """Three models, the newest first, and last the environment's."""
    for year in (2024, 2025, 2026):
        make_model(f"m-{year}", {None: f"there-{year}"}, created_at=datetime(year, 1, 1, tzinfo=UTC))
    listed = ["m-2026", "m-2025", "m-2024", settings.UPSTREAM_MODEL]
    until(lambda: names(client) == listed)
    return listed


def names(client: anthropic.Anthropic, **query: object) -> list[str]:
    return [model.id for model in client.models.list(**query).data]


def ask(client: anthropic.Anthropic, name: str) -> anthropic.types.Message:
    return client.messages.create(model=name, max_tokens=9, messages=[{"role": "user", "content": "hello"}])


def test_the_environments_model_is_all_there_is_at_first(client):
    (only,) = client.models.list().data
    assert (only.type, only.id, only.lifecycle) == ("model", settings.UPSTREAM_MODEL, "active")
    assert client.models.retrieve(only.id) == only
    assert client.models.retrieve("default") == only


def test_pages_go_forth_and_back_and_end(client, three):
    assert [model.id for model in client.models.list(limit=1)] == three
    page = client.models.list(limit=2)
    assert (page.first_id, page.last_id, page.has_more) == (three[0], three[1], True)
    assert names(client, after_id=three[1]) == three[2:]
    assert client.models.list(after_id=three[1], limit=2).has_more is False
    back = client.models.list(before_id=three[3], limit=2)
    assert ([model.id for model in back.data], back.has_more) == (three[1:3], True)
    assert [model.id for model in client.models.list(before_id=three[2], limit=1)] == [three[1], three[0]]
    assert names(client, after_id=three[0], before_id=three[3]) == three[1:3]
    assert names(client, after_id="gone") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "lifecycle=asleep"])
def test_a_bad_parameter_is_a_400_that_names_it(web, key, query):
    response = httpx2.get(f"{web}/v1/models?{query}", headers={"x-api-key": key})
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(query.partition("=")[0])


def test_a_retired_model_is_shown_when_asked_for_and_never_used(client):
    retired_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    make_model("old", {None: "old"}, lifecycle="retired", deprecated_at=retired_at, retires_at=retired_at)
    until(lambda: names(client, lifecycle=["retired"]) == ["old"])
    assert client.models.retrieve("old").retires_at == retired_at
    assert "old" not in names(client)
    with pytest.raises(anthropic.NotFoundError):
        ask(client, "old")


def test_an_unknown_name_is_a_404_in_shape_and_no_turn(client, model):
    for call in (lambda: ask(client, "nobody"), lambda: client.models.retrieve("nobody")):
        with pytest.raises(anthropic.NotFoundError) as caught:
            call()
        assert caught.value.body["error"] == {"type": "not_found_error", "message": "model: nobody"}
    assert not Turn.objects.exists()
    assert not model.requests


@pytest.mark.parametrize("stream", [False, True])
def test_the_upstreams_name_goes_there_and_the_name_asked_for_comes_back(client, model, stream):
    make_model("public", {None: "private-1"}, aliases=["nickname"], display_name="Public One", max_tokens=50)
    until(lambda: "public" in names(client))
    for name in ("public", "nickname"):
        asked = {"model": name, "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
        if stream:
            with client.messages.stream(**asked) as events:
                answer = events.get_final_message()
        else:
            answer = client.messages.create(**asked)
        assert answer.model == name
        assert model.requests[-1].body["model"] == "private-1"
    assert names(client) == ["public", settings.UPSTREAM_MODEL]
    assert client.models.retrieve("nickname").id == "public"
    turn = Turn.objects.order_by("-started_at").first()
    assert (turn.model, turn.upstream, turn.upstream_model) == ("nickname", "environment", "private-1")
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: 51 > 50"):
        client.messages.create(model="public", max_tokens=51, messages=[{"role": "user", "content": "hello"}])


def test_a_deployment_is_held_to_its_list_and_has_names_of_its_own(client, three, model):
    Deployment.objects.update(model_names=["m-2025"], model_aliases={"fast": "m-2025", "dear": "m-2026"})
    until(lambda: names(client) == ["m-2025", "fast"])
    assert ask(client, "fast").model == "fast"
    assert model.requests[-1].body["model"] == "there-2025"
    for name in ("m-2026", "dear", "default", settings.UPSTREAM_MODEL):
        with pytest.raises(anthropic.NotFoundError, match=f"model: {name}"):
            ask(client, name)


def test_a_model_that_only_an_operators_own_upstream_serves_is_that_operators_alone(client, web):
    other = Operator.objects.create(name="Other")
    own = upstream("https://models.other.example", name="own", operator=other)
    make_model("theirs", {own: "x"})
    make_model("shared", {own: "x", None: "y"})
    deployment = Deployment.objects.create(operator=other, name="App")
    with anthropic.Anthropic(base_url=web, api_key=create_key(deployment, "k", by=None)[1], max_retries=0) as theirs:
        until(lambda: names(theirs) == ["shared", "theirs", settings.UPSTREAM_MODEL])
    until(lambda: names(client) == ["shared", settings.UPSTREAM_MODEL])


@pytest.mark.parametrize("stream", [False, True])
def test_the_record_says_which_upstream_answered_and_its_key_went_there_alone(client, model, stream):
    with running(api_key="sk-second") as second:
        there = upstream(second.url, name="second", key="sk-second")
        make_model("twice", {there: "at-second", None: "at-home"})
        until(lambda: "twice" in names(client))
        asked = {
            "model": "twice",
            "max_tokens": 9,
            "stream": stream,
            "messages": [{"role": "user", "content": "hello"}],
        }
        list(client.messages.create(**asked))
        second.script("hello", "[[status:529]]")
        list(client.messages.create(**asked))
        Upstream.objects.update(enabled=False)
        until(lambda: ask(client, "twice") and Turn.objects.latest("started_at").upstream == "environment")
    turns = Turn.objects.order_by("started_at").values_list("upstream", "upstream_model")[:2]
    assert list(turns) == [("second", "at-second"), ("environment", "at-home")]
    assert {received.headers["x-api-key"] for received in model.requests} == {settings.ANTHROPIC_API_KEY or "none"}


def test_openais_clients_get_their_own_shape(web, key):
    bearer = {"authorization": f"Bearer {key}"}
    listed = httpx2.get(f"{web}/v1/models", headers=bearer).json()
    assert listed["object"] == "list"
    assert [(model["id"], model["object"]) for model in listed["data"]] == [(settings.UPSTREAM_MODEL, "model")]
    one = httpx2.get(f"{web}/v1/models/{settings.UPSTREAM_MODEL}", headers=bearer).json()
    assert one == listed["data"][0]
    versioned = httpx2.get(f"{web}/v1/models", headers={**bearer, "anthropic-version": "2023-06-01"}).json()
    assert versioned["data"][0]["type"] == "model"


def test_a_slash_in_a_name_is_part_of_it(client):
    make_model("meta/llama-4", {None: "llama"})
    until(lambda: "meta/llama-4" in names(client))
    assert client.models.retrieve("meta/llama-4").id == "meta/llama-4"
