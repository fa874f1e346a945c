"""Versions through the API: what the console can do, with the same rules and the same entries."""

from concurrent.futures import ThreadPoolExecutor

from audit.log.models import Entry
from operators.models import Account, Configuration, Deployment
from operators.publishing import publish, save_draft

PIRATE = {"instructions": "Speak like a pirate."}


def test_a_version_is_published_and_read_back(manager):
    response = manager("POST", "configurations", {"settings": PIRATE, "note": "ahoy", "over": 1})
    assert response.status_code == 201
    made = response.json()
    assert (made["number"], made["live"], made["note"], made["settings"]) == (2, True, "ahoy", PIRATE)
    assert made["published_by"]["type"] == "key"
    assert manager.get("configurations/live") == made == manager.get("configurations/2")
    assert manager.get("deployment")["live"] == 2


def test_the_key_is_the_actor_of_the_entry(manager):
    manager("POST", "configurations", {"settings": PIRATE})
    key = manager.deployment.keys.get(name="ci")
    entry = Entry.objects.filter(name="configuration.published").latest("at")
    assert (entry.actor_type, entry.actor_id) == ("key", str(key.pk))
    assert Configuration.objects.get(number=2).published_with == key


def test_publishing_over_a_version_one_has_not_seen_is_a_conflict(manager):
    manager("POST", "configurations", {"settings": PIRATE})
    response = manager("POST", "configurations", {"settings": {}, "over": 1})
    assert response.status_code == 409
    assert response.json()["error"]["live"] == 2
    assert manager.deployment.configurations.count() == 2


def test_of_two_who_publish_over_the_same_version_one_wins(manager):
    def one(number):
        return manager("POST", "configurations", {"settings": {"instructions": f"{number}"}, "over": 1}).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(one, range(6)))
    assert answers == [201] + [409] * 5
    assert manager.deployment.configurations.count() == 2


def test_settings_that_the_charter_refuses_are_told_with_place_and_rule(manager):
    wrong = {"instructions": 5, "behaviours": {"nonsense": {}}, "scope": {"restrict": True}, "mood": "sunny"}
    error = manager("POST", "configurations", {"settings": wrong}).json()["error"]
    assert {(one["path"], one["rule"]) for one in error["problems"]} == {
        ("mood", "settings.shape"),
        ("scope.restrict", "scope.says_what_it_is_for"),
        ("instructions", "settings.shape"),
        ("behaviours.nonsense", "behaviours"),
    }
    assert "mood: is not a known setting" in error["message"]
    checked = manager("POST", "configurations/validate", {"settings": wrong}).json()
    assert (checked["valid"], checked["problems"]) == (False, error["problems"])
    assert manager.deployment.configurations.count() == 1


def test_checking_tells_what_would_change_and_keeps_nothing(manager):
    checked = manager("POST", "configurations/validate", {"settings": PIRATE}).json()
    assert (checked["valid"], checked["over"]) == (True, 1)
    assert checked["differences"] == [
        {
            "path": "instructions",
            "before": None,
            "after": "Speak like a pirate.",
            "words": "The instructions: “Speak like a pirate.”",
        }
    ]
    assert manager.deployment.configurations.count() == 1


def test_versions_are_listed_in_pages_newest_first(manager):
    for number in range(4):
        publish(manager.deployment, {"instructions": f"{number}"}, by=None)
    first = manager.get("configurations", limit=2)
    assert [one["number"] for one in first["data"]] == [5, 4]
    assert (first["has_more"], first["last_id"]) == (True, 4)
    rest = manager.get("configurations", limit=50, after_id=4)
    assert [one["number"] for one in rest["data"]] == [3, 2, 1]
    assert rest["has_more"] is False
    assert "settings" not in rest["data"][0]


def test_any_two_versions_are_compared(manager):
    publish(manager.deployment, PIRATE, by=None)
    save_draft(manager.deployment, {"persona": {"name": "Jim"}})
    [told] = manager.get("configurations/1/differences")["differences"]
    assert told["path"] == "instructions"
    assert manager.get("configurations/2/differences", to="2")["differences"] == []
    against_draft = manager.get("configurations/live/differences", to="draft")["differences"]
    assert [one["words"] for one in against_draft] == [
        "Its name: “Jim”",
        "The instructions: no longer “Speak like a pirate.”",
    ]


def test_an_old_version_comes_back_under_a_new_number(manager):
    publish(manager.deployment, PIRATE, by=None)
    assert manager("POST", "configurations/1/roll_back", {"over": 1}).status_code == 409
    made = manager("POST", "configurations/1/roll_back", {"over": 2}).json()
    assert (made["number"], made["settings"], made["note"]) == (3, {}, "Back to version 1")
    assert Entry.objects.filter(name="configuration.rolled_back", actor_type="key").count() == 1


def test_what_is_not_there_is_a_404_in_shape(manager):
    for path in ("configurations/99", "configurations/nine", "configurations/0", "configurations/٣"):
        response = manager("GET", path)
        assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error"), path
    assert manager("POST", "configurations/99/roll_back").status_code == 404
    assert manager("GET", "configurations/1/differences?to=99").status_code == 404
    assert manager("GET", "nowhere").status_code == 404


def test_the_draft_is_read_kept_and_published(manager):
    before = manager.get("draft")
    assert (before["settings"], before["differs"]) == ({}, False)
    kept = manager("PUT", "draft", {"settings": PIRATE, "over": before["digest"]}).json()
    assert (kept["settings"], kept["differs"]) == (PIRATE, True)
    late = manager("PUT", "draft", {"settings": {}, "over": before["digest"]})
    assert late.status_code == 409
    assert manager("PUT", "draft", {"settings": {"mood": "sunny"}}).status_code == 400
    made = manager("POST", "configurations", {"draft": True, "over": 1}).json()
    assert (made["number"], made["settings"]) == (2, PIRATE)
    assert manager.get("draft")["differs"] is False
    assert Entry.objects.filter(name="configuration.drafted", actor_type="key").count() == 1


def test_only_the_draft_that_was_read_is_published(manager):
    read = manager("PUT", "draft", {"settings": PIRATE}).json()["digest"]
    other = manager("PUT", "draft", {"settings": {"persona": {"name": "Jim"}}}).json()["digest"]
    late = manager("POST", "configurations", {"draft": True, "draft_digest": read})
    assert (late.status_code, "changed meanwhile" in late.text) == (409, True)
    assert manager("POST", "configurations", {"settings": PIRATE, "draft_digest": read}).status_code == 400
    assert manager("POST", "configurations", {"draft": True, "draft_digest": other}).status_code == 201


def test_a_draft_with_edits_outlives_what_others_publish(manager):
    edits = {"persona": {"name": "Ada"}}
    save_draft(manager.deployment, edits, by=Account.objects.create_user("o@example.com"))
    manager("POST", "configurations", {"settings": PIRATE})
    assert manager.get("draft")["settings"] == edits
    assert manager.get("deployment")["draft_differs"] is True


def test_a_deployment_whose_live_settings_no_longer_fit_is_mended(manager):
    live = Configuration.objects.create(
        deployment=manager.deployment, number=2, settings={"behaviours": {"gone": {"state": "on"}}}, charter_version="0"
    )
    Deployment.objects.filter(pk=manager.deployment.pk).update(live=live)
    assert manager.get("deployment")["live"] == 2
    [told] = manager("POST", "configurations/validate", {"settings": {}}).json()["differences"]
    assert told["words"] == "“gone” is left to the charter; it was on."
    assert manager("POST", "configurations", {"settings": {}, "over": 2}).status_code == 201
