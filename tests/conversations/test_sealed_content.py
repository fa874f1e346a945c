"""What is said lies sealed: bound to its row, with a key per user, and no digest that guesses can be tried against."""

from hashlib import sha256
from io import StringIO
from uuid import UUID

import orjson
import pytest
from django.core.management import call_command
from django.db import connection

from audit.cases.models import Finding
from audit.log.models import Entry
from config.sealing import SealError
from conversations import prefix
from conversations.content import TURN, ContentError, new_key, open_key, seal, unseal
from conversations.models import BatchItem, DataKey, IdempotencyKey, Turn
from operators.models import DataSettings
from tests.conversations.records import ask, body, go_on
from tests.conversations.test_deleting import everything, review_all

WORD = "zanzibar"
GRAVE = f"I want to kill myself tonight, my password is {WORD}"


def raw() -> str:
    """Every byte of every table as text, so that a word in the open would be found wherever it lies."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'bytea'"
        )
        found = [everything()]
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}" FROM {table} WHERE "{column}" IS NOT NULL')  # noqa: S608 - the catalogue's own
            found += [bytes(row).decode(errors="replace") for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_no_word_lies_in_the_open_and_the_app_and_people_read_it_all(api):
    told = ask(api, GRAVE, "anna", system=f"The user lives in {WORD}")
    go_on(api, told["conversation"], f"[[say:Stay with me.]] I mean it, {WORD}")
    api.post("/v1/messages", json=body(f"again {WORD}"), headers={"idempotency-key": WORD})
    review_all()
    assert Finding.objects.filter(severity__gte=0.7).exists()
    held = raw()
    for word in (WORD, "kill myself", "Stay with me"):
        assert word not in held
    shown = api.get(f"/v1/conversations/{told['conversation']}/turns").json()["data"]
    assert shown[0]["messages"][0]["content"] == GRAVE
    assert shown[1]["answer"][0]["text"] == "Stay with me."
    decision = api.get(f"/v1/turns/{told['turn']}/decision").json()
    assert any("kill myself" in signal["evidence"] for signal in Turn.objects.get(pk=told["turn"]).decision["signals"])
    assert "kill myself" in str(decision)


def test_a_user_has_one_key_and_a_conversation_without_a_user_its_own(api):
    first, second = ask(api, "hello", "anna"), ask(api, "hello", "anna")
    go_on(api, first["conversation"], "more")
    alone, another = ask(api, "hello"), ask(api, "hello")
    go_on(api, alone["conversation"], "more")
    keys = {str(turn.conversation_id): turn.data_key_id for turn in Turn.objects.all()}
    assert keys[first["conversation"]] == keys[second["conversation"]]
    assert len({keys[one["conversation"]] for one in (first, alone, another)}) == 3
    assert DataKey.objects.count() == 3
    assert "anna" not in str([bytes(key.owner) for key in DataKey.objects.all()])


def test_a_row_that_was_read_is_saved_as_it_was(api):
    told = ask(api, GRAVE, "anna")
    turn = Turn.objects.get()
    assert WORD in str(turn.content) + str(turn.decision)
    turn.save()
    assert WORD not in raw()
    assert api.get(f"/v1/turns/{told['turn']}").json()["messages"][0]["content"] == GRAVE


def test_content_opens_in_its_row_and_column_only():
    key = new_key(b"owner")
    sealed = seal(key.cipher, TURN, "row", b"words")
    assert unseal(open_key(key.id, key.wrapped), TURN, "row", sealed) == b"words"
    for column, row, what in ((TURN, "other", sealed), ("a.b", "row", sealed), (TURN, "row", sealed[:-1] + b"\0")):
        with pytest.raises(ContentError):
            unseal(key.cipher, column, row, what)
    with pytest.raises(SealError):
        open_key(UUID(int=1), key.wrapped)


def test_the_logs_digest_is_of_the_ciphertext(api):
    told = ask(api, "hello")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, decision, content_digest FROM conversations_turn")
        content, decision, digest = cursor.fetchone()
    entry = Entry.objects.get(name="turn.recorded", subject_id=told["turn"])
    assert entry.digest == digest == sha256(bytes(content)).hexdigest()
    assert entry.detail["decision"] == sha256(bytes(decision)).hexdigest()


def test_no_digest_can_be_tried_against_a_guess(api):
    asked = body("[[say:Hi.]]", "anna")
    told = api.post("/v1/messages", json=asked, headers={"idempotency-key": "k-1"}).json()["plumbline"]
    deployment = Turn.objects.get().deployment_id
    said = [*asked["messages"], {"role": "assistant", "content": "Hi."}]
    guess = prefix.digests(deployment, "anna", said)[-1]
    turn, kept = Turn.objects.get(), IdempotencyKey.objects.get()
    assert len(bytes(turn.prefix)) == 32
    assert guess.hex() not in raw()
    assert bytes(turn.prefix) != guess
    assert bytes(kept.key_digest) != sha256(b"k-1").digest()
    more = [*said, {"role": "user", "content": "more"}]
    again = api.post("/v1/messages", json=body("", "anna", messages=more)).json()["plumbline"]
    assert again["conversation"] == told["conversation"]


def test_a_turn_costs_no_query_for_a_key_that_is_known(api):
    told = ask(api, "hello", "anna")
    DataKey.objects.update(owner=b"?")  # by which it would be looked up; that tells no process anything
    for _ in range(3):
        assert go_on(api, told["conversation"], "more").status_code == 200
    assert DataKey.objects.count() == 1
    assert len({turn.data_key_id for turn in Turn.objects.all()}) == 1


def unsealed(turn: Turn, deployment) -> None:
    """As a release before this one left it."""
    content = {name: turn.content[name] for name in ("system", "messages", "answer")}
    said = [*content["messages"], {"role": "assistant", "content": content["answer"]}]
    digest = prefix.digests(deployment, turn.conversation.user_ref, said)[-1]
    Turn.objects.filter(pk=turn.pk).update(content=content, decision=turn.decision, data_key=None, prefix=digest)


def test_old_content_is_read_continued_and_sealed(api):
    told = ask(api, f"[[say:First.]] {GRAVE}", "anna")
    turn = Turn.objects.select_related("conversation").get()
    unsealed(turn, turn.deployment_id)
    assert WORD in raw()
    path = f"/v1/turns/{told['turn']}"
    before = api.get(path).json(), api.get(f"{path}/decision").json()
    assert before[0]["messages"][0]["content"].endswith(WORD)

    def goes_on() -> int:
        said = [turn.content["messages"][0], {"role": "assistant", "content": turn.content["answer"]}]
        more = body("", "anna", messages=[*said, {"role": "user", "content": "[[status:500]]"}])
        api.post("/v1/messages", json=more)
        return Turn.objects.filter(conversation=turn.conversation).count()

    assert goes_on() == 2
    out = StringIO()
    call_command("seal_content", stdout=out)
    assert "Sealed 1 turns" in out.getvalue()
    assert WORD not in raw()
    assert (api.get(path).json(), api.get(f"{path}/decision").json()) == before
    assert goes_on() == 3
    assert go_on(api, told["conversation"], "more", "anna").status_code == 200
    out = StringIO()
    call_command("seal_content", stdout=out)
    assert "Sealed 0 turns" in out.getvalue()


def test_old_content_is_deleted_with_what_its_decision_quotes(api):
    told = ask(api, GRAVE, "anna")
    turn = Turn.objects.select_related("conversation").get()
    unsealed(turn, turn.deployment_id)
    api.delete(f"/v1/conversations/{told['conversation']}")
    assert WORD not in raw()


def test_old_requests_of_batches_are_sealed(client):
    from conversations.batches import sealed
    from tests.support.batches import make, opened_params

    make(client, WORD)
    item = BatchItem.objects.get()
    asked = opened_params(item)
    BatchItem.objects.update(params=orjson.dumps(asked), data_key_id=None)
    assert WORD in raw()
    call_command("seal_content", stdout=StringIO())
    assert WORD not in raw()
    assert opened_params(BatchItem.objects.get()) == asked
    assert sealed.result(item.batch_id, 0, b"", None, None) == b""


def test_each_deployment_has_a_secret_of_its_own(api, stranger):
    ask(api, "hello")
    ask(stranger, "hello")
    assert DataSettings.objects.count() == 2
    assert len({bytes(turn.prefix) for turn in Turn.objects.all()}) == 2
