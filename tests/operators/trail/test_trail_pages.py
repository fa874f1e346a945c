"""An operator's audit trail, and the whole log for stewards: filtered, followed, proven and taken away."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit.log.cli import plumbline_verify as alone
from audit.log.models import Entry
from audit.log.names import Name
from audit.log.writer import INSERT_ENTRIES, entry_parameters, entry_row, write
from audit.oversight.pauses import place
from operators.keys import create_key, revoke_key
from operators.limits import change_limits
from operators.models import Operator
from operators.trail.finding import PAGE
from tests.audit.log.log_support import Log
from tests.operators.accounts_help import account
from tests.support.people import signed_in


@pytest.fixture
def log(transactional_db: None, tmp_path: Path, settings) -> Log:
    settings.PLUMBLINE_LOG_KEY_FILE = str(tmp_path / "log.key")
    settings.PLUMBLINE_CHECKPOINT_DIR = str(tmp_path / "checkpoints")
    return Log(tmp_path)


def sequenced(log: Log) -> None:
    with log.appender() as appender:
        appender.drain()
        appender.checkpoint()


@pytest.fixture
def steward(db: None) -> Client:
    client = Client()
    client.force_login(account("s@plumbline.example", is_steward=True, name="Stella"))
    return client


def trail(client: Client, operator: Operator, **query: object) -> str:
    answer = client.get(reverse("trail", args=[operator.pk]), query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def names(client: Client, operator: Operator | None, **query: object) -> list[str]:
    url = reverse("trail", args=[operator.pk]) if operator else reverse("log")
    return [one.entry.name for one in client.get(url, query).context["entries"]]


def test_an_operator_sees_who_did_what_with_before_and_after(app, member):
    person = account("dana@acme.example", name="Dana")
    app.operator.memberships.create(account=person, role="developer")
    change_limits(app, {"requests": 50}, by=person, set_by="operator")
    change_limits(app, {"requests": 60}, by=person, set_by="operator")
    key, _ = create_key(app, "Production", by=person)
    shown = trail(member("analyst"), app.operator)
    assert "Dana" in shown
    assert "key Production" in shown
    assert "<del>50</del> → <ins>60</ins>" in shown
    revoke_key(key, by=person)
    assert names(member(), app.operator)[:2] == ["key.revoked", "key.created"]


def test_nothing_of_another_operator_is_there(app, member):
    other = Operator.objects.create(name="Zanzibar")
    theirs = other.deployments.create(name="Theirs")
    key, _ = create_key(theirs, "Zanzibar", by=None)
    entry = Entry.objects.get(subject_type="key", subject_id=str(key.pk))
    client = member()
    assert "Zanzibar" not in trail(client, app.operator)
    assert "Zanzibar" not in trail(client, app.operator, subject=f"key:{key.pk}")
    for name, arguments in (
        ("trail", [other.pk]),
        ("trail-entry", [other.pk, entry.pk]),
        ("trail-entry", [app.operator_id, entry.pk]),
        ("trail-receipt", [app.operator_id, entry.pk]),
    ):
        assert client.get(reverse(name, args=arguments)).status_code == 404
    assert client.get(reverse("log")).status_code == 403
    assert client.get(reverse("log-entry", args=[entry.pk])).status_code == 403


def test_what_is_gone_stays_on_the_trail(app, member):
    upstream = app.operator.upstreams.create(name="Ours", base_url="https://models.example")
    write(Name.UPSTREAM_CREATED, actor=("platform", "test"), subject=("upstream", upstream.pk))
    upstream.delete()
    assert "upstream.created" in names(member(), app.operator)


def test_an_act_that_names_a_deployment_is_its_operators(app, member):
    write(Name.CASE_OPENED, actor=("platform", "test"), subject=("thing", "x"), detail={"deployment": str(app.pk)})
    write(Name.CASE_OPENED, actor=("platform", "test"), subject=("thing", "x"), detail={"deployment": "nobody's"})
    assert names(member(), app.operator).count("case.opened") == 1


def test_acts_on_the_whole_platform_are_on_every_trail_without_the_stewards_name(app, member, steward):
    stella = account("other@plumbline.example", is_steward=True, name="Stella Steward")
    place("platform", "", reason="An incident", by=stella)
    place("deployment", str(app.pk), reason="Yours", by=stella)
    place("operator", str(Operator.objects.create(name="Other").pk), reason="Theirs", by=stella)
    shown = trail(member(), app.operator)
    assert "An incident" in shown
    assert "Yours" in shown
    assert "Theirs" not in shown
    assert "Stella" not in shown
    assert "Stella Steward" in steward.get(reverse("log")).content.decode()


def test_it_is_filtered_by_subject_act_actor_and_day(app, member):
    dana, eve = (account(f"{name}@acme.example", name=name) for name in ("dana", "eve"))
    key, _ = create_key(app, "One", by=dana)
    change_limits(app, {"requests": 50}, by=eve, set_by="operator")
    revoke_key(key, by=eve)
    client, operator = member(), app.operator
    assert names(client, operator, kind="key") == ["key.revoked", "key.created"]
    assert names(client, operator, name="limits.changed") == ["limits.changed"]
    assert names(client, operator, actor="DANA@acme.example") == ["key.created"]
    assert names(client, operator, actor=f"account:{eve.pk}") == ["key.revoked", "limits.changed"]
    assert names(client, operator, actor="nobody@acme.example") == []
    assert names(client, operator, subject=f"key:{key.pk}") == ["key.revoked", "key.created"]
    today = datetime.now(UTC).date()
    assert "key.revoked" in names(client, operator, since=today, until=today)
    assert names(client, operator, since=today + timedelta(days=1)) == []
    assert names(client, operator, until=today - timedelta(days=1)) == []
    assert "Widen the filter" in trail(client, operator, kind="key", name="limits.changed")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"since": "yesterday"}, "date"),
        ({"since": "0001-01-01"}, "no entries of that year"),
        ({"until": "9999-12-31"}, "no entries of that year"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "before the day"),
        ({"name": "turn.dreamt"}, "valid choice"),
        ({"kind": "x\0"}, "valid choice"),
        ({"actor": "a\0"}, "Null characters"),
        ({"subject": "key:"}, "a colon"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_the_field(app, member, query, word):
    answer = member().get(reverse("trail", args=[app.operator_id]), query)
    assert answer.status_code == 400
    assert word in answer.content.decode()


def test_it_comes_in_pages(app, member):
    rows = [
        entry_row(Name.KEY_CREATED, actor=("platform", "x"), subject=("operator", app.operator_id), detail={"n": n})
        for n in range(PAGE * 2 + 5)
    ]

    with connection.cursor() as cursor:
        cursor.execute(INSERT_ENTRIES, entry_parameters(rows))
    client, seen, before = member(), [], ""
    while True:
        answer = client.get(reverse("trail", args=[app.operator_id]), {"before": before, "name": "key.created"})
        seen += [one.entry.detail["n"] for one in answer.context["entries"]]
        if not (before := answer.context["after"]):
            break
    assert seen == list(reversed(range(PAGE * 2 + 5)))
    assert client.get(reverse("trail", args=[app.operator_id]), {"before": "x"}).status_code == 200


def test_an_entry_is_proven_on_its_page(app, member, log):
    create_key(app, "One", by=None)
    entry = Entry.objects.get(name="key.created")
    client, url = member(), reverse("trail-entry", args=[app.operator_id, entry.pk])
    assert "waits for its place" in client.get(url).content.decode()
    sequenced(log)
    answer = client.get(url)
    assert "verified by the server" in answer.content.decode()
    steps, good = answer.context["steps"]
    assert good
    assert steps[-1].together == answer.context["root"]
    receipt = client.get(reverse("trail-receipt", args=[app.operator_id, entry.pk])).json()
    key = alone.read_key(log.keys.signer.verifier.vkey)
    assert alone.check_receipt(receipt, [key]).size == Entry.objects.count()


def test_a_trail_is_taken_away_with_its_proofs_and_that_is_an_entry(app, member, log, tmp_path):
    for number in range(30):
        create_key(app, f"Key {number}", by=None)
    create_key(Operator.objects.create(name="Other").deployments.create(name="Theirs"), "Zanzibar", by=None)
    sequenced(log)
    create_key(app, "Not signed yet", by=None)
    client, url = member("analyst"), reverse("trail-export", args=[app.operator_id])
    answer = client.post(url, {"kind": "key"})
    assert answer["content-disposition"] == 'attachment; filename="plumbline-audit-trail.jsonl"'
    first, *rest = [json.loads(line) for line in answer.content.splitlines()]
    assert (first["entries"], len(rest), first["filter"]) == (30, 30, {"kind": "key"})
    assert b"Zanzibar" not in answer.content
    made = Entry.objects.get(name="export.made")
    assert (made.subject_id, made.detail["entries"]) == (str(app.operator_id), 30)
    (tmp_path / "export").write_bytes(answer.content)
    command = [sys.executable, "-I", "-S", alone.__file__, "export", "export", "--key", log.keys.signer.verifier.vkey]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("verified: 30 entries are in the log"), ran
    (tmp_path / "export").write_bytes(answer.content.replace(b"Key 7", b"Key 8"))
    assert "not_included" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    (tmp_path / "export").write_bytes(b"\n".join(answer.content.splitlines()[:-1]) + b"\n")
    assert "truncated" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert client.get(url).status_code == 405
    assert client.post(url, {"since": "x"}).status_code == 400


def test_stewards_see_the_whole_log_and_its_lag(app, steward, log):
    create_key(app, "One", by=None)
    write(Name.TURN_RECORDED, actor=("key", "k"), subject=("turn", "t"))
    assert names(steward, None)[:2] == ["turn.recorded", "key.created"]
    assert names(steward, None, kind="turn") == ["turn.recorded"]
    sequenced(log)
    entry = Entry.objects.get(name="turn.recorded")
    assert "verified by the server" in steward.get(reverse("log-entry", args=[entry.pk])).content.decode()
    assert steward.post(reverse("log-export")).status_code == 200
    assert Entry.objects.get(name="export.made").subject_type == "log"
    old = entry_row(Name.KEY_CREATED, actor=("a", 1), subject=("b", 2), at=datetime.now(UTC) - timedelta(minutes=5))

    with connection.cursor() as cursor:
        cursor.execute(INSERT_ENTRIES, entry_parameters([old]))
    assert "Is a sequencer running?" in steward.get(reverse("log")).content.decode()


def test_a_turn_is_on_an_operators_trail_only_where_it_is_followed(app, member):
    write(Name.TURN_RECORDED, actor=("key", "k"), subject=("turn", "t"), detail={"operator": str(app.operator_id)})
    client = member()
    assert "turn.recorded" not in names(client, app.operator)
    assert names(client, app.operator, subject="turn:t") == ["turn.recorded"]


def test_the_start_leads_to_ones_only_operator(app, member):
    assert member().get(reverse("trail-start")).url == reverse("trail", args=[app.operator_id])
    stranger = Client()
    stranger.force_login(account("none@nowhere.example"))
    assert "You belong to no operator" in stranger.get(reverse("trail-start")).content.decode()
    assert Client().get(reverse("trail", args=[app.operator_id])).url.startswith("/sign-in/")


def test_an_empty_trail_teaches(member, app):
    operator = Operator.objects.create(name="New")
    assert "None yet. Make a key" in trail(signed_in(operator, "owner"), operator)
