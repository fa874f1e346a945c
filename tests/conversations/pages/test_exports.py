"""Exports: what the filter finds, as a file made while it is taken, noted whatever happens."""

import csv
import io
import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from django.urls import reverse
from django.utils import timezone

from audit.log.models import Entry
from audit.log.writer import new_id
from conversations import exporting
from conversations.exports import AT_ONCE, FORGOTTEN_AFTER
from conversations.models import Conversation, Export, Turn
from conversations.pages.spreadsheet import lines, safe
from conversations.tasks import close_forgotten_exports
from operators.keys import create_key
from operators.models import Account, Membership
from tests.conversations.records import ask
from tests.conversations.turns import DAY, DECISION, NOTHING, turn
from tests.support.people import signed_in
from tests.support.waiting import until

CONTENT = {
    "system": "Be kind.",
    "messages": [{"role": "user", "content": '=HYPERLINK("http://evil.example")'}],
    "answer": [{"type": "text", "text": "-1+1"}],
}


@pytest.fixture
def deployment(web, new_key):
    deployment, _ = new_key()
    return deployment


def said(deployment, turns: int, **fields: Any) -> Conversation:
    made = Conversation.objects.create(id=new_id(), deployment=deployment, **fields)
    for number in range(1, turns + 1):
        told = {"number": number, "conversation": made, "content": CONTENT, "decision": DECISION}
        turn(deployment, deployment.keys.get(), DAY, **told)
    return made


@pytest.fixture
def taker(web, deployment) -> Callable[..., httpx2.Response]:
    """`taker("csv", "?outcome=…", role="analyst")` takes a file from the running process."""

    def take(form: str, query: str = "", role: str = "developer", **fields: str) -> httpx2.Response:
        client = signed_in(deployment.operator, role)
        client.get(reverse("conversations", args=[deployment.pk]))
        token = client.cookies["csrftoken"].value
        cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": token}
        address = web + reverse("conversations-export", args=[deployment.pk]) + query
        data = {"form": form, "content": "1", "csrfmiddlewaretoken": token, **fields}
        headers = {"origin": web, "referer": web}
        response = httpx2.post(address, data=data, cookies=cookies, headers=headers, timeout=60)
        until(lambda: not Export.objects.filter(done_at=None).exists())
        return response

    return take


def entry() -> Entry:
    until(lambda: Entry.objects.filter(name="export.made").exists())
    return Entry.objects.get(name="export.made")


def test_json_lines_have_a_turn_a_line_of_what_the_filter_finds(deployment, taker):
    flagged, _ = said(deployment, 2, flagged=True, user_ref="anna"), said(deployment, 1)
    response = taker("jsonl", "?marked=flagged&user=anna")
    assert response.headers["content-type"] == "application/x-jsonl; charset=utf-8"
    assert response.headers["content-disposition"].endswith('.jsonl"')
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [(row["conversation"], row["number"], row["user_id"]) for row in rows] == [
        (str(flagged.pk), 1, "anna"),
        (str(flagged.pk), 2, "anna"),
    ]
    assert rows[0]["messages"] == CONTENT["messages"]
    assert rows[0]["decision"] == DECISION
    made, noted = Export.objects.get(), entry()
    assert (noted.actor_type, noted.actor_id) == ("account", str(made.account_id))
    assert noted.detail["filter"] == {"marked": ["flagged"], "user": True}
    assert (noted.detail["turns"], noted.detail["whole"], noted.detail["content"]) == (2, True, True)
    assert noted.detail["operator"] == str(deployment.operator_id)
    assert "anna" not in orjson.dumps(noted.detail).decode()


def test_what_is_sealed_is_taken_in_the_clear_and_what_is_gone_says_why(web, model, deployment, taker):
    _, key = create_key(deployment, "app", by=None, scopes=["turns", "records"])
    with httpx2.Client(base_url=web, headers={"x-api-key": key}, timeout=20) as api:
        ask(api, "the pelican dances [[say:At noon.]]", "anna")
        ask(api, "the heron sleeps", "ben")
        (of_ben, of_anna) = [json.loads(line) for line in taker("jsonl").text.splitlines()]
        assert of_anna["messages"][0]["content"].startswith("the pelican dances")
        assert (of_anna["answer"][0]["text"], of_anna["gone"], of_anna["error"]) == ("At noon.", None, None)
        assert "the pelican dances" in taker("csv").text
        api.delete("/v1/users/anna")
    text = taker("jsonl").text
    (of_ben, of_anna) = [json.loads(line) for line in text.splitlines()]
    assert (of_anna["messages"], of_anna["answer"], of_anna["gone"]) == ([], [], "deleted")
    assert (of_ben["messages"][0]["content"], of_ben["gone"]) == ("the heron sleeps", None)
    assert "pelican" not in text


def test_a_member_s_tries_name_no_user(deployment, taker):
    said(deployment, 1, playground=True, user_ref="playground:somebody")
    row = json.loads(taker("jsonl").text)
    assert (row["playground"], row["user_id"]) == (True, None)


def test_a_csv_file_is_read_and_not_run_by_a_spreadsheet(deployment, taker):
    said(deployment, 1, user_ref="@SUM(A1)")
    text = taker("csv").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["messages"] == 'user: =HYPERLINK("http://evil.example")'
    assert row["answer"] == "'-1+1"
    assert row["user_id"] == "'@SUM(A1)"
    assert row["input_tokens"] == "1000"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\u00a0=1"])
def test_each_way_to_begin_a_formula_is_text(text):
    assert safe(text) == f"'{text}"
    assert next(csv.reader(io.StringIO("".join(lines([[text, 7, None, -1]]))))) == [f"'{text}", "7", "", "-1"]


def test_what_is_no_text_is_replaced():
    assert "".join(lines([["a\0b\ud800c"]])) == "a\N{REPLACEMENT CHARACTER}b?c\r\n"


def test_an_analyst_takes_what_was_decided_without_what_was_said(deployment, taker):
    said(deployment, 1)
    response = taker("jsonl", role="analyst")
    assert "evil" not in response.text
    assert {"messages", "answer", "system", "decision", "error"}.isdisjoint(json.loads(response.text))
    assert entry().detail["content"] is False
    assert not Export.objects.get().content


def test_however_many_there_are_each_turn_comes_once_in_pieces(deployment, taker, monkeypatch):
    made = [said(deployment, turns) for turns in (3, exporting.TURNS_AT_ONCE + 7, 1)]
    for _ in range(2 * exporting.CONVERSATIONS_AT_ONCE):
        said(deployment, 1)
    Conversation.objects.create(id=new_id(), deployment=deployment)  # without a turn
    rows = [json.loads(line) for line in taker("jsonl", content="").text.splitlines()]
    assert len(rows) == len({row["turn"] for row in rows}) == Turn.objects.count()
    assert [row["number"] for row in rows if row["conversation"] == str(made[1].pk)] == list(
        range(1, exporting.TURNS_AT_ONCE + 8)
    )
    assert entry().detail["turns"] == len(rows)


def test_nothing_is_a_file_too(deployment, taker):
    assert taker("jsonl").text == ""
    assert taker("csv").content.decode("utf-8-sig").startswith("conversation,turn,")


def test_large_turns_come_in_pieces_that_fit(deployment):
    sizes = [(number, None, number, 3 * 1024 * 1024) for number in range(3)]
    assert len(list(exporting._fitting(sizes))) == 1
    assert len(list(exporting._fitting([(0, None, 0, 10**9), (1, None, 1, 1)]))) == 1


def test_one_that_is_broken_off_is_noted_with_what_was_taken(web, deployment):
    for _ in range(40):
        large = NOTHING | {"answer": [{"type": "text", "text": "x" * 1_000_000}]}
        shown = Conversation.objects.create(id=new_id(), deployment=deployment)
        turn(deployment, deployment.keys.get(), DAY, conversation=shown, content=large, decision=DECISION)
    client = signed_in(deployment.operator)
    client.get(reverse("conversations", args=[deployment.pk]))
    token = client.cookies["csrftoken"].value
    cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": token}
    data = {"form": "jsonl", "content": "1", "csrfmiddlewaretoken": token}
    address = web + reverse("conversations-export", args=[deployment.pk])
    # What the socket takes in by itself is little beside the file.
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)]
    # How soon the server hears of it is a matter of timing: the rest may have been made by then. So some tries.
    for number in range(1, 11):
        small = httpx2.HTTPTransport(socket_options=options)
        with (
            httpx2.Client(cookies=cookies, headers={"origin": web, "referer": web}, transport=small) as http,
            http.stream("POST", address, data=data) as response,
        ):
            next(response.iter_bytes())
        until(lambda number=number: Entry.objects.filter(name="export.made").count() == number)
        noted = Entry.objects.filter(name="export.made").latest("at").detail
        if noted["turns"] < 40:
            break
    assert 0 < noted["turns"] < 40
    assert noted["whole"] is False


def test_one_whose_process_was_killed_is_found_and_noted(db, new_key):
    deployment, _ = new_key()
    account = Account.objects.create_user("a@example.com")
    fields = {"deployment": deployment, "account": account, "form": "csv", "content": True, "filter": {}, "turns": 500}
    gone = Export.objects.create(id=new_id(), seen_at=timezone.now() - FORGOTTEN_AFTER - timedelta(seconds=1), **fields)
    Export.objects.create(id=new_id(), **fields)
    assert close_forgotten_exports() == 1
    assert close_forgotten_exports() == 0
    noted = Entry.objects.get(name="export.made").detail
    assert (noted["export"], noted["turns"], noted["whole"]) == (str(gone.pk), 500, False)


def test_what_cannot_be_exported_is_said_and_nothing_is_noted(db, new_key):
    deployment, _ = new_key()
    client = signed_in(deployment.operator)
    path = reverse("conversations-export", args=[deployment.pk])
    assert client.get(path).status_code == 405
    for query, form in (("?outcome=x", "csv"), ("", "xls"), ("", "")):
        response = client.post(path + query, {"form": form}, follow=True)
        assert "Not exported" in response.text
    account = Membership.objects.get(operator=deployment.operator).account
    for _ in range(AT_ONCE):
        fields = {"deployment": deployment, "account": account, "form": "csv", "content": True, "filter": {}}
        Export.objects.create(id=new_id(), **fields)
    assert "others are under way" in client.post(path, {"form": "csv"}, follow=True).text
    assert Export.objects.count() == AT_ONCE
