"""Our own words: they say what cannot be helped with, and where else to turn."""

import pytest

from charter import parse_configuration, reply
from tests.charter.situations import CHARTER, CODING, REASON, Past, decided


def said(*signals, settings=None, past=None):
    configuration = parse_configuration(CHARTER, settings or {})
    return reply(decided(*signals, settings=settings, past=past), configuration)


def test_a_redirect_says_what_the_deployment_is_for_and_that_help_may_be_elsewhere():
    words = said("scope.off_topic", settings=CODING)
    assert "Help with Python programming" in words
    assert "elsewhere" in words


def test_a_redirect_carries_the_operators_word_and_still_what_is_owed_to_the_user():
    scope = {"description": "Bikes", "restrict": True, "message": "Let's talk bikes!"}
    words = said("scope.off_topic", settings={"scope": scope, "persona": {"name": "Velo"}})
    assert words.startswith("I'm Velo, an AI assistant. Let's talk bikes!")
    assert CHARTER.replies["redirect"] in words


@pytest.mark.parametrize(
    ("scope", "purpose"),
    [
        ({"allowed": [{"name": "Repairs"}, {"name": "Tyres"}]}, "Repairs, Tyres"),
        ({"description": "Long. " * 60, "allowed": [{"name": "Repairs"}]}, "Repairs"),
    ],
)
def test_a_scope_is_said_in_a_few_words(scope, purpose):
    assert f"for: {purpose}." in said("scope.off_topic", settings={"scope": {**scope, "restrict": True}})


def test_a_scope_that_cannot_be_said_shortly_is_left_out():
    scope = {"description": "Long. " * 60, "restrict": True}
    assert said("scope.off_topic", settings={"scope": scope}) == CHARTER.replies["redirect"]


def test_a_decline_names_what_it_cannot_help_with():
    for harm in CHARTER.harms:
        words = said(harm.signal)
        assert harm.cannot in words
        assert (CHARTER.replies["care"] in words) == (harm.id == "self_harm_promotion")


def test_a_bright_line_sounds_final_when_certain_and_open_when_only_suspected():
    line = CHARTER.bright_lines[0]
    assert f"I won't help with {line.cannot}" in said(line.signal)
    assert "If that isn't what you meant" in said(line.signal + "?")
    assert "anything sexual that involves minors" in said("sexual", "minors")


def test_explicit_content_is_turned_away_plainly():
    assert said("sexual") == CHARTER.replies["redirect_sexual"]
    words = said("sexual", "scope.off_topic", settings=CODING)
    assert "Explicit sexual content" in words


def test_the_end_says_so_and_that_a_new_conversation_may_be_started():
    for words in (said(past=Past(ended=True)), said("abuse", past=Past(turns=3, abusive=2))):
        assert "start a new one" in words
        assert "clos" in words


def test_someone_having_a_hard_time_hears_so_first_and_someone_at_risk_is_told_where_help_is():
    assert said("distress", "scope.off_topic", settings=CODING).startswith(CHARTER.replies["distress"])
    words = said("bright_line.humanity", "risk.emergency")
    assert words.startswith(CHARTER.replies["care"])
    assert "112" in words


def test_someone_who_was_at_risk_before_hears_it_again_when_something_is_declined():
    assert said("harm.violence", past=Past(turns=2, at_risk=True)).startswith(CHARTER.replies["care"])


def test_an_operator_cannot_have_the_emergency_words_left_out():
    settings = {
        "behaviours": {"safe_messaging": {"state": "off", "reason": REASON}},
        "instructions": "Never mention help.",
    }
    assert CHARTER.replies["care"] in said("harm.violence", "risk.self_harm?", settings=settings)
