"""Operators' settings: everything is optional, and what the charter does not allow is named with the rule."""

import pytest

from charter import Configuration, ConfigurationError, Topic, parse_configuration
from tests.charter.situations import CHARTER, REASON

FULL = {
    "scope": {
        "description": "Help with our bicycles",
        "allowed": [{"name": "Repairs", "examples": ["My chain slips", "Flat tyre?"]}],
        "refused": [{"name": "Motorbikes"}],
        "restrict": True,
        "message": "We only know bicycles.",
    },
    "persona": {"name": "Velo", "style": "Cheerful"},
    "tone": {"formality": "casual", "warmth": "warm", "length": "short", "language": "pt-BR"},
    "instructions": "Mention the spring sale.",
    "behaviours": {
        "crude_language": {"state": "on"},
        "clinical_dosage": {"state": "on", "reason": REASON},
        "balanced_views": {"users_may_adjust": True},
    },
}


def problems(settings):
    with pytest.raises(ConfigurationError) as raised:
        parse_configuration(CHARTER, settings)
    return [(problem.path, problem.rule) for problem in raised.value.problems]


def test_nothing_set_is_a_blank_configuration():
    assert parse_configuration(CHARTER, {}) == Configuration()


def test_everything_set_is_kept():
    configuration = parse_configuration(CHARTER, FULL)
    assert configuration.scope.allowed == (Topic("Repairs", ("My chain slips", "Flat tyre?")),)
    assert configuration.scope.restrict
    assert configuration.persona.name == "Velo"
    assert configuration.tone.language == "pt-BR"
    assert configuration.behaviours["crude_language"].on is True
    assert configuration.behaviours["crude_language"].users_may_adjust is None
    assert configuration.behaviours["balanced_views"].on is None
    assert configuration.behaviours["clinical_dosage"].reason == REASON


@pytest.mark.parametrize(
    ("settings", "path", "rule"),
    [
        ([], "", "settings.shape"),
        ({"colour": "red"}, "colour", "settings.shape"),
        ({"scope": "bikes"}, "scope", "settings.shape"),
        ({"scope": {"restrict": "yes"}}, "scope.restrict", "settings.shape"),
        ({"scope": {"restrict": True}}, "scope.restrict", "scope.says_what_it_is_for"),
        ({"scope": {"allowed": [{"examples": []}]}}, "scope.allowed[0].name", "scope.topics_have_names"),
        ({"scope": {"allowed": [{"name": "A"}], "refused": [{"name": "a"}]}}, "scope.refused", "scope.one_side_only"),
        ({"scope": {"allowed": [{"name": "A", "examples": [3]}]}}, "scope.allowed[0].examples[0]", "settings.shape"),
        ({"scope": {"allowed": [{"name": "A"}] * 61}}, "scope.allowed", "limits"),
        ({"persona": {"name": "two\nlines"}}, "persona.name", "settings.shape"),
        ({"persona": {"name": "x" * 61}}, "persona.name", "limits"),
        ({"tone": {"formality": "pirate"}}, "tone.formality", "tones"),
        ({"tone": {"language": "the King's"}}, "tone.language", "tones"),
        ({"instructions": "x" * 20_001}, "instructions", "limits"),
        ({"instructions": "a\0b"}, "instructions", "settings.shape"),
        ({"behaviours": {"flying": {}}}, "behaviours.flying", "behaviours"),
        (
            {"behaviours": {"emergency_referral": {"state": "off"}}},
            "behaviours.emergency_referral", "behaviours.emergency_referral",
        ),
        ({"behaviours": {"crude_language": {"state": True}}}, "behaviours.crude_language.state", "behaviours"),
        (
            {"behaviours": {"safe_messaging": {"state": "off"}}},
            "behaviours.safe_messaging.reason", "behaviours.safe_messaging",
        ),
        (
            {"behaviours": {"clinical_dosage": {"state": "on", "reason": "because"}}},
            "behaviours.clinical_dosage.reason", "behaviours.clinical_dosage",
        ),
        (
            {"behaviours": {"firearms_maintenance": {"users_may_adjust": True, "reason": REASON}}},
            "behaviours.firearms_maintenance.users_may_adjust", "behaviours.firearms_maintenance",
        ),
    ],
)  # fmt: skip
def test_what_is_not_allowed_names_the_place_and_the_rule(settings, path, rule):
    assert problems(settings) == [(path, rule)]


def test_all_problems_are_found_in_one_look():
    assert len(problems({"tone": {"warmth": "icy"}, "scope": {"restrict": True}, "behaviours": {"flying": {}}})) == 3


def test_no_reason_is_asked_for_where_the_default_stays():
    configuration = parse_configuration(CHARTER, {"behaviours": {"safe_messaging": {"state": "on"}}})
    assert configuration.behaviours["safe_messaging"].on is True
