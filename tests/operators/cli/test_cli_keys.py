"""Keys and usage from a pipeline."""

import json
from pathlib import Path

import httpx2

from operators.cli import plumbline
from operators.keys import create_key
from operators.models import Key
from tests.conversations.turns import DAY, turn
from tests.support.waiting import until


def works(pipeline, key: str) -> bool:
    return httpx2.get(f"{pipeline.web}/v1/models", headers={"x-api-key": key}).status_code == 200


def test_a_key_is_made_rotated_and_revoked_by_name(pipeline):
    made = pipeline("keys", "create", "backend", "--scopes", "turns", "--expires-in-days", "30")
    first = made.out.strip()
    assert (made.code, works(pipeline, first), first in made.err) == (0, True, False)
    rotated = pipeline("keys", "rotate", "backend", "--overlap-hours", "2")
    second = rotated.out.strip()
    assert (rotated.code, works(pipeline, first), works(pipeline, second)) == (0, True, True)
    both = pipeline("keys", "revoke", "backend")
    assert (both.code, "several keys are named backend" in both.err) == (2, True)
    assert pipeline("keys", "rotate", "backend").code == 0  # the one that was not rotated yet
    assert pipeline("keys", "revoke", "_".join(first.split("_")[:2])).code == 0
    until(lambda: not works(pipeline, first))
    assert works(pipeline, second)


def test_a_list_shows_no_secret_and_obeys_no_name(pipeline):
    create_key(pipeline.deployment, "red \x1b[31m \u202e name", by=None)
    shown = pipeline("keys", "list").out
    assert r"red \x1b[31m \u202e name" in shown
    assert pipeline.key.rpartition("_")[2] not in shown
    assert shown.splitlines()[0].split() == ["name", "key", "scopes", "state", "expires", "last", "used", "id"]
    keys = json.loads(pipeline("keys", "list", "--json").out)
    assert {key["name"] for key in keys} >= {"ci", "test"}


def test_a_key_ends_itself_only_when_told_so(pipeline):
    refused = pipeline("keys", "revoke", "ci")
    assert (refused.code, "this is the key that asks" in refused.err) == (2, True)
    assert pipeline("keys", "revoke", "ci", "--itself").code == 0


def test_what_is_not_there_or_cannot_be_is_told(pipeline):
    assert "there is no active key nobody" in pipeline("keys", "rotate", "nobody").err
    assert "scopes:" in pipeline("keys", "create", "x", "--scopes", "root").err
    assert pipeline("keys", "create", "x", "--expires-in-days", "99999999999").code == 2
    assert Key.objects.count() == 2


def test_usage_is_a_table(pipeline):
    turn(pipeline.deployment, pipeline.deployment.keys.get(name="ci"), DAY, cost=None)
    shown = pipeline("usage", "--from", "2027-03-01", "--to", "2027-03-02", "--split", "model", "--key", "ci").out
    rows = [line.split() for line in shown.splitlines()]
    assert rows[:3] == [
        ["day", "model", "turns", "failed", "input", "output", "cost"],
        ["2027-03-01", "big", "1", "0", "1000", "100", "0.000000"],
        ["all", "1", "0", "1000", "100", "0.000000"],
    ]
    assert "1 turns used models without a price" in shown
    assert json.loads(pipeline("usage", "--json").out)["by"] == "day"
    assert "400 days" in pipeline("usage", "--from", "2001-01-01").err


def test_a_key_is_read_from_a_file_or_standard_input(pipeline):
    del pipeline.environment["PLUMBLINE_KEY"]
    pipeline.file(pipeline.key + "\n", "key")
    assert pipeline("keys", "list", "--key-file", "key").code == 0
    assert pipeline("keys", "list", "--key-file", "-", send=pipeline.key).code == 0
    assert pipeline("keys", "list", "--key-file", "nowhere").code == 2


def test_the_command_is_served_to_anyone(web):
    served = httpx2.get(f"{web}/plumbline.py")
    assert served.headers["content-type"] == "text/x-python; charset=utf-8"
    assert served.content == Path(plumbline.__file__).read_bytes()
