"""The console's keys: what the API can do with them, for people."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.log.models import Entry
from operators.keys import create_key, parse_key
from operators.models import Key, Operator


def page(app) -> str:
    return reverse("deployment-keys", args=[app.pk])


def act(what: str, key: Key) -> str:
    return reverse(f"key-{what}", args=[key.deployment_id, key.pk])


def words(text: str) -> str:
    return re.sub(r"<[^>]+>", "", text)


def shown_key(text: str) -> str:
    return re.search(r"plk_[0-9a-f]{16}_[0-9a-f]{64}", text).group()


def test_a_key_is_made_with_scopes_and_an_expiry_and_shown_once(app, member):
    client = member()
    told = client.post(page(app), {"name": "ci", "scopes": ["manage"], "expires_at": "2031-05-01T12:00"})
    secret = shown_key(told.text)
    key = Key.objects.get()
    assert (key.public_id, key.scopes) == (parse_key(secret).public_id, ["manage"])
    assert key.expires_at.isoformat() == "2031-05-01T12:00:00+00:00"
    again = client.get(page(app)).text
    assert secret not in again
    assert ("expires 1 May 2031, 12:00 UTC" in words(again), "never used" in again) == (True, True)


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("scopes", {"name": "x", "scopes": []}),
        ("scopes", {"name": "x", "scopes": ["root"]}),
        ("expires_at", {"name": "x", "scopes": ["turns"], "expires_at": "2020-01-01T00:00"}),
        ("expires_at", {"name": "x", "scopes": ["turns"], "expires_at": "9999-12-31T00:00"}),
        ("expires_at", {"name": "x", "scopes": ["turns"], "expires_at": "soon"}),
        ("name", {"name": "a\x00b", "scopes": ["turns"]}),
        ("name", {"name": "a\u202eb", "scopes": ["turns"]}),
        ("name", {"name": "x" * 121, "scopes": ["turns"]}),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(app, member, field, sent):
    told = member().post(page(app), sent)
    assert told.context["form"].errors.keys() == {field}
    assert 'class="error"' in told.text
    assert not Key.objects.exists()


def test_a_key_is_rotated_with_overlap(app, member):
    old, text = create_key(app, "backend", by=None, scopes=["turns"])
    told = member().post(act("rotate", old), {"overlap_hours": "5"})
    secret = shown_key(told.text)
    assert secret != text
    old.refresh_from_db()
    assert (old.replaced_by.public_id, old.replaced_by.scopes) == (parse_key(secret).public_id, ["turns"])
    assert timedelta(hours=4.9) < old.expires_at - timezone.now() <= timedelta(hours=5)
    assert "replaced" in told.text
    assert Entry.objects.get(name="key.rotated").actor_type == "account"


@pytest.mark.parametrize("hours", ["", "-1", "721", "many"])
def test_an_overlap_that_cannot_be_is_said_beside_it(app, member, hours):
    old, _ = create_key(app, "backend", by=None)
    told = member().post(act("rotate", old), {"overlap_hours": hours})
    assert told.status_code == 200
    assert re.search(r'<details class="confirm" open>.*?class="error"', told.text, re.DOTALL)
    assert Key.objects.count() == 1


def test_a_key_that_was_ended_meanwhile_is_not_rotated(app, member):
    old, _ = create_key(app, "backend", by=None)
    Key.objects.update(revoked_at=timezone.now())
    assert member().post(act("rotate", old), {"overlap_hours": "1"}).status_code == 200
    assert Key.objects.count() == 1


def test_when_a_key_was_last_used_is_told(app, member):
    create_key(app, "backend", by=None)
    Key.objects.update(last_used_at=timezone.now().replace(year=2026, month=3, day=9, hour=8, minute=7))
    assert "last used 9 Mar 2026, 08:07 UTC" in words(member().get(page(app)).text)
    elsewhere = member()
    elsewhere.cookies["zone"] = "Europe/Berlin"
    assert "last used 9 Mar 2026, 09:07 CET" in words(elsewhere.get(page(app)).text)


def test_analysts_read_and_others_find_nothing(app, member):
    key, _ = create_key(app, "backend", by=None)
    analyst, stranger = member("analyst"), member(operator=Operator.objects.create(name="Other"))
    assert analyst.get(page(app)).status_code == 200
    assert "Rotate" not in analyst.get(page(app)).text
    for what in ("rotate", "revoke"):
        assert analyst.post(act(what, key)).status_code == 403
        assert stranger.post(act(what, key)).status_code == 404
        assert analyst.get(act(what, key)).status_code == 405
    assert Key.objects.get().state == "active"
