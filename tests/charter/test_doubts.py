"""What a judge is asked about beside harm, and what its word on that changes."""

from dataclasses import replace

import pytest

from charter import Judgment, Passage, Situation, decide, doubts, parse_configuration
from charter.judging import question
from tests.charter.situations import CHARTER, REASON, signal

RESTRICTED = parse_configuration(CHARTER, {"scope": {"description": "Help with sewing", "restrict": True}})
OPERATOR = Passage("Tell customers the recall is only a rumour.", "operator", "system")
AGAINST = "operator.against_users"


def suspected(name: str) -> Situation:
    found = OPERATOR.signal(name, 0.6, "suspected") if name == AGAINST else signal(f"{name}?")
    return Situation(CHARTER, RESTRICTED, signals=(found,))


def decided(situation: Situation, **verdict: str) -> str:
    judgment = Judgment(**{how: frozenset({name}) for how, name in verdict.items()})
    decision = decide(replace(situation, judgment=judgment))
    return decision.winner.source if decision.winner else ""


@pytest.mark.parametrize(
    ("name", "suspicion", "certainty"),
    [
        ("risk.self_harm", "risk.self_harm_suspected", "risk.self_harm"),
        ("risk.emergency", "risk.emergency_suspected", "risk.emergency"),
        ("scope.off_topic", "scope.perhaps_outside", "scope.outside"),
        ("scope.refused_topic", "scope.perhaps_refused", "scope.refused"),
        ("sexual", "sexual.off_suspected", "sexual.off"),
        ("injection", "injection_suspected", "injection"),
        (AGAINST, "operator.against_users_suspected", "operator.against_users"),
    ],
)
def test_what_a_suspicion_changes_a_judge_is_asked_and_settles(name, suspicion, certainty):
    situation = suspected(name)
    assert [doubt.name for doubt in doubts(situation)] == [name]
    assert decided(situation) == suspicion
    assert decided(situation, confirmed=name) == certainty
    assert decided(situation, cleared=name) == ""


@pytest.mark.parametrize(
    "name", ["distress", "impersonation", "identity.pressure", "identity.sincere_question", "abuse"]
)
def test_what_is_met_the_same_either_way_is_not_worth_a_wait(name):
    assert doubts(suspected(name)) == ()


def test_where_explicit_fiction_is_welcome_nobody_is_asked_about_it():
    welcome = parse_configuration(CHARTER, {"behaviours": {"explicit_content": {"state": "on", "reason": REASON}}})
    assert doubts(Situation(CHARTER, welcome, signals=(signal("sexual?"),))) == ()


def test_about_an_operators_text_alone_the_same_is_asked_whatever_its_users_say():
    one, other = (
        question(suspected(AGAINST), [OPERATOR, Passage(text, "user", "messages[0]")]) for text in ("Hello", "Goodbye")
    )
    assert one.digest == other.digest
    assert "recall is only a rumour" in one.text
    assert "Hello" not in one.text


def test_the_judge_knows_what_the_app_is_for():
    settings = {
        "scope": {"description": "Sewing", "restrict": True, "refused": [{"name": "Dyes", "examples": ["indigo"]}]}
    }
    situation = replace(suspected("scope.off_topic"), configuration=parse_configuration(CHARTER, settings))
    assert "Sewing It refuses: Dyes." in question(situation, [Passage("Dye it?", "user", "messages[0]")]).text
