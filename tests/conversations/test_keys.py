"""Authentication: what opens a deployment, and how fast it closes."""

import time
from datetime import timedelta

import anthropic
import httpx2
import pytest
from django.utils import timezone

from audit.log.models import Entry
from operators.keys import create_key, revoke_key
from operators.models import Account, Configuration, Deployment, Key
from operators.publishing import publish

ASKED = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


def ask(web: str, key: str) -> httpx2.Response:
    return httpx2.post(f"{web}/v1/messages", json=ASKED, headers={"x-api-key": key})


def test_a_bearer_token_serves_as_well(web, key):
    with anthropic.Anthropic(base_url=web, auth_token=key, api_key=None, max_retries=0) as client:
        assert client.messages.create(**ASKED).content


@pytest.mark.parametrize("bad", ["", "plk", "plk_x_y", "sk-ant-123", "plk__", "plk_" + "a" * 500, "plk_é_ü"])
def test_anything_but_a_key_is_a_401_in_shape(web, bad):
    response = httpx2.post(f"{web}/v1/messages", json=ASKED, headers={"x-api-key": bad.encode()})
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"
    assert response.headers["request-id"].startswith("req_")


def test_a_right_public_id_with_a_wrong_secret_is_refused(web, key):
    assert ask(web, key[:-1] + ("0" if key[-1] != "0" else "1")).status_code == 401


def test_only_a_hash_of_the_secret_is_stored(key):
    stored = Key.objects.get()
    assert key.rpartition("_")[2].encode() not in bytes(stored.secret_hash)
    assert len(bytes(stored.secret_hash)) == 32


def test_a_revoked_key_is_refused_within_a_second_by_a_process_that_knew_it(web, new_key):
    deployment, key = new_key()
    assert ask(web, key).status_code == 200
    by = Account.objects.create_user("owner@example.com")
    revoke_key(deployment.keys.get(), by=by)
    time.sleep(1)
    response = ask(web, key)
    assert (response.status_code, response.json()["error"]["message"]) == (401, "this key was revoked")
    assert Entry.objects.filter(name="key.revoked").count() == 1


def test_an_expired_key_is_refused(web, new_key):
    deployment, _ = new_key()
    _, key = create_key(deployment, "old", by=None, expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(web, key).json()["error"]["message"] == "this key has expired"


def test_a_key_made_after_it_was_guessed_works_at_once(web, new_key):
    deployment, _ = new_key()
    key, text = create_key(deployment, "new", by=None)
    Key.objects.filter(pk=key.pk).update(public_id="f" * 16)
    assert ask(web, text).status_code == 401
    Key.objects.filter(pk=key.pk).update(public_id=key.public_id)
    time.sleep(1)
    assert ask(web, text).status_code == 200


def test_a_published_configuration_holds_within_a_second(web, new_key):
    deployment, key = new_key()
    assert ask(web, key).json()["plumbline"]["configuration"] == 1
    publish(deployment, {"instructions": "Speak like a pirate."}, by=None)
    time.sleep(1)
    assert ask(web, key).json()["plumbline"]["configuration"] == 2


def test_settings_that_no_longer_fit_the_charter_answer_nobody_and_say_so(web, new_key):
    deployment, key = new_key()
    live = Configuration.objects.create(
        deployment=deployment, number=2, settings={"behaviours": {"gone": {"state": "on"}}}, charter_version="0"
    )
    Deployment.objects.filter(pk=deployment.pk).update(live=live)
    time.sleep(1)
    response = ask(web, key)
    assert (response.status_code, "publish it anew" in response.text) == (401, True)


def test_a_key_reaches_no_further_than_its_scopes(web, new_key):
    deployment, _ = new_key()
    _, key = create_key(deployment, "archive", by=None, scopes=["records"])
    response = ask(web, key)
    assert response.status_code == 403
    assert response.json()["error"] == {
        "type": "permission_error",
        "message": "this key may not do that: it lacks the scope 'turns'",
    }
