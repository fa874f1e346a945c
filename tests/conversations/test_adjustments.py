"""Softcoded behaviours as users wish them: with one request, or stored for every turn of theirs."""

import time
from urllib.parse import quote

import anthropic
import httpx2
import pytest
from django.db import connection

from audit.log.models import Entry
from conversations.models import Conversation, Turn, UserAdjustments
from operators.keys import create_key
from operators.publishing import publish
from tests.conversations.records import ask, at_once, body, error_of, go_on

GIVEN = {"behaviours": {"graphic_violence": {"users_may_adjust": True}, "blunt_feedback": {"users_may_adjust": False}}}
CRUDE, CLEAN = {"crude_language": True}, {"crude_language": False}


def path(user: str) -> str:
    return f"/v1/users/{quote(user, safe='')}/adjustments"


def put(api, user, wishes):
    return api.put(path(user), json={"user_adjustments": wishes})


def effective(turn: str, behaviour: str = "crude_language") -> tuple[bool, str]:
    found = Turn.objects.get(pk=turn).decision["effective"][behaviour]
    return found["on"], found["origin"]


def with_request(wishes: dict[str, bool]) -> dict:
    return {"plumbline": {"user_adjustments": wishes}}


@pytest.fixture
def given(web, new_key):
    """A deployment that gives its users one behaviour and keeps another from them."""
    deployment, key = new_key(GIVEN)
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=20) as made:
        made.deployment = deployment
        yield made


def test_the_official_client_says_it_in_extra_body_plain_and_streaming(client, model):
    asked = {"model": "default", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    plain = client.messages.create(**asked, extra_body=with_request(CRUDE))
    assert effective(plain.plumbline["turn"]) == (True, "user")
    assert "not_granted" not in plain.plumbline
    assert "plumbline" not in model.requests[-1].body
    with client.messages.stream(**asked, extra_body=with_request({"explicit_content": True})) as stream:
        streamed = stream.get_final_message()
    assert list(streamed.plumbline["not_granted"]) == ["explicit_content"]
    assert effective(streamed.plumbline["turn"], "explicit_content") == (False, "charter")


def test_what_is_not_granted_is_said_with_its_rule_and_safer_wishes_are_honoured(given):
    wishes = {"graphic_violence": True, "blunt_feedback": True, "claims_to_be_human": True, "nonsense": True}
    told = ask(given, "hello", **with_request(wishes))
    assert told["not_granted"] == {
        "blunt_feedback": "this deployment does not give it to users"
        " (rule configuration.behaviours.blunt_feedback.users_may_adjust)",
        "claims_to_be_human": "is hardcoded: nobody changes it (rule behaviours.claims_to_be_human)",
        "nonsense": "is not a behaviour of the charter (rule behaviours)",
    }
    assert effective(told["turn"], "graphic_violence") == (True, "user")
    publish(given.deployment, {"behaviours": {"graphic_violence": {"state": "on"}}}, by=None)
    time.sleep(1)
    told = ask(given, "hello", **with_request({"graphic_violence": False}))
    assert "not_granted" not in told
    assert effective(told["turn"], "graphic_violence") == (False, "user")


def test_what_is_stored_holds_for_every_turn_of_that_user_and_nobody_else(api, web, new_key, model):
    stored = put(api, "anna", CRUDE)
    assert stored.json() == {
        "type": "user_adjustments",
        "user_id": "anna",
        "user_adjustments": CRUDE,
        "not_granted": {},
        "updated_at": stored.json()["updated_at"],
    }
    assert stored.json()["updated_at"]
    assert api.get(path("anna")).json() == stored.json()
    told = ask(api, "hello", "anna")
    assert effective(told["turn"]) == (True, "user")
    assert "You may swear" in str(model.requests[-1].body["system"])
    assert effective(go_on(api, told["conversation"], "more").json()["plumbline"]["turn"]) == (True, "user")
    assert effective(ask(api, "hello", "ben")["turn"]) == (False, "charter")
    assert effective(ask(api, "hello")["turn"]) == (False, "charter")
    with httpx2.Client(base_url=web, headers={"x-api-key": new_key()[1]}) as stranger:
        assert effective(ask(stranger, "hello", "anna")["turn"]) == (False, "charter")
        assert stranger.get(path("anna")).json()["user_adjustments"] == {}


def test_the_request_says_the_last_word(api):
    put(api, "anna", CRUDE)
    assert effective(ask(api, "hello", "anna", **with_request(CLEAN))["turn"]) == (False, "charter")
    mixed = ask(api, "hello", "anna", **with_request({"blunt_feedback": True}))["turn"]
    assert effective(mixed) == effective(mixed, "blunt_feedback") == (True, "user")


def test_a_change_and_its_end_hold_at_once(api):
    for wishes, state in ((CRUDE, (True, "user")), (CLEAN, (False, "charter")), (CRUDE, (True, "user"))):
        put(api, "anna", wishes)
        assert effective(ask(api, "hello", "anna")["turn"]) == state
    removed = api.delete(path("anna"))
    assert (removed.json()["user_adjustments"], removed.json()["updated_at"]) == ({}, None)
    assert effective(ask(api, "hello", "anna")["turn"]) == (False, "charter")
    assert api.delete(path("anna")).status_code == 200
    put(api, "anna", CRUDE)
    put(api, "anna", {})
    assert not UserAdjustments.objects.exists()


def test_a_change_by_another_process_holds_within_a_second(api):
    put(api, "anna", CRUDE)
    assert effective(ask(api, "hello", "anna")["turn"]) == (True, "user")
    assert effective(ask(api, "hello", "ben")["turn"]) == (False, "charter")
    row = UserAdjustments.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_useradjustments SET user_ref = 'ben'")
        cursor.execute("UPDATE conversations_useradjustments SET adjustments = '{\"crude_language\": true}'")
        cursor.execute("SELECT pg_notify('plumbline', 'adjustments:' || %s || ':anna')", [str(row.deployment_id)])
    time.sleep(1)
    assert effective(ask(api, "hello", "ben")["turn"]) == (True, "user")
    assert effective(ask(api, "hello", "anna")["turn"]) == (False, "charter")


def test_a_turn_of_a_user_already_known_asks_the_database_nothing(api):
    """The table is taken away: what the process knows is enough."""
    put(api, "anna", CRUDE)
    time.sleep(1)
    ask(api, "hello", "anna")
    ask(api, "hello", "ben")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_useradjustments RENAME TO away")
        try:
            assert effective(ask(api, "hello", "anna")["turn"]) == (True, "user")
            assert effective(ask(api, "hello", "ben")["turn"]) == (False, "charter")
            assert api.get(path("anna")).status_code == 503
        finally:
            cursor.execute("ALTER TABLE away RENAME TO conversations_useradjustments")


def test_a_deployment_that_stores_nothing_asks_once_for_all_its_users(api):
    ask(api, "hello", "anna")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_useradjustments RENAME TO away")
        try:
            assert ask(api, "hello", "someone else")
        finally:
            cursor.execute("ALTER TABLE away RENAME TO conversations_useradjustments")


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        ({"nonsense": True}, "user_adjustments.nonsense: is not a behaviour of the charter (rule behaviours)"),
        ({"emergency_referral": False}, "rule behaviours.emergency_referral"),
        ({"safe_messaging": False}, "rule behaviours.safe_messaging"),
        ({"explicit_content": True}, "rule behaviours.explicit_content"),
        ({"blunt_feedback": True}, "rule configuration.behaviours.blunt_feedback.users_may_adjust"),
        ({"crude_language": 1}, "user_adjustments"),
        ({"crude_language": None}, "user_adjustments"),
        ([], "user_adjustments"),
        (None, "user_adjustments"),
        ("on", "user_adjustments"),
        ({"x" * 101: True}, "user_adjustments"),
        ({str(number): True for number in range(101)}, "user_adjustments"),
    ],
)
def test_what_cannot_be_stored_is_a_400_that_names_the_rule(given, wishes, named):
    assert named in error_of(put(given, "anna", wishes), 400)
    assert not UserAdjustments.objects.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"user_adjustments":{"a":true}', b"[" * 100_000])
def test_a_malformed_body_is_a_400(api, content):
    assert "JSON" in error_of(api.put(path("anna"), content=content), 400)


def test_safer_wishes_may_be_stored_by_anyone(given):
    assert put(given, "anna", {"explicit_content": False, "safe_messaging": True}).status_code == 200


def test_what_is_withdrawn_is_kept_not_granted_and_said(given):
    assert put(given, "anna", {"graphic_violence": True}).status_code == 200
    assert effective(ask(given, "hello", "anna")["turn"], "graphic_violence") == (True, "user")
    publish(given.deployment, {}, by=None)
    time.sleep(1)
    told = ask(given, "hello", "anna")
    assert effective(told["turn"], "graphic_violence") == (False, "charter")
    assert list(told["not_granted"]) == list(given.get(path("anna")).json()["not_granted"]) == ["graphic_violence"]


@pytest.mark.parametrize("user", ["a/b", "a/adjustments", "ä ö?#%", "new\nline", "x" * 256, "\U0001f9ed", "a:b", "'"])
def test_any_text_may_be_a_user(api, user):
    assert put(api, user, CRUDE).json()["user_id"] == user
    assert effective(ask(api, "hello", user)["turn"]) == (True, "user")
    assert api.delete(path(user)).status_code == 200
    assert effective(ask(api, "hello", user)["turn"]) == (False, "charter")


@pytest.mark.parametrize("user", ["x" * 257, "a\0b"])
def test_what_no_request_may_name_is_no_user(api, user):
    for response in (api.get(path(user)), put(api, user, CRUDE), api.delete(path(user))):
        assert "user_id" in error_of(response, 400)


def test_each_change_is_an_entry_that_does_not_name_the_user(api):
    put(api, "anna@example.com", CRUDE)
    put(api, "anna@example.com", CRUDE)
    api.delete(path("anna@example.com"))
    api.delete(path("anna@example.com"))
    found = list(Entry.objects.filter(name__startswith="adjustments.").order_by("at"))
    assert [entry.name for entry in found] == ["adjustments.changed", "adjustments.removed"]
    assert found[0].subject_id == found[1].subject_id
    assert found[0].detail["adjustments"] == CRUDE
    assert "anna" not in str([[entry.subject_id, entry.detail] for entry in found])


def test_at_once_from_everywhere_the_last_one_holds(api):
    at_once(*[lambda: put(api, "anna", CRUDE), lambda: put(api, "anna", CLEAN)] * 4)
    kept = UserAdjustments.objects.get().adjustments
    assert api.get(path("anna")).json()["user_adjustments"] == kept
    assert effective(ask(api, "hello", "anna")["turn"])[0] == kept["crude_language"]


def test_scopes(api, web):
    ask(api, "hello")
    deployment = Conversation.objects.get().deployment
    for scope, reading, writing in (("records", 200, 403), ("turns", 403, 200)):
        headers = {"x-api-key": create_key(deployment, scope, by=None, scopes=[scope])[1]}
        with httpx2.Client(base_url=web, headers=headers) as scoped:
            assert scoped.get(path("anna")).status_code == reading
            assert put(scoped, "anna", CRUDE).status_code == scoped.delete(path("anna")).status_code == writing
    assert httpx2.get(f"{web}{path('anna')}").status_code == 401


@pytest.mark.parametrize("ours", [[], "x", 1, {"user_adjustments": []}, {"user_adjustments": {"a": "on"}}])
def test_a_malformed_wish_in_a_request_names_the_field(api, ours):
    assert "plumbline" in error_of(api.post("/v1/messages", json=body("hello", plumbline=ours)), 400)


def test_too_many_wishes_in_a_request_are_refused(client):
    with pytest.raises(anthropic.BadRequestError, match="at most 100"):
        client.messages.create(**body("hello"), extra_body=with_request({str(number): True for number in range(101)}))
