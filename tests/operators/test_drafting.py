"""Two people at one draft: neither overwrites what they never saw, and nothing typed is lost."""

import html
import json
import re

import pytest
from django.urls import reverse

from operators.drafting import merge
from operators.models import Deployment
from operators.publishing import save_draft

BASE = {"scope": {"description": "Help with code."}, "persona": {"name": "Ada"}, "instructions": "Be brief."}


def changed(section: str, name: str, value: object) -> dict:
    return {**BASE, section: {**BASE.get(section, {}), name: value}}


def test_what_only_one_of_them_changed_is_kept():
    mine, theirs = changed("scope", "description", "Help with Python."), changed("persona", "name", "Bo")
    merged = merge(BASE, theirs, mine)
    assert merged.conflicts == []
    assert merged.settings == {**BASE, "scope": {"description": "Help with Python."}, "persona": {"name": "Bo"}}


def test_where_both_changed_the_same_it_is_a_conflict_with_both_in_words():
    mine, theirs = changed("persona", "name", "Cy"), changed("persona", "name", "Bo")
    merged = merge(BASE, theirs, mine)
    (conflict,) = merged.conflicts
    assert conflict.path == "persona.name"
    assert [one.words for one in conflict.mine] == ["Its name: “Cy” in place of “Ada”"]
    assert [one.words for one in conflict.theirs] == ["Its name: “Bo” in place of “Ada”"]
    assert merged.settings["persona"]["name"] == "Cy"


@pytest.mark.parametrize(
    ("theirs", "mine", "result"),
    [
        (changed("persona", "name", "Bo"), changed("persona", "name", "Bo"), "Bo"),
        (BASE, changed("persona", "name", ""), ""),
        ({**BASE, "persona": {}}, BASE, None),
        (BASE, {**BASE, "persona": {"name": "Ada", "style": ""}}, "Ada"),
    ],
)
def test_the_same_and_nothing_are_no_conflict(theirs, mine, result):
    merged = merge(BASE, theirs, mine)
    assert merged.conflicts == []
    assert merged.settings.get("persona", {}).get("name") == result


def test_how_a_browser_ends_its_lines_is_no_change():
    merged = merge({"instructions": "a\nb"}, {"instructions": "c"}, {"instructions": "a\r\nb"})
    assert (merged.conflicts, merged.settings) == ([], {"instructions": "c"})


def test_behaviours_are_settings_of_their_own():
    on, off = {"state": "on"}, {"state": "off"}
    merged = merge({}, {"behaviours": {"crude_language": on}}, {"behaviours": {"blunt_feedback": off}})
    assert merged.conflicts == []
    assert merged.settings["behaviours"] == {"crude_language": on, "blunt_feedback": off}
    assert merge({}, {"behaviours": {"crude_language": on}}, {"behaviours": {"crude_language": off}}).conflicts


def form(client, page: str) -> dict[str, str]:
    """The scope form's fields as a browser would send them back."""
    text = client.get(page).text
    inputs = dict(re.findall(r'<input type="(?:hidden|text)" name="([\w-]+)"(?: value="([^"]*)")?', text))
    areas = dict(re.findall(r'<textarea name="([\w-]+)"[^>]*>\n?([^<]*)</textarea>', text))
    return {name: html.unescape(value) for name, value in (inputs | areas).items() if name != "csrfmiddlewaretoken"}


@pytest.fixture
def page(app) -> str:
    save_draft(app, BASE)
    return reverse("deployment-scope", args=[app.pk])


def draft() -> dict:
    return Deployment.objects.get().draft


def test_edits_of_different_fields_are_both_kept_and_told(app, member, page):
    first, second = member(), member()
    mine, theirs = form(first, page), form(second, page)
    second.post(page, {**theirs, "name": "Bo"})
    told = first.post(page, {**mine, "description": "Help with Python."}, follow=True)
    assert "Saved in the draft." in told.text
    assert "Others changed it meanwhile" in told.text
    assert (draft()["persona"]["name"], draft()["scope"]["description"]) == ("Bo", "Help with Python.")


def test_the_second_sees_what_changed_and_saves_theirs_over_it_knowingly(app, member, page):
    first, second = member(), member()
    mine, theirs = form(first, page), form(second, page)
    second.post(page, {**theirs, "name": "Bo"})
    told = first.post(page, {**mine, "name": "Cy", "style": "in rhymes"})
    assert "somebody else changed the same" in told.text
    assert "“Bo” in place of “Ada”" in told.text
    assert draft()["persona"]["name"] == "Bo"
    assert 'value="Cy"' in told.text
    assert 'value="in rhymes"' in told.text
    base = html.unescape(re.search(r'name="base" value="([^"]*)"', told.text)[1])
    assert json.loads(base)["persona"]["name"] == "Bo"
    first.post(page, {**mine, "name": "Cy", "style": "in rhymes", "base": base, "take-persona.name": "mine"})
    assert draft()["persona"] == {"name": "Cy", "style": "in rhymes"}


def test_the_second_lets_the_others_change_stand_and_keeps_the_rest(app, member, page):
    first, second = member(), member()
    mine, theirs = form(first, page), form(second, page)
    second.post(page, {**theirs, "name": "Bo"})
    told = first.post(page, {**mine, "name": "Cy", "style": "in rhymes"})
    base = html.unescape(re.search(r'name="base" value="([^"]*)"', told.text)[1])
    first.post(page, {**mine, "name": "Cy", "style": "in rhymes", "base": base, "take-persona.name": "theirs"})
    assert draft()["persona"] == {"name": "Bo", "style": "in rhymes"}


def test_a_third_change_is_seen_too(app, member, page):
    first = member()
    mine = form(first, page)
    save_draft(app, changed("persona", "name", "Bo"))
    told = first.post(page, {**mine, "name": "Cy"})
    base = html.unescape(re.search(r'name="base" value="([^"]*)"', told.text)[1])
    save_draft(app, changed("persona", "name", "Di"))
    again = first.post(page, {**mine, "name": "Cy", "base": base, "take-persona.name": "mine"})
    assert "“Di” in place of “Bo”" in again.text
    assert draft()["persona"]["name"] == "Di"


@pytest.mark.parametrize("base", ["", "{", "[]", "null", "1" * 5000, '"\\ud800"', "\x00"])
def test_a_base_that_is_none_counts_as_the_draft_of_now(app, member, page, base):
    client = member()
    client.post(page, {**form(client, page), "name": "Bo", "base": base})
    assert draft()["persona"]["name"] == "Bo"


def test_behaviours_of_two_people(app, member):
    page = reverse("deployment-behaviours", args=[app.pk])
    client = member()
    base = html.unescape(re.search(r'name="base" value="([^"]*)"', client.get(page).text)[1])
    save_draft(app, {"behaviours": {"crude_language": {"state": "on"}}})
    told = client.post(page, {"base": base, "crude_language-there": "1"})
    assert "somebody else changed the same" in told.text
    client.post(page, {"base": base, "blunt_feedback-there": "1"})
    assert draft()["behaviours"] == {
        "crude_language": {"state": "on"},
        "blunt_feedback": {"users_may_adjust": False},
    }
