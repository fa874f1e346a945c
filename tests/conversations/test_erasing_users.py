"""Erasing a user: the key at once, everything else by a job that can be cut off, and nothing comes back."""

from uuid import uuid4

import pytest
from django.test import override_settings

from audit.log.models import Entry
from conversations import user_erasure
from conversations.models import BatchItem, Conversation, DataKey, Erasure, IdempotencyKey, Turn
from conversations.models.users import UserAdjustments
from conversations.tasks import carry_out_erasure as task
from conversations.user_erasure import ERASURES, erase_user
from operators.models import Deployment
from tests.conversations.records import ask, body, go_on, running_turn
from tests.conversations.test_deleting import everything, incomplete
from tests.conversations.test_sealed_content import raw
from tests.support.batches import LONG
from tests.support.waiting import until

USER, WORD = "anna@example.com", "zanzibar"
ACTOR = ("account", "7")


def finish(order: Erasure) -> None:
    """As once the time is over in which a record may still be under way."""
    with override_settings(ERASURE_SETTLE_SECONDS=0):
        assert task(str(order.pk)) is True


def erase(user: str = USER) -> Erasure:
    order = erase_user(Deployment.objects.latest("created_at"), user, ACTOR)
    assert task(str(order.pk)) is False  # a record may be under way still
    finish(order)
    order.refresh_from_db()
    return order


def test_not_a_word_and_not_the_name_are_left_anywhere(api):
    told = ask(api, f"hello {WORD}", USER)
    go_on(api, told["conversation"], f"[[say:{WORD}, indeed.]]")
    ask(api, WORD, USER)
    api.put(f"/v1/users/{USER}/adjustments", json={"adjustments": {}})
    named = {"idempotency-key": "k"}
    api.post("/v1/messages", json=body(WORD, USER), headers=named)
    other = ask(api, "[[say:Kept.]]", "ben")
    digest = Turn.objects.get(pk=told["turn"]).content_digest
    order = erase()
    held = raw()
    assert WORD not in held
    assert USER not in held
    assert (order.conversations, order.turns, order.user_ref) == (3, 4, "")
    assert DataKey.objects.count() == 1
    assert not UserAdjustments.objects.exists()
    assert bytes(IdempotencyKey.objects.get().envelope) == b""
    assert api.post("/v1/messages", json=body(WORD, USER), headers=named).status_code == 409
    assert api.get(f"/v1/turns/{told['turn']}").json()["gone"] == "deleted"
    assert api.get(f"/v1/turns/{other['turn']}").json()["answer"][0]["text"] == "Kept."
    assert Turn.objects.get(pk=told["turn"]).content_digest == digest
    assert incomplete() == []


def test_the_log_has_the_order_and_its_end_and_names_nobody(api):
    ask(api, "hello", USER)
    order = erase()
    asked, done = Entry.objects.get(name="erasure.requested"), Entry.objects.get(name="erasure.done")
    assert (asked.actor_type, asked.actor_id, asked.subject_id) == ("account", "7", str(order.pk))
    assert (done.subject_id, done.detail["conversations"], done.detail["turns"]) == (str(order.pk), 1, 1)
    assert Entry.objects.get(name="conversation.deleted").actor_id == "7"
    assert USER not in str(list(Entry.objects.values()))


def test_from_the_order_on_nobody_reads_a_word(api):
    told = ask(api, f"hello {WORD}", USER)
    erase_user(Deployment.objects.get(), USER, ACTOR)
    assert api.get(f"/v1/turns/{told['turn']}").json()["messages"] == []
    assert Turn.objects.get().content["gone"] == "deleted"
    assert WORD not in str(api.get(f"/v1/conversations/{told['conversation']}/turns").json())


@pytest.mark.parametrize("known", [True, False])
def test_a_turn_that_runs_does_not_bring_anything_back(api, known):
    if known:
        ask(api, "hello", USER)
    with running_turn(api, "/v1/messages", f"[[say:One. Two.]] {WORD}", user=USER) as events:
        order = erase_user(Deployment.objects.get(), USER, ACTOR)
        assert [event["type"] for event in events][-1] == "message_stop"
    turn = Turn.objects.latest("started_at")
    assert (turn.status, turn.content["gone"], turn.conversation.user_ref) == ("answered", "deleted", "")
    finish(order)
    assert WORD not in raw()
    assert USER not in everything()
    assert not DataKey.objects.exists()
    assert Entry.objects.filter(pk=turn.entry_id).exists()


def test_whoever_comes_back_is_kept_anew(api):
    first = ask(api, "[[say:First.]]", USER)
    order = erase_user(Deployment.objects.get(), USER, ACTOR)
    again = ask(api, "[[say:Anew.]]", USER)
    finish(order)
    assert Turn.objects.get(pk=first["turn"]).content["gone"] == "deleted"
    assert Turn.objects.get(pk=again["turn"]).content["answer"][0]["text"] == "Anew."
    assert go_on(api, again["conversation"], "more").status_code == 200


def test_a_job_that_was_cut_off_goes_on_where_it_was(api, monkeypatch):
    for _ in range(3):
        ask(api, WORD, USER)
    order = erase_user(Deployment.objects.get(), USER, ACTOR)
    erased, real = [], user_erasure.erase

    async def fails(*args, **more):
        if len(erased) == 2:
            raise ConnectionError(USER)
        erased.append(args)
        return await real(*args, **more)

    monkeypatch.setattr(user_erasure, "erase", fails)
    with pytest.raises(ConnectionError):
        task(str(order.pk))
    order.refresh_from_db()
    assert (order.error, order.conversations) == ("ConnectionError", 2)
    monkeypatch.setattr(user_erasure, "erase", real)
    finish(order)
    assert Conversation.objects.filter(deleted_at=None).count() == 0
    assert not ERASURES.open.exists()
    assert task(str(order.pk)) is False
    assert task(str(uuid4())) is False


def batch_of(client, **texts: str):
    """One request a user, named after them."""
    each = {user: {**body(text, user), "max_tokens": 50} for user, text in texts.items()}
    return client.messages.batches.create(
        requests=[{"custom_id": f"r-{user}", "params": asked} for user, asked in each.items()]
    )


def test_what_waits_in_a_batch_is_not_asked_any_more(client):
    batch_of(client, anna=WORD, ben=WORD)
    erase_user(Deployment.objects.get(), "anna", ACTOR)
    gone, waiting = BatchItem.objects.order_by("number")
    assert (gone.outcome, bytes(gone.params), bytes(gone.result)) == ("errored", b"", b"")
    assert waiting.outcome == ""
    assert WORD.encode() not in bytes(waiting.params)


@pytest.mark.usefixtures("working")
def test_results_of_a_batch_go_with_the_user_and_with_a_conversation(client, api):
    batch = batch_of(client, **{user: f"[[say:{WORD}, {user}.]]" for user in ("anna", "ben", "cleo")})
    until(lambda: client.messages.batches.retrieve(batch.id).processing_status == "ended", LONG)
    assert WORD not in raw()
    assert len([line for line in client.messages.batches.results(batch.id) if line.result.type == "succeeded"]) == 3
    erase("anna")
    of_ben = Turn.objects.get(conversation__user_ref="ben")
    assert api.delete(f"/v1/conversations/{of_ben.conversation_id}").status_code == 200
    lines = {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}
    assert {name: one.type for name, one in lines.items()} == {
        "r-anna": "errored",
        "r-ben": "errored",
        "r-cleo": "succeeded",
    }
    assert "erased" in lines["r-anna"].error.error.message
    stored = {item.custom_id: bytes(item.result) for item in BatchItem.objects.all()}
    assert (stored["r-anna"], stored["r-ben"]) == (b"", b"")


def test_a_user_must_be_named(new_key):
    with pytest.raises(ValueError, match="required"):
        erase_user(new_key()[0], "", ACTOR)
