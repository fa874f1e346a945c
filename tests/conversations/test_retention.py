"""Retention: content older than a deployment's days goes, stretch by stretch, and what remains is told."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from audit.log.models import Entry
from conversations import retention
from conversations.models import Conversation, DataKey, RetentionRun, Turn
from conversations.retention import apply_retention
from operators.data_settings import change_data_settings
from operators.models import Deployment
from tests.conversations.records import ask, error_of, go_on
from tests.conversations.test_sealed_content import raw, unsealed

WORD = "zanzibar"


def keep(days: int | None) -> Deployment:
    deployment = Deployment.objects.get()
    change_data_settings(deployment, {"retention_days": days}, by=None)
    return deployment


def age(days: float, *turns: str) -> None:
    back = timedelta(days=days)
    Turn.objects.filter(pk__in=turns).update(started_at=F("started_at") - back)
    for conversation in Conversation.objects.filter(turns__in=turns).distinct():
        newest = conversation.turns.latest("started_at").started_at
        Conversation.objects.filter(pk=conversation.pk).update(last_turn_at=newest)
    DataKey.objects.update(created_at=F("created_at") - back)


def test_what_is_older_goes_and_what_is_younger_stays(api):
    old, young = ask(api, f"hello {WORD}", "anna"), ask(api, "[[say:Kept.]]", "ben")
    keep(30)
    age(31, old["turn"])
    age(29, young["turn"])
    [run] = apply_retention()
    assert (run.turns, run.conversations, run.keys) == (1, 1, 1)
    assert run.oldest_kept == Turn.objects.get(pk=young["turn"]).started_at
    assert WORD not in raw()
    shown = api.get(f"/v1/turns/{old['turn']}").json()
    assert (shown["gone"], shown["deleted"], shown["messages"], shown["outcome"]) == ("expired", False, [], "answer")
    assert api.get(f"/v1/conversations/{old['conversation']}").json()["user_id"] is None
    assert api.get(f"/v1/turns/{young['turn']}").json()["answer"][0]["text"] == "Kept."
    entry = Entry.objects.get(name="retention.applied")
    assert {"days": 30, "turns": 1, "conversations": 1, "keys": 1}.items() <= entry.detail.items()


def test_a_conversation_that_goes_on_loses_its_beginning_only(api):
    first = ask(api, "[[say:First.]]", "anna")
    second = go_on(api, first["conversation"], "[[say:Second.]]").json()["plumbline"]
    keep(30)
    age(31, first["turn"])
    apply_retention()
    turns = api.get(f"/v1/conversations/{first['conversation']}/turns").json()["data"]
    assert [turn["gone"] for turn in turns] == ["expired", None]
    assert api.get(f"/v1/conversations/{first['conversation']}").json()["user_id"] == "anna"
    assert DataKey.objects.count() == 1
    told = error_of(go_on(api, first["conversation"], "more"), 409)
    assert "not kept any more" in told
    assert "whole history" in told
    assert Turn.objects.get(pk=second["turn"]).content["answer"][0]["text"] == "Second."


def test_without_days_nothing_goes_and_nothing_is_noted(api):
    told = ask(api, "hello")
    age(4000, told["turn"])
    assert apply_retention() == []
    keep(30)
    keep(None)
    assert apply_retention() == []
    assert not RetentionRun.objects.exists()
    assert Turn.objects.get().gone == ""


def test_a_run_goes_stretch_by_stretch_and_a_second_finds_nothing(api, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    turns = [ask(api, WORD)["turn"] for _ in range(5)]
    keep(1)
    age(2, *turns)
    [run] = apply_retention()
    assert (run.turns, run.conversations, run.keys, run.oldest_kept) == (5, 5, 5, None)
    assert apply_retention() == []
    assert not DataKey.objects.exists()


def test_old_content_that_lies_in_the_open_goes_with_its_quotes(api):
    told = ask(api, f"I want to kill myself tonight, {WORD}", "anna")
    turn = Turn.objects.select_related("conversation").get()
    keep(1)
    unsealed(turn, turn.deployment_id)
    age(2, told["turn"])
    apply_retention()
    assert WORD not in raw()


def test_it_is_of_one_deployment(api, stranger):
    theirs = ask(stranger, "hello")
    ask(api, "hello")
    change_data_settings(Turn.objects.exclude(pk=theirs["turn"]).get().deployment, {"retention_days": 1}, by=None)
    assert len(apply_retention(timezone.now() + timedelta(days=2))) == 1
    assert Turn.objects.get(pk=theirs["turn"]).gone == ""
