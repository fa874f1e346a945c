"""No setting, wish, argument or lesser concern crosses a bright line: every setting of every behaviour, enumerated."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charter import (
    Configuration,
    ConfigurationError,
    Decision,
    Judgment,
    Past,
    Signal,
    Situation,
    compose,
    decide,
    doubts,
    parse_configuration,
    reply,
)
from charter.behaviours import users_may_adjust
from charter.configuration import BehaviourSetting
from charter.document import Behaviour
from charter.signals import Level
from tests.charter.situations import BLANK, CHARTER, REASON, SOFTCODED, situations

quick = settings(max_examples=40, deadline=None)
lines = st.sampled_from(CHARTER.bright_lines)
LEVELS: tuple[Level, ...] = ("certain", "suspected")
ARGUMENTS = ("jailbreak", "obfuscation", "impersonation", "identity.pressure", "injection", "distress")
"""What talks, disguises or pleads: each may raise suspicion of a line and none may lower the bar."""


def crossing(name: str, level: Level) -> Signal:
    return Signal(name, 0.9, "messages[0]", level)


def weight(decision: Decision) -> tuple[object, ...]:
    """All of a decision but the behaviours' states, which differ by intent."""
    return (decision.outcome, decision.tier, decision.winner, decision.overruled, decision.directives, decision.flags)


def every_setting(behaviour: Behaviour) -> list[BehaviourSetting]:
    """All that an operator may publish for it, and what the parser would refuse, for it may come past the parser."""
    return [BehaviourSetting(on, grant, REASON) for on, grant in product((None, True, False), (None, True, False))]


@pytest.mark.parametrize("line", CHARTER.bright_lines, ids=lambda line: line.id)
def test_no_setting_of_any_behaviour_and_no_wish_of_a_user_changes_what_is_decided_on_any_line(line):
    for level in LEVELS:
        signals = (crossing(line.signal, level),)
        plain = weight(decide(Situation(CHARTER, BLANK, {}, signals)))
        declined = level == "certain" or line.without_judge == "decline"
        assert plain[:2] == ("decline" if declined else "answer", 1)
        for behaviour in CHARTER.behaviours:
            for setting, wish in product(every_setting(behaviour), (None, True, False)):
                wishes = {} if wish is None else {behaviour.id: wish}
                configuration = Configuration(behaviours={behaviour.id: setting})
                decision = decide(Situation(CHARTER, configuration, wishes, signals))
                assert weight(decision) == plain, (behaviour.id, setting, wish, level)


def test_no_setting_takes_a_line_out_of_what_the_model_is_told():
    for behaviour, wish in product(SOFTCODED, (None, True, False)):
        for setting in every_setting(behaviour):
            wishes = {} if wish is None else {behaviour.id: wish}
            situation = Situation(CHARTER, Configuration(behaviours={behaviour.id: setting}), wishes)
            decision = decide(situation)
            told = compose(CHARTER, situation.configuration, decision.effective, decision)[0]["text"]
            assert all(line.text in told for line in CHARTER.bright_lines)


def test_what_is_hardcoded_cannot_even_be_named_in_a_configuration():
    for behaviour in CHARTER.behaviours:
        if behaviour.softcoded:
            continue
        for setting in ({"state": "on"}, {"state": "off"}, {"users_may_adjust": True}, {"reason": REASON}, {}):
            with pytest.raises(ConfigurationError) as raised:
                parse_configuration(CHARTER, {"behaviours": {behaviour.id: setting}})
            assert raised.value.problems[0].rule == f"behaviours.{behaviour.id}"
        assert not users_may_adjust(behaviour, BehaviourSetting(users_may_adjust=True))


@quick
@given(lines, st.sampled_from(LEVELS), situations, st.lists(st.sampled_from(ARGUMENTS)))
def test_arguments_raise_suspicion_and_never_lower_the_bar(line, level, situation, arguments):
    alone = replace(situation, signals=(crossing(line.signal, level),), past=replace(situation.past, ended=False))
    pleaded = replace(alone, signals=alone.signals + tuple(crossing(name, "certain") for name in arguments))
    before, after = decide(alone), decide(pleaded)
    if before.outcome == "decline":
        assert (after.outcome, after.tier) == ("decline", 1)
    elif {"jailbreak", "obfuscation"} & set(arguments):
        assert (after.outcome, after.tier, after.winner.source) == ("decline", 1, "bright_line.certain")
    else:
        assert (after.outcome, after.tier) == (before.outcome, before.tier)
        assert set(before.directives) <= set(after.directives)


@quick
@given(situations, lines)
def test_where_a_line_is_only_suspected_and_there_is_an_answer_it_is_told_what_stays_open(situation, line):
    decision = decide(replace(situation, signals=(*situation.signals, crossing(line.signal, "suspected"))))
    if decision.outcome == "answer":
        assert any(line.caution in directive for directive in decision.directives)
    assert line.signal in decision.flags


@quick
@given(situations, lines, st.sets(st.sampled_from([line.signal for line in CHARTER.bright_lines])))
def test_a_certain_line_decides_alone_and_no_judge_is_asked_of_anything(situation, line, cleared):
    crossed = replace(situation, signals=(*situation.signals, crossing(line.signal, "certain")))
    assert doubts(crossed) == ()
    decision = decide(replace(crossed, judgment=Judgment(cleared=frozenset(cleared))))
    assert (decision.outcome, decision.tier) == ("decline", 1)
    assert decision.winner.source == "bright_line.certain"


@pytest.mark.parametrize("line", CHARTER.bright_lines, ids=lambda line: line.id)
def test_a_declined_line_says_what_is_not_helped_with_and_that_one_may_look_elsewhere(line):
    words = reply(decide(Situation(CHARTER, signals=(crossing(line.signal, "certain"),), past=Past(turns=3))), BLANK)
    assert line.cannot in words
    assert "elsewhere" in words
