"""The charter's public pages: everything the document says, in every version, without signing in or a database."""

import json
from dataclasses import fields
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from django.test import Client

from charter import load_charter, parse_charter, versions
from charter.differences import leaves
from operators import charter_words

NUMBERS = [version.number for version in versions()]


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.ids = "", set()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids |= {value for name, value in attrs if name == "id"}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(path: str) -> _Read:
    response = Client().get(path)
    assert response.status_code == 200, path
    found = _Read()
    found.feed(response.content.decode())
    return found


def plain(text: str) -> str:
    return "".join(unescape(text).split()).replace("{", "").replace("}", "")


@pytest.mark.parametrize("number", [None, *NUMBERS])
def test_a_version_is_shown_whole_with_an_anchor_at_every_entry(number):
    shown = read(f"/charter/versions/{number}/" if number else "/charter/")
    charter = load_charter(number)
    assert charter.digest in shown.text
    seen = plain(shown.text.casefold())
    told_in_words = {"number", "kind", "users", "without_judge", "signal", "levels", "binding", "flag", "needs_reason"}
    for (section, entry, field), value in leaves(charter).items():
        assert section == "summary" or charter_words.anchor(section, entry) in shown.ids, (section, entry)
        if field in told_in_words or section == "limits" or (section, field) == ("rules", "tier"):
            continue
        if field in {"cannot", "name"} and section in {"harms", "bright_lines"}:
            continue
        assert plain(value.casefold()) in seen, (section, entry, field)


def test_what_users_and_operators_may_do_is_said_of_every_softcoded_behaviour():
    page = Client().get("/charter/").content.decode()
    for behaviour in load_charter().behaviours:
        entry = page.split(f'id="behaviour-{behaviour.id}"')[1].split("</li>")[0]
        assert str(charter_words.value("kind", behaviour.kind)) in entry
        assert ("May users adjust it?" in entry) == behaviour.softcoded
        assert ("needs a reason" in entry) == behaviour.needs_reason
        if behaviour.softcoded:
            assert unescape(str(charter_words.value("users", behaviour.users))) in unescape(entry)


def test_every_bright_line_says_what_a_suspicion_leads_to_without_a_judge():
    page = Client().get("/charter/").content.decode()
    for line in load_charter().bright_lines:
        entry = page.split(f'id="line-{line.id}"')[1].split("</li>")[0]
        assert str(charter_words.value("without_judge", line.without_judge)) in entry


def test_everything_the_document_names_has_a_name_for_people():
    charter = load_charter()
    assert charter.texts.keys() <= charter_words.TEXTS.keys()
    assert charter.replies.keys() <= charter_words.REPLIES.keys()
    assert charter.tones.keys() <= charter_words.TONES.keys()
    assert {field.name for field in fields(charter.limits)} <= charter_words.LIMITS.keys()
    assert {rule.id for rule in charter.rules if not rule.signal} == charter_words.CASES.keys()
    assert {field for _, _, field in leaves(charter)} <= charter_words.FIELDS.keys()
    for field, table in charter_words.VALUES.items():
        used = {value for (_, _, name), value in leaves(charter).items() if name == field and value}
        assert used <= table.keys(), field


def test_history_lists_every_version_with_date_digest_what_and_why():
    shown = read("/charter/versions/").text
    for version in versions():
        for words in (f"Version {version.number}", version.digest, version.changed, version.why):
            assert words in shown
        assert f"{version.since:%H:%M} UTC" in shown


@pytest.mark.parametrize(
    "path",
    [
        "/charter/versions/9.9/",
        "/charter/compare/1.0/9.9/",
        "/charter/compare/9.9/1.0/",
        "/charter/compare/?old=9.9",
        "/charter/compare/?new=%00",
        "/charter/9.9.toml",
        "/charter/9.9.json",
        "/charter/..%2Fdocuments%2F1.0.toml",
        "/charter/index.toml",
    ],
)
def test_what_there_is_not_is_not_found(path):
    assert Client().get(path).status_code == 404


def test_the_address_that_is_told_leads_there():
    response = Client().get("/charter")
    assert (response.status_code, response["Location"]) == (301, "/charter/")


@pytest.mark.parametrize("path", ["/charter/", "/charter/versions/", "/charter/compare/", "/charter/1.0.toml"])
def test_nothing_can_be_sent_to_it(path):
    assert Client(enforce_csrf_checks=False).post(path).status_code == 405


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ("", f"{NUMBERS[1]}/{NUMBERS[0]}"),
        ("?old=0.1&new=0.3", "0.1/0.3"),
        ("?new=0.3", "0.2/0.3"),
        ("?new=0.1", "0.1/0.1"),
        ("?old=1.0&new=0.2", "1.0/0.2"),
    ],
)
def test_a_choice_leads_to_its_comparison(chosen, shown):
    response = Client().get(f"/charter/compare/{chosen}")
    assert (response.status_code, response["Location"]) == (302, f"/charter/compare/{shown}/")


def test_a_comparison_shows_both_sides_of_every_change():
    shown = read("/charter/compare/0.2/0.3/").text
    for words in ("1 entry was added, 0 removed, 26 changed.", "Before", "After", "Whose words count as what"):
        assert words in " ".join(shown.split())
    assert "The first of the two is the newer one." in read("/charter/compare/0.3/0.2/").text
    assert "Nothing: they say the same." in read("/charter/compare/1.0/1.0/").text


@pytest.mark.parametrize("number", NUMBERS)
def test_the_downloads_are_the_document_and_its_digest_can_be_computed_from_them(number):
    toml, plain_json = Client().get(f"/charter/{number}.toml"), Client().get(f"/charter/{number}.json")
    digest = load_charter(number).digest
    assert parse_charter(toml.content.decode(), history=True).digest == digest
    assert "sha256:" + sha256(plain_json.content).hexdigest() == digest
    assert json.loads(plain_json.content)["tiers"][0]["id"] == "safety"
    for response, kind in ((toml, "toml"), (plain_json, "json")):
        assert response["Content-Type"].startswith(f"application/{kind}")
        assert response["Content-Disposition"] == f'attachment; filename="plumbline-charter-{number}.{kind}"'
        assert "immutable" in response["Cache-Control"]
        again = Client().get(f"/charter/{number}.{kind}", headers={"if-none-match": response["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
