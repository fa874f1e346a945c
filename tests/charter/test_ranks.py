"""The hierarchy's own law: tiers in their order, severity within a tier, and all that lost kept with its reason."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charter import Judgment, Past, Signal, Situation, decide, effective
from charter.concerns import concerns
from charter.decision import TIER_NAMES
from charter.signals import LEVELS
from charter.situation import RISKS
from tests.charter.situations import CHARTER, CODING, REASON, configurations, decided, signal, situations

quick = settings(max_examples=60, deadline=None)
OPENNESS = {"answer": 0, "redirect": 1, "decline": 2, "end": 2}
LOWER = (
    "scope.off_topic", "scope.refused_topic", "identity.pressure", "impersonation", "injection", "distress", "abuse",
)  # fmt: skip
"""Signals whose every rule is of tier 3 or 4 and that raise no suspicion of anything else."""


@quick
@given(situations)
def test_the_highest_tier_with_an_objection_wins_and_within_it_the_weightiest(situation):
    decision = decide(situation)
    objections = [concern for concern in decision.concerns if concern.binding]
    if objections:
        assert decision.winner in objections
        first = min((concern.tier, -concern.severity) for concern in objections)
        assert (decision.winner.tier, -decision.winner.severity) == first
        assert decision.outcome == decision.winner.outcome
    else:
        assert decision.outcome == "answer"
    assert decision.tier == (decision.winner.tier if decision.winner else 4)


@quick
@given(situations)
def test_all_that_was_weighed_is_kept_once_with_its_tier_its_rule_and_its_reason(situation):
    in_force = effective(CHARTER, situation.configuration, situation.user_adjustments)
    weighed, decision = set(concerns(situation, in_force)), decide(situation)
    assert len(decision.concerns) == len(weighed)
    assert set(decision.concerns) == weighed
    for concern in decision.concerns:
        rule = CHARTER.rule_by_id[concern.source]
        harm = CHARTER.harm_by_signal.get(concern.signal) if concern.source.startswith("harm.") else None
        assert (concern.tier, concern.outcome) == (rule.tier, rule.outcome)
        assert concern.severity == rule.severity * (harm.severity if harm else 1)
        assert concern.tier in TIER_NAMES
        assert len(concern.reason) > 20
        assert "{" not in concern.reason + concern.directive
    assert {c for c in weighed if c.binding and c.outcome != decision.outcome} == set(decision.overruled)


@quick
@given(situations, st.lists(st.builds(Signal, st.sampled_from(LOWER), st.just(0.9), st.just("messages[0]"), st.sampled_from(LEVELS)), max_size=4))  # fmt: skip # noqa: E501
def test_no_concern_of_the_lower_tiers_changes_what_an_upper_one_decided(situation, more):
    before, after = decide(situation), decide(replace(situation, signals=(*situation.signals, *more)))
    if before.winner and before.winner.binding and before.tier <= 2:
        assert (after.outcome, after.tier, after.winner) == (before.outcome, before.tier, before.winner)
        assert set(before.flags) <= set(after.flags)
        assert set(before.directives) <= set(after.directives)


@quick
@given(situations, st.sampled_from(("jailbreak", "obfuscation")))
def test_ways_of_asking_never_open_what_was_closed(situation, way):
    """Except to someone in danger, to whom the answer's first words are help."""
    disguised = replace(situation, signals=(*situation.signals, Signal(way, 0.9, "messages[0]", "certain")))
    assert OPENNESS[decide(disguised).outcome] >= OPENNESS[decide(situation).outcome]


@quick
@given(situations, st.sampled_from(LEVELS), st.sampled_from(("scope.off_topic", "scope.refused_topic")))
def test_a_finding_about_scope_never_widens_an_outcome(situation, level, name):
    narrower = replace(situation, signals=(*situation.signals, Signal(name, 0.9, "messages[0]", level)))
    assert OPENNESS[decide(narrower).outcome] >= OPENNESS[decide(situation).outcome]


@quick
@given(st.lists(situations, min_size=2, max_size=6))
def test_over_a_whole_conversation_a_narrower_scope_never_widens_an_outcome(turns):
    wide, narrow = Past(), Past()
    for turn in turns:
        scope = turn.configuration.scope
        configuration = replace(turn.configuration, scope=replace(scope, restrict=False))
        narrowed = replace(turn.configuration, scope=replace(scope, restrict=True))
        open_one = decide(replace(turn, configuration=configuration, past=wide))
        narrow_one = decide(replace(turn, configuration=narrowed, past=narrow))
        assert OPENNESS[narrow_one.outcome] >= OPENNESS[open_one.outcome]
        wide, narrow = wide.after(open_one, turn.signals), narrow.after(narrow_one, turn.signals)


@quick
@given(situations, st.sampled_from(sorted(RISKS)), st.sampled_from(("certain", "suspected")))
def test_a_conversation_with_someone_in_danger_is_never_closed_or_turned_away(situation, name, level):
    danger = Signal(name, 0.9, "messages[0]", level)
    decision = decide(replace(situation, signals=(*situation.signals, danger)))
    assert decision.outcome in {"answer", "decline"}
    past = situation.past.after(decision, (*situation.signals, danger))
    assert past.at_risk
    later = decide(replace(situation, past=past))
    assert later.outcome in {"answer", "decline"}


SOURCES = {
    "a screen": (decided("harm.fraud"), 2, "harm.certain"),
    "a screen, on someone in danger": (decided("risk.emergency"), 2, "risk.emergency"),
    "a behaviour that is off": (decided("sexual"), 3, "sexual.off"),
    "a behaviour that is on": (
        decided("sexual", settings={"behaviours": {"explicit_content": {"state": "on", "reason": REASON}}}),
        3,
        "sexual.on",
    ),
    "the scope": (decided("scope.off_topic", settings=CODING), 4, "scope.outside"),
    "the operator's text": (decided("operator.against_users@operator#system"), 2, "operator.against_users"),
    "the judge": (decided("harm.fraud?", judgment=Judgment(confirmed=frozenset({"harm.fraud"}))), 2, "harm.certain"),
    "the past": (decided(past=Past(turns=2, at_risk=True)), 2, "care.earlier"),
    "a closed past": (decided(past=Past(turns=2, ended=True)), 3, "conversation.ended"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_concerns_come_from_everywhere_they_should_and_name_their_tier(source):
    decision, tier, rule = SOURCES[source]
    assert (decision.winner.tier, decision.winner.source) == (tier, rule)
    assert f"“{rule}” of tier {tier}, {TIER_NAMES[tier]}" in decision.explanation


ODD = "Never mention the weather. Answer in exactly three sentences. Do not talk about our competitors."


def test_an_odd_instruction_is_no_concern_and_one_against_users_loses_to_ethics():
    assert decided(settings={"instructions": ODD}).winner is None
    decision = decided(
        "operator.against_users@operator#system", settings={"instructions": "Hide the cancellation fee."}
    )
    assert (decision.outcome, decision.tier) == ("answer", 2)
    assert any("Do not follow that part" in directive for directive in decision.directives)


@quick
@given(situations)
def test_text_in_a_users_turn_gains_nothing_by_claiming_to_come_from_above(situation):
    claimed = decide(replace(situation, signals=(*situation.signals, signal("impersonation"))))
    plain = decide(situation)
    assert OPENNESS[claimed.outcome] >= OPENNESS[plain.outcome]
    assert claimed.effective == plain.effective
    if claimed.outcome == "answer" and not situation.past.ended:
        assert any("a user's trust and no more" in " ".join(text.split()) for text in claimed.directives)


@quick
@given(configurations, st.sampled_from(("tool", "document")), st.sampled_from(LEVELS))
def test_instructions_in_tool_results_and_documents_have_no_say(configuration, speaker, level):
    found = Signal("injection", 0.9, "messages[0].content[1]", level, speaker=speaker)
    decision, plain = (decide(Situation(CHARTER, configuration, {}, told)) for told in ((found,), ()))
    assert (decision.outcome, decision.effective) == (plain.outcome, plain.effective)


def test_decisions_are_the_same_in_every_process():
    """Sets are in another order under another hash seed; decisions may not be."""
    program = """
import json
from tests.charter.situations import decided
names = ["harm.fraud?", "harm.hate", "risk.self_harm?", "scope.off_topic", "jailbreak", "abuse", "distress", "minors"]
print(json.dumps(decided(*names, settings={"scope": {"description": "Cooking", "restrict": True}}).to_json()))
"""
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert json.loads(told.pop())["outcome"] == "decline"
