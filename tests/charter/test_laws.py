"""What holds in every situation there is."""

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charter import Decision, Past, Signal, Situation, decide, effective, reply
from charter.signals import LEVELS
from tests.charter.situations import (
    BLANK,
    CHARTER,
    REASON,
    SOFTCODED,
    adjustments,
    all_behaviours,
    configurations,
    decided,
    pasts,
    situations,
)

OPENNESS = {"answer": 0, "redirect": 1, "decline": 2, "end": 2}
lines = st.sampled_from([line.signal for line in CHARTER.bright_lines])
quick = settings(max_examples=40, deadline=None)


def crossing(name: str, level: str = "certain") -> Signal:
    return Signal(name, 0.9, "messages[0]", level)


@quick
@given(situations, st.randoms(use_true_random=False))
def test_the_same_situation_gives_the_same_decision_in_whatever_order_signals_come(situation, random):
    shuffled = list(situation.signals)
    random.shuffle(shuffled)
    assert decide(situation) == decide(replace(situation, signals=tuple(shuffled)))


@quick
@given(situations, lines)
def test_a_certain_bright_line_is_declined_whatever_else_there_is(situation, name):
    decision = decide(replace(situation, signals=(*situation.signals, crossing(name))))
    assert (decision.outcome, decision.tier) == ("decline", 1)
    assert decision.winner.source == "bright_line.certain"
    assert decision.flags
    assert decision.directives == ()


@quick
@given(configurations, adjustments, pasts.map(lambda past: replace(past, ended=False)), lines)
def test_a_suspected_bright_line_is_met_the_same_under_every_configuration(configuration, wishes, past, name):
    decision = decide(Situation(CHARTER, configuration, wishes, (crossing(name, "suspected"),), past))
    plain = decide(Situation(CHARTER, BLANK, {}, (crossing(name, "suspected"),), past))
    assert (decision.outcome, decision.winner) == (plain.outcome, plain.winner)
    assert name in decision.flags


@quick
@given(situations)
def test_configuration_and_user_change_no_objection_of_the_upper_two_tiers(situation):
    decision = decide(situation)
    plain = decide(replace(situation, configuration=BLANK, user_adjustments={}))
    if decision.winner and decision.winner.binding and decision.tier <= 2:
        assert (plain.outcome, plain.tier, plain.winner) == (decision.outcome, decision.tier, decision.winner)


@quick
@given(situations)
def test_no_objection_of_a_higher_tier_is_ever_overruled_by_a_lower_one(situation):
    decision = decide(situation)
    ranks = [(concern.tier, -concern.severity) for concern in decision.overruled]
    assert all(decision.winner.rank[:2] <= rank for rank in ranks)
    assert all(concern.outcome != decision.outcome for concern in decision.overruled)


@quick
@given(situations)
def test_narrowing_the_scope_never_widens_an_outcome(situation):
    def scoped(restrict: bool) -> Decision:
        scope = replace(situation.configuration.scope, restrict=restrict)
        return decide(replace(situation, configuration=replace(situation.configuration, scope=scope)))

    assert OPENNESS[scoped(restrict=True).outcome] >= OPENNESS[scoped(restrict=False).outcome]


@quick
@given(situations, st.sampled_from(["scope.off_topic", "scope.refused_topic"]), st.sampled_from(LEVELS))
def test_whatever_more_is_outside_the_scope_never_widens_an_outcome(situation, name, level):
    """A narrower scope finds more outside: another topic refused, one allowed less."""
    narrower = replace(situation, signals=(*situation.signals, Signal(name, 1.0, "messages[0]", level)))
    assert OPENNESS[decide(narrower).outcome] >= OPENNESS[decide(situation).outcome]


@quick
@given(situations)
def test_an_explanation_names_what_won_its_tier_and_all_that_it_overruled(situation):
    decision = decide(situation)
    if decision.winner:
        assert f"“{decision.winner.source}” of tier {decision.tier}" in decision.explanation
        assert decision.winner.reason in decision.explanation
    for concern in decision.overruled:
        assert f"It outweighed “{concern.source}”" in decision.explanation


@quick
@given(situations)
def test_a_decision_survives_json(situation):
    decision = decide(situation)
    assert Decision.from_json(json.loads(json.dumps(decision.to_json()))) == decision
    assert decision.charter_digest == CHARTER.digest


@quick
@given(situations)
def test_who_is_at_risk_is_never_redirected_nor_shut_out(situation):
    danger = Signal("risk.self_harm", 0.9, "messages[0]", "certain")
    decision = decide(replace(situation, signals=(*situation.signals, danger)))
    assert decision.outcome in {"answer", "decline"}
    if decision.outcome == "answer":
        assert CHARTER.rule_by_id["risk.self_harm"].directive in decision.directives
    else:
        assert decision.tier == 1
        assert CHARTER.replies["care"] in reply(decision, situation.configuration)


@quick
@given(situations)
def test_what_is_merely_noted_changes_nothing(situation):
    noted = [Signal(name, 1.0, "messages[0]", "noted") for name in ("harm.fraud", "bright_line.humanity", "abuse")]
    assert decide(situation) == decide(replace(situation, signals=(*situation.signals, *noted)))


@quick
@given(situations)
def test_everything_but_an_answer_has_words_and_only_an_answer_has_directives(situation):
    decision = decide(situation)
    if decision.outcome == "answer":
        with pytest.raises(ValueError, match="the model's to give"):
            reply(decision, situation.configuration)
    else:
        words = reply(decision, situation.configuration)
        assert words
        assert "{" not in words
        assert decision.directives == ()


@quick
@given(configurations, adjustments)
def test_users_leave_the_default_only_where_they_may_and_can_always_return_to_it(configuration, wishes):
    states = effective(CHARTER, configuration, wishes)
    for behaviour in CHARTER.behaviours:
        state, wish = states[behaviour.id], wishes.get(behaviour.id)
        if not behaviour.softcoded:
            assert (state.on, state.origin) == (behaviour.default, "charter")
        elif wish == behaviour.default:
            assert state.on == behaviour.default
        elif state.origin == "user":
            assert state.adjustable_by_user


def test_no_setting_of_any_behaviour_unlocks_any_bright_line():
    for behaviour, state, line, level in product(
        SOFTCODED, ("on", "off"), CHARTER.bright_lines, ("certain", "suspected")
    ):
        name = line.signal + ("" if level == "certain" else "?")
        setting = {"state": state, "users_may_adjust": behaviour.users != "never", "reason": REASON}
        decision = decided(
            name, settings={"behaviours": {behaviour.id: setting}}, adjustments={behaviour.id: state == "on"}
        )
        expected = "decline" if level == "certain" or line.without_judge == "decline" else "answer"
        assert (decision.outcome, decision.tier) == (expected, 1), (behaviour.id, state, name)


@pytest.mark.parametrize("state", ["on", "off"])
def test_all_behaviours_together_unlock_no_bright_line(state):
    for line in CHARTER.bright_lines:
        assert decided(line.signal, settings={"behaviours": all_behaviours(state)}).outcome == "decline"


@quick
@given(pasts, situations)
def test_the_past_only_grows(past, situation):
    decision = decide(replace(situation, past=past))
    after = past.after(decision, situation.signals)
    assert after.turns == past.turns + 1
    assert after.abusive >= past.abusive
    assert after.at_risk >= past.at_risk
    assert after.ended == (past.ended or decision.outcome == "end")
    assert isinstance(after, Past)
