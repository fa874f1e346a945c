"""What the running server answers is what the contract says, in each operation once, and in each kind of error."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from conversations.api.contract.document import OPERATIONS, contract
from operators.keys import create_key
from operators.models.deployments import Scope
from tests.conversations.contract.validating import problems
from tests.support.waiting import until

PLACES = {operation.name: at for at, operation in OPERATIONS.items()}
BODY = {"model": "default", "max_tokens": 50, "messages": [{"role": "user", "content": "What is a monad?"}]}
SETTINGS = {"scope": {"description": "Help with programming.", "restrict": True}}

GENERAL = {"cache-control", "content-length", "content-type", "date", "server", "transfer-encoding"}
GENERAL |= {"content-security-policy", "x-content-type-options"}
"""Headers of HTTP itself, which mean what they mean everywhere."""


class Caller:
    """Calls operations by their names, and holds each answer against the contract."""

    def __init__(self, web: str, key: str) -> None:
        self.called: set[str] = set()
        self.last: httpx2.Response | None = None
        self._client = httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=30)

    def __call__(self, name: str, body: Any = None, *, status: int = 200, headers: Any = None, **values: str) -> Any:
        """`values` are put into the path; the others make the query."""
        path, method = PLACES[name]
        query = {key: value for key, value in values.items() if f"{{{key}}}" not in path}
        options = {"params": query, "headers": headers or {}} | ({} if body is None else {"json": body})
        response = self._client.request(method, path.format(**values), **options)
        assert response.status_code == status, response.text
        check(name, response)
        self.called.add(name)
        self.last = response
        return response.json() if response.headers["content-type"] == "application/json" else response.text

    def close(self) -> None:
        self._client.close()


def check(name: str, response: httpx2.Response) -> None:
    path, method = PLACES[name]
    said = resolved(contract()["paths"][path][method.lower()]["responses"][str(response.status_code)])
    assert response.headers.keys() - GENERAL - said["headers"].keys() == set(), name
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in said["content"], f"{name}: {kind}"
    if kind == "application/json":
        assert problems(said["content"][kind]["schema"], response.json()) == []


def resolved(part: Any) -> Any:
    while "$ref" in part:
        found = contract()
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


@pytest.fixture
def call(web: str, new_key: Callable[..., Any]) -> Any:
    caller = Caller(web, create_key(new_key()[0], "all", by=None, scopes=Scope.values)[1])
    yield caller
    caller.close()


def test_each_operation_answers_as_described(call, working):
    turns(call)
    records(call)
    batches(call)
    configurations(call)
    keys(call)
    for name in ("healthz", "readyz", "openapi"):
        call(name)
    assert call.called == PLACES.keys()


def turns(call: Caller) -> None:
    assert call("create_message", BODY)["plumbline"]["outcome"] == "answer"
    call("create_message", {**BODY, "stream": True})
    call("count_tokens", {name: BODY[name] for name in ("model", "messages")})
    call("create_chat_completion", {"model": "default", "messages": BODY["messages"]})
    call("create_chat_completion", {"model": "default", "messages": BODY["messages"], "stream": True})
    call("decide", BODY)
    assert call("list_models")["data"]
    call("get_model", model_id="default")


def records(call: Caller) -> None:
    conversation = call("create_message", {**BODY, "metadata": {"user_id": "u-17"}})["plumbline"]["conversation"]
    call("continue_conversation", BODY, conversation_id=conversation)
    assert len(call("list_conversations", user_id="u-17")["data"]) == 1
    call("get_conversation", conversation_id=conversation)
    turn = call("list_turns", conversation_id=conversation, limit="1")["data"][0]["id"]
    call("get_turn", turn_id=turn)
    call("get_turn_decision", turn_id=turn)
    # No sequencer runs here; test_receipts.py has the proofs.
    call("get_receipt", receipt_id=call.last.json()["turn"], status=404)
    call("get_log")
    call("get_log_consistency", status=404, **{"from": "1"})
    call("put_user_adjustments", {"user_adjustments": {"blunt_feedback": True}}, user_id="u-17")
    call("get_user_adjustments", user_id="u-17")
    call("delete_user_adjustments", user_id="u-17")
    appeal = call("create_appeal", {"turn_id": turn, "reason": "Not so."}, status=201)["id"]
    call("get_appeal", appeal_id=appeal)
    call("end_conversation", conversation_id=conversation)
    call("delete_user", user_id="u-17")
    call("delete_conversation", conversation_id=conversation)
    call("get_turn", turn_id=turn)
    call("get_turn_decision", turn_id=turn)


def batches(call: Caller) -> None:
    batch = call("create_batch", {"requests": [{"custom_id": "a", "params": BODY}]})["id"]
    call("get_batch_results", batch_id="msgbatch_" + "0" * 32, status=404)
    call("cancel_batch", batch_id=batch)
    until(lambda: call("get_batch", batch_id=batch)["processing_status"] == "ended", 60)
    assert call("list_batches")["data"]
    for line in call("get_batch_results", batch_id=batch).splitlines():
        assert problems({"$ref": "#/components/schemas/BatchResult"}, json.loads(line)) == []
    call("delete_batch", batch_id=batch)


def configurations(call: Caller) -> None:
    call("get_deployment")
    call("change_deployment", {"models": {"allowed": [], "aliases": {"fast": "default"}}})
    call("change_data_settings", {"region_note": "Frankfurt", "retention_days": None})
    call("get_data_settings")
    call("put_draft", {"settings": SETTINGS})
    call("get_draft")
    assert call("validate", {"settings": SETTINGS})["differences"]
    assert call("validate", {"settings": {"scope": 1}})["problems"]
    call("publish", {"settings": {"scope": 1}}, status=400)
    call("publish", {"draft": True, "note": "From the draft"}, status=201)
    call("publish", {"settings": {}, "over": 1}, status=409)
    call("get_configuration", number="live")
    assert call("list_configurations", limit="1")["has_more"]
    call("get_differences", number="1", to="2")
    call("roll_back", {}, number="1", status=201)
    call("apply", {"settings": SETTINGS, "dry_run": True})
    call("apply", {"settings": SETTINGS})


def keys(call: Caller) -> None:
    expires_at = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    made = call("create_key", {"name": "app", "expires_at": expires_at}, status=201)
    assert call.last.headers["cache-control"] == "no-store"
    call("get_key", key_id=made["id"])
    assert call("list_keys", limit="1")["data"]
    new = call("rotate_key", {"overlap_hours": 1}, key_id=made["id"], status=201)
    call("revoke_key", {}, key_id=new["id"])
    assert call("list_entries", limit="2")["has_more"]
    assert call("get_usage", split="model,key")["total"]["turns"] > 0


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("create_message", {**BODY, "max_tokens": "many"}, 400),
        ("create_message", {**BODY, "model": "nobody"}, 404),
        ("create_message", {**BODY, "messages": [{"role": "user", "content": "[[status:500]]"}]}, 500),
        ("create_message", {**BODY, "messages": [{"role": "user", "content": "[[status:529]]"}]}, 529),
        ("create_message", {**BODY, "messages": [{"role": "user", "content": "[[status:429]]"}]}, 429),
        ("create_message", {**BODY, "messages": [{"role": "user", "content": "[[status:401]]"}]}, 502),
        ("create_chat_completion", {"model": "default", "messages": 1}, 400),
        ("create_chat_completion", {"model": "nobody", "messages": BODY["messages"]}, 404),
        (
            "create_chat_completion",
            {"model": "default", "messages": [{"role": "user", "content": "[[status:529]]"}]},
            503,
        ),
        ("create_batch", {"requests": []}, 400),
        ("list_conversations", None, 400),
    ],
)
def test_errors_have_the_shape_that_is_described(call, name, body, status):
    more = {"colour": "red"} if body is None else {}
    assert "error" in call(name, body, status=status, **more)


@pytest.mark.parametrize("name", [name for name, at in PLACES.items() if OPERATIONS[at].scope])
def test_strangers_are_turned_away_as_described(web, name):
    path, method = PLACES[name]
    response = httpx2.request(method, web + path.replace("{", "").replace("}", ""), timeout=20)
    assert response.status_code == 401
    check(name, response)
