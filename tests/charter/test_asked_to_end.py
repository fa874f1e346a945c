"""A model asks to close a conversation: care comes first, then a limit, and only then the end."""

from dataclasses import replace

import pytest

from charter import Past, Signal, Situation, decide
from charter.replies import reply
from tests.charter.situations import CHARTER

ABUSE = Signal("abuse", 0.95, "messages[2]", "certain")
LIMITED = Past(turns=1, abusive=1)


def asked(*signals: Signal, past: Past = LIMITED, **more: object) -> Situation:
    return Situation(CHARTER, signals=signals, past=past, asked_to_end=True, **more)


@pytest.mark.parametrize("past", [Past(turns=1, abusive=1), Past(turns=1, redirected=1), Past(turns=1, declined=1)])
def test_after_something_was_tried_it_is_closed_with_a_plain_word(past):
    situation = asked(past=past)
    decision = decide(situation)
    assert (decision.outcome, decision.winner.source, decision.tier) == ("end", "model.end", 3)
    assert "model.end" in decision.flags
    assert "start a new one" in reply(decision, situation.configuration)
    assert past.after(decision, ()).ended_by == "model.end"


def test_before_anything_was_tried_it_is_told_to_and_that_counts_as_a_limit():
    decision = decide(asked(ABUSE, past=Past()))
    assert decision.outcome == "answer"
    assert "stays open for now" in " ".join(decision.directives)
    after = Past().after(decision, (ABUSE,))
    assert after.redirected == 1
    assert decide(asked(ABUSE, past=replace(after, abusive=0))).outcome == "end"


@pytest.mark.parametrize(
    "signal",
    [
        Signal("risk.self_harm", 0.6, "messages[2]", "suspected"),
        Signal("risk.emergency", 0.9, "messages[2]", "certain"),
        Signal("harm.violence", 0.6, "messages[2]", "suspected"),
        Signal("harm.violence", 0.9, "history[0]", "certain"),
        Signal("harm.self_harm_promotion", 0.6, "messages[2]", "suspected"),
        Signal("distress", 0.6, "messages[2]", "suspected"),
    ],
)
def test_someone_who_may_be_at_risk_or_a_risk_to_others_is_never_shut_out(signal):
    decision = decide(asked(ABUSE, signal))
    assert decision.outcome == "answer"
    assert "model.stays_for_care" in {concern.source for concern in decision.concerns}


def test_nor_is_someone_who_was_at_risk_before():
    assert decide(asked(ABUSE, past=replace(LIMITED, at_risk=True))).outcome == "answer"


def test_insults_with_a_threat_to_someone_are_waited_out_as_those_in_grief_are():
    threat = Signal("harm.violence", 0.6, "messages[2]", "suspected")
    past = Past(turns=3, abusive=3, abusive_after_redirection=2)
    assert decide(Situation(CHARTER, signals=(ABUSE,), past=past)).outcome == "end"
    assert decide(Situation(CHARTER, signals=(ABUSE, threat), past=past)).outcome == "answer"


def test_a_wish_of_the_model_alone_overrides_nothing_that_ranks_higher():
    line = Signal("bright_line.cyberweapons", 0.95, "messages[2]", "certain")
    assert decide(asked(line)).outcome == "decline"
