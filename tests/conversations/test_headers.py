"""The headers of the Messages API, as they come and as they go."""

import re
from typing import Any

import httpx2
import pytest

BODY: dict[str, Any] = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


def post(web: str, key: str, headers: dict[str, Any], path: str = "messages", **body: Any) -> httpx2.Response:
    return httpx2.post(f"{web}/v1/{path}", json={**BODY, **body}, headers={"x-api-key": key, **headers})


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_version_goes_along(web, key, model, version, stream):
    assert post(web, key, {"anthropic-version": version}, stream=stream).status_code == 200
    assert model.requests[-1].headers["anthropic-version"] == version


def test_without_a_version_the_oldest_behaviour_is_meant(web, key, model):
    assert post(web, key, {}).status_code == 200
    assert model.requests[-1].headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize("version", ["", "yesterday", "2023-06-01, 2026-10-21", "2023-6-1"])
@pytest.mark.parametrize("path", ["messages", "messages/count_tokens"])
def test_what_cannot_be_a_version_is_a_400_that_names_the_header(web, key, model, version, path):
    answered = post(web, key, {"anthropic-version": version}, path)
    assert answered.status_code == 400
    assert answered.json()["error"] == {
        "type": "invalid_request_error",
        "message": f'anthropic-version: "{version}" is not a valid version',
    }
    assert not model.requests


def test_a_version_that_the_models_server_does_not_know_is_its_to_refuse(web, key):
    answered = post(web, key, {"anthropic-version": "1999-01-01"})
    assert answered.status_code == 400
    assert answered.json()["error"]["message"] == 'anthropic-version: "1999-01-01" is not a valid version'


def test_all_betas_go_along(web, key, model):
    headers = [("x-api-key", key), ("anthropic-beta", "one-2026-01-01"), ("anthropic-beta", "two-2026-01-01,three")]
    assert httpx2.post(f"{web}/v1/messages?beta=true", json=BODY, headers=headers).status_code == 200
    sent = model.requests[-1].headers["anthropic-beta"]
    assert re.split(", ?", sent) == ["one-2026-01-01", "two-2026-01-01", "three"]


@pytest.mark.parametrize("value", [b"\xff\xfe", b"a\tb", "\U0001f9ed".encode(), b"x" * 8000])
def test_odd_bytes_in_a_header_break_nothing(web, key, value):
    assert post(web, key, {"anthropic-beta": value}).status_code in {200, 400, 431}


def test_either_header_brings_the_key(web, key):
    bearer = httpx2.post(f"{web}/v1/messages", json=BODY, headers={"authorization": f"Bearer {key}"})
    assert bearer.status_code == 200
    assert httpx2.post(f"{web}/v1/messages", json=BODY).json()["error"]["type"] == "authentication_error"


def test_every_answer_has_a_request_id_of_its_own(web, key):
    answers = [
        post(web, key, {}),
        post(web, key, {}, stream=True),
        post(web, key, {}, "messages/count_tokens"),
        post(web, key, {}, max_tokens=-1),
        post(web, key, {}, model="nobody"),
        post(web, "plk_nobody", {}),
        post(web, key, {}, messages=[{"role": "user", "content": "[[status:529]]"}]),
        httpx2.get(f"{web}/v1/models", headers={"x-api-key": key}),
        httpx2.get(f"{web}/v1/nothing"),
        httpx2.get(f"{web}/v1/messages"),
    ]
    ids = [answer.headers["request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"req_\w{24}", one) for one in ids)
    failed = [answer for answer in answers if answer.status_code != 200]
    assert [answer.json()["request_id"] for answer in failed] == [answer.headers["request-id"] for answer in failed]
