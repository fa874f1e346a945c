"""POST /v1/messages/batches: what is taken, and what is refused with a word that names it."""

import anthropic
import httpx2
import orjson
import pytest

from audit.log.models import Entry
from conversations.models import Batch, BatchItem, BatchPiece
from tests.support.batches import asking, make, opened_params

PLAIN = asking("hello")


def post(web: str, key: str, body: object, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"x-api-key": key, "content-type": "application/json", **headers}
    return httpx2.post(f"{web}/v1/messages/batches", content=content, headers=sent, timeout=60)


def one(params: object = PLAIN, custom_id: object = "a", **more: object) -> dict[str, object]:
    return {"requests": [{"custom_id": custom_id, "params": params, **more}]}


TWICE = {"requests": [{"custom_id": "a", "params": PLAIN}, {"custom_id": "b", "params": PLAIN}] * 2}
WRONG = {
    "no JSON": (b"{", "the body is not valid JSON"),
    "no object": ([], "requests: a list of at least one request is required"),
    "none": ({}, "requests: a list of at least one request is required"),
    "empty": ({"requests": []}, "requests: a list of at least one request is required"),
    "a number": ({"requests": [7]}, "requests.0: must be an object"),
    "no id": ({"requests": [{"params": PLAIN}]}, "requests.0.custom_id: 1 to 64"),
    "an empty id": (one(custom_id=""), "requests.0.custom_id: 1 to 64"),
    "a long id": (one(custom_id="a" * 65), "requests.0.custom_id: 1 to 64"),
    "an odd id": (one(custom_id="a b"), "requests.0.custom_id: 1 to 64"),
    "an id with a line's end": (one(custom_id="a\n"), "requests.0.custom_id: 1 to 64"),
    "an id with NUL": (one(custom_id="a\0"), "requests.0.custom_id: 1 to 64"),
    "a foreign digit": (one(custom_id="٣"), "requests.0.custom_id: 1 to 64"),
    "twice": (TWICE, "requests.2.custom_id: 'a' is that of requests.0 already"),
    "an unknown field": (one(parameters={}), "requests.0.parameters: is not known"),
    "no params": ({"requests": [{"custom_id": "a"}]}, "requests.0.params: must be an object"),
    "params as text": (one("hello"), "requests.0.params: must be an object"),
    "no messages": (one({"model": "m", "max_tokens": 1}), "requests.0.params.messages: at least one"),
    "no max_tokens": (one({**PLAIN, "max_tokens": None}), "requests.0.params.max_tokens: a whole number"),
    "a stream": (one({**PLAIN, "stream": True}), "requests.0.params.stream: an answer of a batch does not stream"),
    "adjustments": (one({**PLAIN, "plumbline": 7}), "requests.0.params.plumbline: must be an object"),
    "a lone surrogate": (b'{"requests":[{"custom_id":"\\ud800"}]}', "the body is not valid JSON"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_and_nothing_is_kept(web, key, name):
    body, told = WRONG[name]
    response = post(web, key, body)
    assert response.status_code == 400
    error = response.json()
    assert error["type"] == "error"
    assert error["error"]["type"] == "invalid_request_error"
    assert error["error"]["message"].startswith(told)
    assert not Batch.objects.exists()


def test_deep_nesting_is_refused(web, key):
    deep = b"[" * 300 + b"]" * 300
    response = post(web, key, orjson.dumps(one({**PLAIN, "tools": "DEEP"})).replace(b'"DEEP"', deep))
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("requests.0.params.tools: nested deeper than")


def test_the_requests_are_kept_as_they_were_sent(client):
    text = "NUL \0 and 🙂"
    batch = make(client, text, "another")
    stored = Batch.objects.get()
    assert str(stored) == batch.id
    items = list(BatchItem.objects.order_by("number"))
    assert [item.custom_id for item in items] == ["r-0", "r-1"]
    assert opened_params(items[0]) == asking(text)
    assert text.encode() not in bytes(items[0].params)
    entry = Entry.objects.get(name="batch.created")
    assert entry.subject_id == str(stored.pk)
    assert entry.actor_id == str(stored.key_id)
    whose = {"operator": str(stored.deployment.operator_id), "deployment": str(stored.deployment_id)}
    assert entry.detail == {**whose, "requests": 2}
    assert entry.digest is not None


def test_a_batch_is_cut_into_pieces_that_cover_it(client):
    make(client, *(["hello"] * 201))
    pieces = list(BatchPiece.objects.order_by("number").values_list("number", "first", "last"))
    assert pieces == [(0, 0, 99), (1, 100, 199), (2, 200, 200)]


LARGE = 3000
"""Requests, of half a kilobyte each: more than is read in the web process itself."""


def large(last: dict[str, object]) -> dict[str, object]:
    filled = asking("word " * 100)
    return {"requests": [*({"custom_id": f"r-{number}", "params": filled} for number in range(LARGE)), last]}


def test_a_large_batch_is_read_and_kept_whole(web, key):
    response = post(web, key, large({"custom_id": "last", "params": PLAIN}))
    assert response.status_code == 200
    assert response.json()["request_counts"]["processing"] == LARGE + 1
    assert BatchItem.objects.count() == LARGE + 1
    last = BatchItem.objects.get(number=LARGE)
    assert last.custom_id == "last"
    assert opened_params(last) == PLAIN
    assert opened_params(BatchItem.objects.get(number=7)) == asking("word " * 100)


def test_what_is_wrong_in_a_large_batch_is_named_too(web, key):
    response = post(web, key, large({"custom_id": "last", "params": {}}))
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(f"requests.{LARGE}.params.messages")
    assert not Batch.objects.exists()


def test_a_stranger_s_large_body_is_refused_for_the_key(web, key):
    response = post(web, key + "0", b" " * (33 * 2**20))
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


def test_bodies_over_the_usual_limit_are_taken_here_only(web, key):
    padded = b" " * (33 * 2**20) + orjson.dumps(one())
    assert post(web, key, padded).status_code == 200
    elsewhere = httpx2.post(f"{web}/v1/messages", content=padded, headers={"x-api-key": key}, timeout=60)
    assert elsewhere.status_code == 413
    assert "32 MiB" in elsewhere.json()["error"]["message"]


def test_without_a_key_there_is_nothing(web):
    for method, path in [("POST", ""), ("GET", ""), ("GET", "/x"), ("POST", "/x/cancel"), ("DELETE", "/x")]:
        response = httpx2.request(method, f"{web}/v1/messages/batches{path}", json={})
        assert response.status_code == 401


def test_a_key_that_does_not_answer_makes_no_batch(web, new_key):
    from operators.keys import create_key

    deployment, _ = new_key()
    _, records_only = create_key(deployment, "records", by=None, scopes=["records"])
    assert post(web, records_only, one()).status_code == 403


def test_too_many_waiting_requests_are_a_clear_429(client, new_key):
    make(client, "hello")
    Batch.objects.update(size=499_999)
    make(client, "hello")
    with pytest.raises(anthropic.RateLimitError, match="500000 requests of this deployment wait") as caught:
        make(client, "hello")
    assert caught.value.response.headers["retry-after"]
    Batch.objects.update(ended_at="2026-01-01T00:00:00Z")
    make(client, "hello")
