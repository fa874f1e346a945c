"""DELETE /v1/conversations/{id}: what was said is gone for good; that it was said, and what came of it, stays."""

import threading
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from audit.cases.models import Case, Finding
from audit.cases.opening import note_finding
from audit.log.completeness import completeness_queries
from audit.log.models import Entry
from audit.reviews.tasks import review_turn
from audit.wellbeing.tasks import review_wellbeing
from conversations.models import Conversation, Job, Turn
from operators.models import Account, Membership
from tests.conversations.records import ask, at_once, body, error_of, go_on, running_turn
from tests.support.waiting import until

SECRET = "zanzibar"
GRAVE = f"I want to kill myself tonight, my password is {SECRET}"


def delete(api, conversation):
    return api.delete(f"/v1/conversations/{conversation}")


def everything() -> str:
    """All that the database holds but for the log, in which nobody ever wrote a word of it, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        held = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - the catalogue's own names
            held += [row for (row,) in cursor.fetchall()]
        cursor.execute("SELECT content, decision, past FROM conversations_turn")
        held += [bytes(part).decode(errors="replace") for row in cursor.fetchall() for part in row]
    return "\n".join(held)


def review_all() -> None:
    for job in Job.objects.filter(done_at=None):
        {"audit": review_turn, "wellbeing": review_wellbeing}[job.kind](job.pk)


def incomplete() -> list[str]:
    with connection.cursor() as cursor:
        return [row for sql in completeness_queries().values() for row in cursor.execute(sql).fetchall()]


def page(path: str, **fields: bool) -> str:
    account = Account.objects.create_user(f"{uuid4()}@example.com", "pw", **fields)
    for conversation in Conversation.objects.select_related("deployment__operator"):
        Membership.objects.get_or_create(operator=conversation.deployment.operator, account=account, role="owner")
    client = Client()
    client.force_login(account)
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def grave(api) -> dict:
    """Two turns of somebody at risk, reviewed, with a case."""
    told = ask(api, GRAVE, "anna@example.com", system=f"The user lives in {SECRET}")
    go_on(api, told["conversation"], f"[[say:Stay with me.]] I mean it, {SECRET}")
    review_all()
    assert Case.objects.exists()
    assert SECRET in str(Turn.objects.get(number=1).content)
    assert SECRET not in everything()  # it is sealed
    assert "anna@example.com" in everything()
    return told


def test_not_a_word_is_left_anywhere_and_what_came_of_it_is(api, grave):
    before = Turn.objects.get(number=1)
    response = delete(api, grave["conversation"])
    assert response.json() == {"type": "conversation_deleted", "id": grave["conversation"]}
    held = everything()
    for word in (SECRET, "kill myself", "Stay with me", "anna@example.com"):
        assert word not in held
    after = Turn.objects.get(number=1)
    assert after.content == {"system": "", "messages": [], "answer": [], "deleted": True, "gone": "deleted"}
    kept = ("id", "parent_id", "number", "status", "outcome", "tier", "flagged", "entry_id", "content_digest")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    names = [signal["name"] for signal in after.decision["signals"]]
    assert "risk.self_harm" in names
    assert Finding.objects.filter(severity__gte=0.7, detail={}).exists()
    entry = Entry.objects.get(name="conversation.deleted")
    assert (entry.subject_id, entry.detail["turns"]) == (grave["conversation"], 2)
    assert incomplete() == []


def test_a_conversation_deleted_by_nobodys_act_is_found(api):
    told = ask(api, "hello")
    assert incomplete() == []
    Conversation.objects.update(deleted_at="2026-01-01T00:00:00Z")
    assert incomplete() == [(f"conversation {told['conversation']}",)]


def test_the_api_says_that_it_was_deleted(api, grave):
    delete(api, grave["conversation"])
    found = api.get(f"/v1/conversations/{grave['conversation']}").json()
    assert found["deleted_at"] is not None
    assert found["user_id"] is None
    turns = api.get(f"/v1/conversations/{grave['conversation']}/turns").json()["data"]
    assert [(turn["deleted"], turn["messages"], turn["answer"]) for turn in turns] == [(True, [], [])] * 2
    assert api.get(f"/v1/turns/{grave['turn']}").json() == turns[0]
    decision = api.get(f"/v1/turns/{grave['turn']}/decision").json()
    assert decision["outcome"] == "answer"
    assert SECRET not in str(decision)
    assert api.get("/v1/conversations").json()["data"] == []
    assert api.get("/v1/conversations?user_id=anna@example.com&deleted=true").json()["data"] == []
    assert [one["id"] for one in api.get("/v1/conversations?deleted=true").json()["data"]] == [grave["conversation"]]


def test_the_pages_say_so_and_the_case_can_still_be_decided(api, grave):
    delete(api, grave["conversation"])
    shown, case = Conversation.objects.get(), Case.objects.get()
    for path, fields in (
        (reverse("conversation", args=[shown.deployment_id, shown.pk]), {}),
        (reverse("any-conversation", args=[shown.pk]), {"is_reviewer": True}),
        (reverse("case", args=[case.pk]), {"is_reviewer": True}),
    ):
        html = page(path, **fields)
        assert "This conversation was deleted on" in html
        assert "What was said here was deleted." in html
        assert SECRET not in html
        assert "outcome-answer" in html
    listed = reverse("conversations", args=[shown.deployment_id])
    assert ">deleted<" in page(f"{listed}?marked=deleted")
    assert str(shown.pk) not in page(listed)
    reviewer = Client()
    reviewer.force_login(Account.objects.create_user("reviewer@example.com", is_reviewer=True))
    at = reviewer.post(reverse("case-claim", args=[case.pk])).url
    reviewer.post(at, {"verdict": "no_action", "note": "seen"})
    case.refresh_from_db()
    assert case.status == "settling"


def test_it_can_neither_be_continued_nor_recognised(api, client, model):
    told = ask(api, "[[say:First.]]", "anna")
    delete(api, told["conversation"])
    assert "was deleted" in error_of(go_on(api, told["conversation"], "more"), 404)
    assert "was deleted" in error_of(go_on(api, told["conversation"], "more", "anna"), 404)
    named = {"plumbline-conversation": told["conversation"]}
    assert "was deleted" in error_of(api.post("/v1/messages", json=body("more"), headers=named), 404)
    history = [{"role": "user", "content": "[[say:First.]]"}, {"role": "assistant", "content": "First."}]
    again = api.post("/v1/messages", json=body("", "anna", messages=[*history, {"role": "user", "content": "more"}]))
    assert again.json()["plumbline"]["conversation"] != told["conversation"]
    anew = Turn.objects.get(pk=again.json()["plumbline"]["turn"])
    assert (anew.number, anew.parent_id, len(anew.content["messages"])) == (1, None, 3)


def test_deleting_twice_is_answered_alike_and_is_one_act(api):
    told = ask(api, "hello")
    assert delete(api, told["conversation"]).json() == delete(api, told["conversation"]).json()
    assert Entry.objects.filter(name="conversation.deleted").count() == 1


def test_deleting_at_once_from_everywhere_is_one_act(api):
    told = ask(api, "hello")
    for _ in range(5):
        go_on(api, told["conversation"], "more")
    answers = at_once(*[lambda: delete(api, told["conversation"])] * 6)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert Entry.objects.filter(name="conversation.deleted").count() == 1


def test_a_turn_that_runs_is_answered_and_recorded_without_a_word(api):
    told = ask(api, "hello", "anna")
    path = f"/v1/conversations/{told['conversation']}/turns"
    with running_turn(api, path, f"[[say:One. Two.]] {GRAVE}") as events:
        delete(api, told["conversation"])
        assert [event["type"] for event in events][-1] == "message_stop"
    turn = Turn.objects.get(number=2)
    assert (turn.status, turn.flagged, turn.content["deleted"]) == ("answered", True, True)
    assert "risk.self_harm" in [signal["name"] for signal in turn.decision["signals"]]
    assert turn.input_tokens > 0
    assert SECRET not in everything()
    assert Entry.objects.filter(pk=turn.entry_id).exists()
    assert Conversation.objects.get().turn_count == 2
    assert incomplete() == []
    review_all()
    assert Finding.objects.filter(turn=turn, severity__gte=0.7).exists()
    assert SECRET not in everything()


def test_turns_of_others_are_recorded_beside_one_whose_conversation_was_deleted(api, model):
    gone, *others = [ask(api, "hello")["conversation"] for _ in range(4)]
    model.reset()

    def delete_meanwhile():
        until(lambda: len(model.requests) == 4)
        return delete(api, gone)

    turns = [partial(go_on, api, each, "[[stall:1.5]] more") for each in [gone, *others]]
    *answers, deleted = at_once(*turns, delete_meanwhile)
    assert deleted.status_code == 200
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {each.turn_count for each in Conversation.objects.all()} == {2}
    kept = {str(turn.conversation_id) for turn in Turn.objects.filter(number=2) if "deleted" not in turn.content}
    assert kept == set(others)


def test_a_review_that_is_owed_is_done_on_what_is_left(api):
    told = ask(api, GRAVE)
    delete(api, told["conversation"])
    review_all()
    assert not Job.objects.filter(done_at=None).exists()
    assert Case.objects.get().severity >= 0.7
    assert SECRET not in everything()


def test_a_review_that_ends_after_the_deletion_quotes_nothing(api):
    told = ask(api, GRAVE)
    turn = Turn.objects.get()
    delete(api, told["conversation"])
    with transaction.atomic():
        note_finding(turn, Finding.Kind.AUDIT, severity=0.9, summary="Suspected", detail={"grounds": [SECRET]})
    assert Finding.objects.get().detail == {}


def test_a_review_that_is_being_written_is_emptied_by_the_deletion_that_waits_for_it(api):
    told = ask(api, GRAVE)
    turn = Turn.objects.get()
    deleting = threading.Thread(target=delete, args=[api, told["conversation"]])
    with transaction.atomic():
        note_finding(turn, Finding.Kind.AUDIT, severity=0.9, summary="Suspected", detail={"grounds": [SECRET]})
        deleting.start()
        until(lambda: waiting_for_a_lock() == 1)
    deleting.join(20)
    assert Finding.objects.get().detail == {}
    assert Conversation.objects.get().deleted_at is not None


def waiting_for_a_lock() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def test_a_branch_keeps_its_own_words_and_asks_for_the_rest(api):
    told = ask(api, "[[say:First.]]")
    history = [{"role": "user", "content": "[[say:First.]]"}, {"role": "assistant", "content": "First."}]
    for text in ("one way", "[[say:Branched.]]"):
        branch = api.post("/v1/messages", json=body("", messages=[*history, {"role": "user", "content": text}]))
    branched = branch.json()["plumbline"]["conversation"]
    assert branched != told["conversation"]
    delete(api, told["conversation"])
    assert api.get(f"/v1/conversations/{branched}/turns").json()["data"][0]["answer"][0]["text"] == "Branched."
    assert "whole history" in error_of(go_on(api, branched, "more"), 409)
    history += [{"role": "user", "content": "[[say:Branched.]]"}, {"role": "assistant", "content": "Branched."}]
    whole = body("", messages=[*history, {"role": "user", "content": "more"}])
    assert api.post("/v1/messages", json=whole).json()["plumbline"]["conversation"] == branched
    assert api.post(f"/v1/conversations/{branched}/turns", json=whole).status_code == 200


def test_a_long_conversation_is_deleted_whole(api):
    told = ask(api, f"hello {SECRET}")
    first = Turn.objects.get()
    later = [
        Turn(**{**{f.attname: getattr(first, f.attname) for f in Turn._meta.fields}, "id": uuid4(), "number": number})
        for number in range(2, 260)
    ]
    Turn.objects.bulk_create(later)
    delete(api, told["conversation"])
    assert {turn.content["deleted"] for turn in Turn.objects.all()} == {True}
    assert SECRET not in everything()
