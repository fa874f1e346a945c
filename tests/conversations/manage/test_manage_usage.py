"""Usage: what was used when, by which model and key, and what it cost at the model's price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from operators.keys import create_key
from operators.models import Key
from tests.conversations.turns import DAY, turn


@pytest.fixture
def key(manager) -> Key:
    return manager.deployment.keys.get(name="ci")


def used(manager, **query: str) -> dict[str, Any]:
    return manager.get("usage", **({"from": "2027-03-01", "to": "2027-03-11"} | query))


def test_turns_tokens_cost_and_outcomes_are_counted_by_day(manager, key):
    turn(manager.deployment, key, DAY)
    turn(
        manager.deployment,
        key,
        DAY + timedelta(hours=23, minutes=59),
        outcome="redirect",
        output_tokens=0,
        cost=Decimal("0.003"),
    )
    turn(
        manager.deployment,
        key,
        DAY + timedelta(days=1),
        status="upstream_error",
        input_tokens=0,
        output_tokens=0,
        cost=0,
    )
    told = used(manager)
    assert told["data"] == [
        {
            "start": "2027-03-01T00:00:00Z",
            "turns": 2,
            "failed": 0,
            "outcomes": {"answer": 1, "redirect": 1},
            "input_tokens": 2000,
            "output_tokens": 100,
            "cost": "0.007500",
            "unpriced_turns": 0,
        },
        {
            "start": "2027-03-02T00:00:00Z",
            "turns": 1,
            "failed": 1,
            "outcomes": {"answer": 1},
            "input_tokens": 0,
            "output_tokens": 0,
            "cost": "0.000000",
            "unpriced_turns": 0,
        },
    ]
    assert (told["total"]["turns"], told["total"]["cost"], told["total"]["failed"]) == (3, "0.007500", 1)


def test_it_is_split_and_narrowed_by_model_and_key(manager, key):
    other, _ = create_key(manager.deployment, "other", by=None)
    turn(manager.deployment, key, DAY)
    turn(manager.deployment, other, DAY + timedelta(hours=1))
    turn(manager.deployment, other, DAY + timedelta(hours=1), model="fast")
    split = used(manager, split="model,key", by="hour")["data"]
    assert [(row["start"][11:13], row["model"], row["key"], row["turns"]) for row in split] == [
        ("00", "big", str(key.pk), 1),
        ("01", "big", str(other.pk), 1),
        ("01", "fast", str(other.pk), 1),
    ]
    assert used(manager, model="fast")["total"]["turns"] == 1
    assert used(manager, key=str(other.pk))["total"]["turns"] == 2


def test_turns_whose_model_had_no_price_are_told(manager, key):
    turn(manager.deployment, key, DAY)
    turn(manager.deployment, key, DAY, cost=None)
    turn(manager.deployment, key, DAY, cost=None, upstream="", upstream_model="", input_tokens=0, output_tokens=0)
    total = used(manager)["total"]
    assert (total["cost"], total["unpriced_turns"], total["turns"]) == ("0.004500", 1, 3)


def test_the_range_is_from_and_up_to(manager, key):
    for at in (DAY - timedelta(microseconds=1), DAY, DAY + timedelta(days=10)):
        turn(manager.deployment, key, at)
    assert used(manager)["total"]["turns"] == 1
    assert used(manager, **{"from": "2027-03-01T01:00:00+01:00"})["total"]["turns"] == 1


def test_an_hour_that_is_begun_counts_whole(manager, key):
    turn(manager.deployment, key, DAY + timedelta(minutes=10))
    told = used(manager, **{"from": "2027-03-01T00:30:00Z", "to": "2027-03-01T00:31:00Z", "by": "hour"})
    assert (told["from"], told["to"], told["total"]["turns"]) == ("2027-03-01T00:00:00Z", "2027-03-01T01:00:00Z", 1)


def test_another_deployments_turns_are_its_own(manager, key, new_manager):
    other = new_manager()
    turn(other.deployment, other.deployment.keys.first(), DAY)
    assert used(manager)["total"]["turns"] == 0
    assert used(other)["total"]["turns"] == 1


def test_the_last_thirty_days_are_told_without_a_range(manager, key):
    now = datetime.now(UTC)
    for age in (timedelta(seconds=1), timedelta(days=29), timedelta(days=32)):
        turn(manager.deployment, key, now - age)
    assert manager.get("usage")["total"]["turns"] == 2


def test_a_range_that_is_too_long_names_itself(manager):
    response = manager("GET", "usage", params={"from": "2020-01-01"})
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "from: at most 400 days by day are counted at once"
