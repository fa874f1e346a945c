"""The charter document: whole, digested by content, and clear about what is wrong with it."""

import tomllib

import pytest

from charter import CharterError, load_charter, parse_charter, versions
from charter.bundled import document_text
from charter.document import digest_of

TEXT = document_text(versions()[0].number)


def test_the_charter_in_force_gives_its_digest():
    charter = load_charter()
    assert charter.digest == digest_of(tomllib.loads(TEXT))
    assert charter.digest.startswith("sha256:")
    assert len(charter.digest) == 71
    assert charter.version


def test_the_digest_follows_content_and_not_layout():
    assert parse_charter("# a comment\n\n" + TEXT).digest == load_charter().digest
    assert parse_charter(TEXT.replace("brilliant friend", "good friend", 1)).digest != load_charter().digest


def test_every_rule_line_and_behaviour_has_its_reason():
    charter = load_charter()
    for entry in (*charter.bright_lines, *charter.harms, *charter.rules, *charter.behaviours):
        assert len(entry.reason) > 20, entry.id


def test_softcoded_behaviours_say_what_either_state_means():
    for behaviour in load_charter().behaviours:
        if behaviour.softcoded:
            assert behaviour.on, behaviour.id
            assert behaviour.off, behaviour.id


def test_directives_leave_no_place_unfilled_where_nothing_fills_it():
    filled = {"bright_line.", "harm.", "operator.harm", "operator.bright_line"}
    for rule in load_charter().rules:
        assert "{" not in rule.directive + rule.reason or rule.id.startswith(tuple(filled)), rule.id


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "1.2"', "version = 1", "version must be str, not int"),
        ('version = "1.2"', 'version = "1.0', "is not TOML"),
        ('version = "1.2"', 'version = "1.2"\ndigest = "sha256:0"', "digest is computed"),
        ('version = "1.2"', 'version = "1.2"\ncolour = "red"', "colour is not a known field"),
        ("number = 4", "number = 5", "tiers must be numbered"),
        ('id = "humanity"', 'id = "robots"', "bright_lines must match signals: bright_line.humanity, bright"),
        ('id = "fraud"', 'id = "hate"', "harms has an id twice"),
        ('without_judge = "caution"', 'without_judge = "shrug"', "must be one of decline, caution, not 'shrug'"),
        ('signal = "risk.emergency"', 'signal = "risk.rain"', "names an unknown signal 'risk.rain'"),
        ("severity = 0.97", "severity = 1.97", "rules.risk.emergency has a severity outside 0..1"),
        ('id = "abuse.end"', 'id = "abuse.over"', "rules lacks 'abuse.end'"),
        ('id = "safe_messaging"', 'id = "safe_messaging"\nusers = "always"', "must be one of never, if_granted"),
        ("[texts]", '[texts]\nhello = 1', "texts.hello must be str"),
        ("topics = 60\n", "", "limits.topics is missing"),
        ('persona = "I\'m {name}', 'person = "I\'m {name}', "replies lacks 'persona'"),
        ("language = ", "tongue = ", "texts lacks 'language'"),
        ("[[tones.length]]", "[[tones.colour]]", "tones must be formality, length, warmth"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old, new, complaint):
    assert old in TEXT
    with pytest.raises(CharterError) as raised:
        parse_charter(TEXT.replace(old, new, 1))
    assert complaint in str(raised.value)


def test_a_hardcoded_behaviour_gives_nothing_to_users():
    with pytest.raises(CharterError, match="basic_dignity is hardcoded"):
        parse_charter(TEXT.replace('id = "basic_dignity"', 'id = "basic_dignity"\nusers = "if_granted"'))
