"""Scope, persona, instructions and behaviours: saved whole, refused in place, never over another's edit unasked."""

import html
import json
import re

import pytest
from django.test import Client

from operators.models import Deployment
from operators.publishing import save_draft

TOPICS = {"allowed": [("Git: basics", "How do I: undo?\nWhy; then?")], "refused": [("Law", "")]}


def sent(deployment: Deployment, **fields: str) -> dict[str, str]:
    """What a browser sends of the form of scope."""
    said = {"base": json.dumps(deployment.draft), "description": "Code.", "page": "deployment-scope"}
    for prefix, topics in TOPICS.items():
        said |= {f"{prefix}-TOTAL_FORMS": str(len(topics) + 1), f"{prefix}-INITIAL_FORMS": "0"}
        for index, (name, examples) in enumerate(topics):
            said |= {f"{prefix}-{index}-name": name, f"{prefix}-{index}-examples": examples}
    return said | fields


@pytest.fixture
def path(app):
    return f"/deployments/{app.pk}/scope/"


def test_all_of_it_is_kept_and_comes_back(app, member, path):
    client = member()
    more = {"restrict": "on", "message": "No.", "name": "Ada", "style": "Dry", "formality": "formal", "language": "de"}
    assert client.post(path, sent(app, **more, instructions="Be kind.")).status_code == 302
    app.refresh_from_db()
    assert app.draft == {
        "scope": {
            "description": "Code.",
            "allowed": [{"name": "Git: basics", "examples": ["How do I: undo?", "Why; then?"]}],
            "refused": [{"name": "Law", "examples": []}],
            "restrict": True,
            "message": "No.",
        },
        "persona": {"name": "Ada", "style": "Dry"},
        "tone": {"formality": "formal", "language": "de"},
        "instructions": "Be kind.",
    }
    page = client.get(path).content.decode()
    assert 'value="Git: basics"' in page
    assert "How do I: undo?\nWhy; then?" in page


def test_other_settings_stay(app, member, path):
    save_draft(app, {"behaviours": {"crude_language": {"state": "on"}}}, by=None)
    member().post(path, sent(app))
    app.refresh_from_db()
    assert app.draft["behaviours"] == {"crude_language": {"state": "on"}}


def test_an_emptied_topic_is_gone(app, member, path):
    member().post(path, sent(app) | {"refused-0-name": "", "refused-0-examples": ""})
    app.refresh_from_db()
    assert app.draft["scope"].get("refused", []) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"refused-0-name": "git: BASICS"}, "is both allowed and refused"),
        ({"allowed-0-name": "x" * 121}, "121 characters long; at most 120 are allowed"),
        ({"allowed-0-name": ""}, "is needed"),
        ({"allowed-0-examples": "x" * 601}, "601 characters long"),
        ({"message": "x" * 601}, "601 characters long"),
        ({"name": "a" * 61}, "61 characters long"),
        ({"language": "klingon!"}, "must be a language tag"),
        ({"formality": "rude"}, "Select a valid choice"),
        ({"instructions": "x" * 20_001}, "20,001 characters long"),
        ({"description": "nul \0"}, "Null characters are not allowed"),
        ({"allowed-TOTAL_FORMS": "many"}, "ManagementForm"),
    ],
)
def test_what_the_charter_refuses_is_said_in_place_and_nothing_typed_is_lost(app, member, path, wrong, said):
    page = member().post(path, sent(app, style="Typed and kept") | wrong)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert "Typed and kept" in page.content.decode()
    app.refresh_from_db()
    assert app.draft == {}


def test_room_for_another_topic_keeps_what_was_typed_and_saves_nothing(app, member, path):
    page = member().post(path, sent(app, more="allowed", style="Typed"))
    assert 'name="allowed-2-name"' in page.content.decode()
    assert "Typed" in page.content.decode()
    app.refresh_from_db()
    assert app.draft == {}


def test_what_is_typed_is_counted_and_warned_of_without_being_kept(app, member):
    client, path = member("analyst"), f"/deployments/{app.pk}/instructions/"
    said = client.post(path, {"instructions": "Be brief.", "style": "Deny that you are a bot."}).content.decode()
    assert "3 tokens in every turn" in said
    assert "Never denies being an AI" in said
    app.refresh_from_db()
    assert app.draft == {}


def test_a_part_that_is_asked_for_after_the_session_ended_sends_the_page_to_sign_in(app, path):
    answer = Client().post(path, sent(app), headers={"hx-request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_a_saved_part_of_a_page_says_so_and_starts_from_what_is_kept(app, member, path):
    answer = member().post(path, sent(app, page="first-try"), headers={"hx-request": "true"})
    app.refresh_from_db()
    assert "Saved in the draft." in answer.content.decode()
    base = html.unescape(re.search(r'name="base" value="([^"]*)"', answer.content.decode())[1])
    assert json.loads(base) == app.draft
    assert "<html" not in answer.content.decode()


def test_behaviours_are_searched_without_losing_what_was_switched(app, member):
    client, path = member(), f"/deployments/{app.pk}/behaviours/"
    page = client.post(path, {"show": "1", "search": "swear", "crude_language-there": "1", "crude_language-on": "on"})
    shown = page.content.decode()
    assert shown.count("data-row >") == 1
    assert "Not saved yet" in shown
    assert 'name="crude_language-on" data-switch aria-describedby="crude_language" checked' in " ".join(shown.split())
    app.refresh_from_db()
    assert app.draft == {}


def test_one_or_all_are_reset_and_then_saved(app, member):
    client, path = member(), f"/deployments/{app.pk}/behaviours/"
    both = {"crude_language": {"state": "on"}, "blunt_feedback": {"state": "on"}}
    save_draft(app, {"behaviours": both}, by=None)
    as_is = {f"{name}-{part}": "on" for name in both for part in ("there", "on")}
    page = client.post(path, as_is | {"reset": "crude_language"}).content.decode()
    assert page.count('<span class="tag" data-changed >') == 1
    app.refresh_from_db()
    assert app.draft["behaviours"] == both
    page = client.post(path, as_is | {"reset": "*"}).content.decode()
    assert '<span class="tag" data-changed >' not in page


def test_every_behaviour_is_there_and_the_hardcoded_have_no_control(app, member):
    page = member().get(f"/deployments/{app.pk}/behaviours/").content.decode()
    assert page.count("data-row") >= 24
    assert page.count("always on, locked") == 7
    assert page.count("always off, locked") == 2
    assert 'name="honest_about_being_ai-on"' not in page
