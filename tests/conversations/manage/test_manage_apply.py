"""A deployment brought to what a file describes: all of it or nothing, and nothing where nothing differs."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.log.models import Entry
from operators.models import Model, Operator
from tests.conversations.catalogue import model as make_model
from tests.conversations.catalogue import upstream

PIRATE = {"instructions": "Speak like a pirate."}


@pytest.fixture
def models(manager) -> None:
    for name in ("big", "small"):
        make_model(name, {None: name})


def test_what_differs_is_published_and_the_second_time_nothing_does(manager, models):
    wanted = {"settings": PIRATE, "models": {"allowed": ["big"], "aliases": {"fast": "big"}}, "note": "from a file"}
    first = manager("POST", "apply", wanted).json()
    assert (first["changes"], first["published"]["number"], first["published"]["note"]) == (True, 2, "from a file")
    assert [one["words"] for one in first["differences"]] == [
        "The instructions: “Speak like a pirate.”",
        "It may use the models big.",
        "“fast” stands for the model big.",
    ]
    assert manager.get("deployment")["models"] == wanted["models"]
    second = manager("POST", "apply", wanted).json()
    assert (second["changes"], second["published"], second["differences"]) == (False, None, [])
    assert manager.get("configurations")["data"][0]["number"] == 2
    assert Entry.objects.filter(name="deployment.changed", actor_type="key").count() == 1


def test_only_what_differs_is_touched(manager, models):
    manager("POST", "apply", {"settings": PIRATE})
    done = manager("POST", "apply", {"settings": PIRATE, "models": {"allowed": ["big"]}}).json()
    assert (done["changes"], done["publishes"], done["over"]) == (True, False, 2)
    manager("POST", "apply", {"settings": {}})
    assert manager.get("deployment")["models"]["allowed"] == ["big"]


def test_a_dry_run_tells_and_does_nothing(manager, models):
    wanted = {"settings": PIRATE, "models": {"aliases": {"fast": "small"}}, "dry_run": True}
    told = manager("POST", "apply", wanted).json()
    assert (told["changes"], told["publishes"], told["published"], len(told["differences"])) == (True, True, None, 2)
    assert manager.deployment.configurations.count() == 1
    assert manager.get("deployment")["models"]["aliases"] == {}


def test_all_problems_come_at_once_and_then_nothing_is_done(manager, models):
    other = Operator.objects.create(name="Other")
    make_model("theirs", {upstream("http://127.0.0.1:9", operator=other): "x"})
    models = {"allowed": ["big", "nowhere", "theirs"], "aliases": {"a b": "big", "c": "small", "d": "gone"}, "x": 1}
    response = manager("POST", "apply", {"settings": {"mood": 1}, "models": models})
    told = [(one["path"], one["rule"]) for one in response.json()["error"]["problems"]]
    assert told == [
        ("mood", "settings.shape"),
        ("models.x", "models.shape"),
        ("models.allowed[1]", "models.reach"),
        ("models.allowed[2]", "models.reach"),
        ("models.aliases.a b", "models.shape"),
        ("models.aliases.c", "models.allowed"),
        ("models.aliases.d", "models.reach"),
    ]
    assert manager.deployment.configurations.count() == 1
    assert manager("PATCH", "deployment", {"models": models}).status_code == 400


def test_an_alias_stands_for_a_model(manager):
    response = manager("PATCH", "deployment", {"models": {"aliases": {"fast": None}}})
    assert response.status_code == 400
    assert response.json()["error"]["problems"][0]["path"] == "models.aliases.fast"
    assert manager.get("deployment")["models"]["aliases"] == {}


def test_a_model_out_of_reach_may_stay_where_it_is(manager, models):
    held = {"allowed": ["big"], "aliases": {"fast": "big"}}
    assert manager("PATCH", "deployment", {"models": held}).json()["models"] == held
    Model.objects.filter(name="big").delete()
    assert "big" not in manager.get("deployment")["reachable"]
    assert manager("POST", "apply", {"models": held}).json()["changes"] is False
    assert manager("PATCH", "deployment", {"models": {"allowed": ["big", "gone"]}}).status_code == 400


def test_a_file_for_another_deployment_is_not_applied(manager):
    response = manager("POST", "apply", {"deployment": "Another", "settings": PIRATE})
    assert (response.status_code, "Another" in response.json()["error"]["message"]) == (409, True)
    assert manager("POST", "apply", {"deployment": "App", "settings": PIRATE}).status_code == 200


def test_over_guards_against_what_came_meanwhile_unless_it_came_to_the_same(manager):
    manager("POST", "configurations", {"settings": PIRATE})
    late = manager("POST", "apply", {"settings": {}, "over": 1})
    assert (late.status_code, late.json()["error"]["live"]) == (409, 2)
    assert manager("POST", "apply", {"settings": PIRATE, "over": 1}).json()["changes"] is False


def test_the_same_applied_by_many_at_once_is_published_once(manager):
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: manager("POST", "apply", {"settings": PIRATE}).json(), range(5)))
    assert sorted(answer["changes"] for answer in answers) == [False] * 4 + [True]
    assert manager.deployment.configurations.count() == 2
