"""Every version of the charter that was ever in force is kept as it was, and the newest is in force."""

from datetime import UTC
from hashlib import sha256

import pytest

from charter import CharterError, bundled, load_charter, parse_charter, version_of, versions
from charter.bundled import DOCUMENTS, document_json, document_text
from charter.differences import leaves

NEVER_CHANGE = {
    "0.1": "sha256:3f115cb950cbb36ec564f126e1cddd55e31976eef66f77e8ad9c056fb5241a6b",
    "0.2": "sha256:dbe3addd0eaa943fc7d7d2041161d344db5c8d7c91f4f1d55ad1c97cdcb4a4c4",
    "0.3": "sha256:455a2e0df978d48c802de1f608fff53780b307e109ad8896982051d9b808fadd",
    "1.0": "sha256:211f571d3adf36809af9bdd6f3098c8297fe5053ff69d57aa88c8314b0702174",
    "1.1": "sha256:5c64588fdf022d9b6d68ffd9856c9b69315cd8de7f5cf50129d0a08a61b18e7c",
    "1.2": "sha256:9d1dd690507f90ab173a00bb011b8255ed7caf05c559cb8a03fe9484657d024e",
}
"""A version is added here when it comes into force, and never taken out or altered."""
DRAFTS = {"0.1", "0.2", "0.3"}


def test_no_version_that_was_ever_in_force_changes():
    assert {version.number: version.digest for version in versions()} == NEVER_CHANGE
    assert {number: load_charter(number).digest for number in NEVER_CHANGE} == NEVER_CHANGE


def test_every_document_is_a_version_and_every_version_has_its_document():
    assert {path.stem for path in DOCUMENTS.glob("*.toml")} - {"index"} == NEVER_CHANGE.keys()


def test_the_newest_is_in_force_and_read_once():
    newest = versions()[0]
    assert load_charter() is load_charter()
    assert load_charter() is load_charter(newest.number)
    assert (load_charter().version, load_charter().digest) == (newest.number, newest.digest)
    assert str(newest.since.date()) == load_charter().date


def test_versions_are_told_newest_first_with_what_changed_and_why():
    listed = versions()
    assert [version.since for version in listed] == sorted((v.since for v in listed), reverse=True)
    for version in listed:
        assert version.since.tzinfo == UTC
        for words in (version.changed, version.why):
            assert 20 < len(words) < 200, version.number
            assert "\n" not in words


def test_a_document_calls_itself_by_its_number_but_for_the_drafts_that_were_numbered_afterwards():
    for version in versions():
        assert load_charter(version.number).version == ("1.0" if version.number in DRAFTS else version.number)


def test_the_one_in_force_is_held_to_everything_and_history_only_to_what_was_asked_of_it_then():
    assert parse_charter(document_text(versions()[0].number)) == load_charter()
    for number in DRAFTS - {"0.3"}:
        with pytest.raises(CharterError, match="cannot is missing"):
            parse_charter(document_text(number))


def test_only_texts_that_came_later_are_blank_in_history():
    """A blank is no invention: it stands for what nobody had written yet."""
    names = {(section, field) for (section, _, field), value in leaves(load_charter("0.1")).items() if value == ""}
    today = {(section, field) for (section, _, field), value in leaves(load_charter()).items() if value == ""}
    assert names - today == {
        *(("bright_lines", field) for field in ("cannot", "caution")),
        *(("harms", field) for field in ("cannot", "caution", "reason")),
    }


def test_a_decisions_digest_leads_to_its_version():
    for version in versions():
        assert version_of(version.digest) is version
    assert version_of("sha256:" + "0" * 64) is None


def test_the_canonical_json_is_what_the_digest_is_of():
    for version in versions():
        assert "sha256:" + sha256(document_json(version.number)).hexdigest() == version.digest


@pytest.mark.parametrize("number", ["9.9", "", "../documents/1.0", "index", "1.0\0"])
def test_a_number_that_there_is_not_is_refused(number):
    with pytest.raises(CharterError, match="has no version"):
        load_charter(number)
    with pytest.raises(CharterError, match="has no version"):
        document_json(number)


def test_a_document_that_was_changed_under_its_number_is_not_read(monkeypatch, tmp_path):
    text = document_text("1.0").replace("Four tiers, ranked.", "Four tiers, more or less ranked.")
    (tmp_path / "1.0.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(bundled, "DOCUMENTS", tmp_path)
    with pytest.raises(CharterError, match="a changed charter is a new version"):
        bundled._loaded.__wrapped__("1.0", True)
