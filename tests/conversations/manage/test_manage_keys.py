"""Keys through the API: secrets leave once, scopes never widen, rotation overlaps, nobody is locked out unawares."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone

from audit.log.models import Entry
from operators.keys import create_key
from operators.models import Key
from tests.support.waiting import until

ASKED = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}


def ask(web: str, key: str) -> int:
    return httpx2.post(f"{web}/v1/messages", json=ASKED, headers={"x-api-key": key}).status_code


def own_id(manager) -> str:
    return str(Key.objects.get(public_id=manager.key.split("_")[1]).pk)


def test_a_key_is_made_and_its_secret_leaves_once(manager):
    response = manager("POST", "keys", {"name": "web backend", "scopes": ["turns"]})
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    made = response.json()
    assert ask(manager.web, made["key"]) == 200
    assert made["key"].startswith(made["prefix"] + "_")
    assert (made["scopes"], made["state"], made["expires_at"]) == (["turns"], "active", None)
    secret = made["key"].rpartition("_")[2]
    shown = manager("GET", "keys").text + manager("GET", f"keys/{made['id']}").text
    assert secret not in shown
    assert made["prefix"] in shown
    entry = Entry.objects.get(name="key.created", subject_id=made["id"])
    assert (entry.actor_type, entry.actor_id) == ("key", own_id(manager))
    assert secret not in str(entry.detail)


def test_a_key_expires_when_it_was_told_to(manager):
    soon = (timezone.now() + timedelta(seconds=1)).isoformat()
    made = manager("POST", "keys", {"name": "short", "scopes": ["turns"], "expires_at": soon}).json()
    until(lambda: ask(manager.web, made["key"]) == 401)
    assert manager.get(f"keys/{made['id']}")["state"] == "expired"


@pytest.mark.parametrize(
    "at", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2030-01-01", "9999-12-31T23:59:59-23:59", "soon", 5, True]
)
def test_an_expiry_that_cannot_be_is_refused_by_name(manager, at):
    response = manager("POST", "keys", {"name": "x", "expires_at": at})
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("expires_at: ")


def test_a_key_gives_no_scope_that_it_lacks(new_manager):
    manager = new_manager(scopes=["manage", "records"])
    refused = manager("POST", "keys", {"name": "app"})
    assert refused.status_code == 403
    assert "turns" in refused.json()["error"]["message"]
    assert manager("POST", "keys", {"name": "more", "scopes": ["manage"]}).status_code == 201
    app, _ = create_key(manager.deployment, "app", by=None)
    assert manager("POST", f"keys/{app.pk}/rotate").status_code == 403
    assert manager("POST", f"keys/{app.pk}/revoke").status_code == 200


@pytest.mark.parametrize("scopes", [[], "manage", ["root"], [["turns"]], {"turns": 1}])
def test_scopes_are_of_the_known_ones(manager, scopes):
    response = manager("POST", "keys", {"name": "x", "scopes": scopes})
    assert (response.status_code, "scopes:" in response.text) == (400, True)


def test_a_rotated_key_overlaps_with_the_one_in_its_place(manager):
    _, text = create_key(manager.deployment, "backend", by=None, scopes=["turns"])
    old = Key.objects.get(name="backend")
    made = manager("POST", f"keys/{old.pk}/rotate", {"overlap_hours": 2}).json()
    assert (made["name"], made["scopes"]) == ("backend", ["turns"])
    assert made["replaces"]["replaced_by"] == made["id"]
    assert [ask(manager.web, key) for key in (text, made["key"])] == [200, 200]
    old.refresh_from_db()
    assert timedelta(hours=1.9) < old.expires_at - timezone.now() < timedelta(hours=2)
    entry = Entry.objects.get(name="key.rotated")
    assert (entry.subject_id, entry.detail["replaced_by"], entry.actor_type) == (str(old.pk), made["id"], "key")


def test_a_rotation_without_overlap_ends_the_old_key_at_once(manager):
    old, text = create_key(manager.deployment, "backend", by=None)
    assert ask(manager.web, text) == 200
    made = manager("POST", f"keys/{old.pk}/rotate", {"overlap_hours": 0}).json()
    until(lambda: ask(manager.web, text) == 401)
    assert ask(manager.web, made["key"]) == 200


def test_the_new_key_lives_as_long_as_the_old_one_was_to(manager):
    ends = timezone.now() + timedelta(days=90)
    old, _ = create_key(manager.deployment, "backend", by=None, expires_at=ends)
    made = manager("POST", f"keys/{old.pk}/rotate").json()
    lives = Key.objects.get(pk=made["id"]).expires_at - timezone.now()
    assert timedelta(days=89) < lives <= timedelta(days=90, minutes=1)


def test_of_two_rotations_at_once_one_is_made(manager):
    old, _ = create_key(manager.deployment, "backend", by=None)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: manager("POST", f"keys/{old.pk}/rotate").status_code, range(4))
        assert sorted(answers) == [201, 409, 409, 409]
    assert manager.deployment.keys.filter(name="backend").count() == 2


def test_a_revoked_key_is_not_rotated_and_revoking_twice_is_one_entry(manager):
    old, _ = create_key(manager.deployment, "backend", by=None)
    for _ in range(2):
        assert manager("POST", f"keys/{old.pk}/revoke").json()["state"] == "revoked"
    assert manager("POST", f"keys/{old.pk}/rotate").status_code == 409
    assert Entry.objects.filter(name="key.revoked", subject_id=str(old.pk)).count() == 1


def test_a_key_ends_itself_only_when_it_says_so(manager):
    me = own_id(manager)
    assert manager("POST", f"keys/{me}/revoke").status_code == 409
    assert manager("POST", f"keys/{me}/rotate", {"overlap_hours": 0}).status_code == 409
    assert manager("POST", f"keys/{me}/revoke", {"itself": True}).status_code == 200
    until(lambda: manager("GET", "keys").status_code == 401)


def test_a_key_revoked_elsewhere_manages_nothing_more(manager):
    other, _ = create_key(manager.deployment, "other", by=None)
    manager.get("keys")  # the process knows the key
    Key.objects.filter(public_id=manager.key.split("_")[1]).update(revoked_at=timezone.now())
    assert manager("POST", f"keys/{other.pk}/revoke").status_code == 401
    other.refresh_from_db()
    assert other.state == "active"


def test_keys_are_listed_in_pages_newest_first(manager):
    for number in range(3):
        create_key(manager.deployment, f"k{number}", by=None)
    first = manager.get("keys", limit=2)
    assert [one["name"] for one in first["data"]] == ["k2", "k1"]
    rest = manager.get("keys", after_id=first["last_id"])
    assert [one["name"] for one in rest["data"]] == ["k0", "ci", "test"]
    assert rest["has_more"] is False
    assert manager("GET", "keys?after_id=nobody").status_code == 400


def test_when_a_key_was_last_used_is_known_and_costs_one_write_a_minute(manager):
    app, text = create_key(manager.deployment, "app", by=None)
    assert manager.get(f"keys/{app.pk}")["last_used_at"] is None
    ask(manager.web, text)
    until(lambda: manager.get(f"keys/{app.pk}")["last_used_at"])
    first = manager.get(f"keys/{app.pk}")["last_used_at"]
    ask(manager.web, text)
    time.sleep(1)
    assert manager.get(f"keys/{app.pk}")["last_used_at"] == first


def test_no_secret_is_in_the_process_log(manager, tmp_path_factory):
    made = manager("POST", "keys", {"name": "x"}).json()
    rotated = manager("POST", f"keys/{made['id']}/rotate").json()
    manager("POST", "keys", {"name": made["key"] * 3})
    manager("GET", f"keys/{made['key']}")
    logs = list(tmp_path_factory.getbasetemp().glob("web*/web.log"))
    assert logs
    for key in (manager.key, made["key"], rotated["key"]):
        assert all(key.rpartition("_")[2] not in log.read_text() for log in logs)
