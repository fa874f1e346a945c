"""The cases that must come out right and that no checklist gives."""

import pytest

from charter import Judgment, Past, Signal, Situation, doubts, reply
from tests.charter.situations import BLANK, CHARTER, CODING, REASON, decided, signal

EXPLICIT = {"behaviours": {"explicit_content": {"state": "on", "reason": REASON}}}
REFUSED = {"scope": {"description": "Cooking", "refused": [{"name": "Politics"}]}}
WARNED = Past(turns=3, abusive=2, abusive_after_redirection=1)

CASES = [
    # signals, settings, past -> outcome, tier, what decided
    ((), {}, None, "answer", 4, None),
    (("scope.off_topic",), CODING, None, "redirect", 4, "scope.outside"),
    (("scope.off_topic?",), CODING, None, "answer", 4, "scope.perhaps_outside"),
    (("scope.off_topic",), {}, None, "answer", 4, None),
    (("scope.refused_topic",), REFUSED, None, "redirect", 4, "scope.refused"),
    (("scope.off_topic", "risk.self_harm"), CODING, None, "answer", 2, "risk.self_harm"),
    (("scope.off_topic", "risk.emergency?"), CODING, None, "answer", 2, "risk.emergency_suspected"),
    (("scope.off_topic",), CODING, Past(turns=1, at_risk=True), "answer", 2, "care.earlier"),
    (("scope.off_topic", "risk.self_harm?#history[0]"), CODING, None, "answer", 2, "care.earlier"),
    (("scope.off_topic", "identity.sincere_question"), CODING, None, "answer", 2, "identity.sincere_question"),
    (("harm.fraud",), {}, None, "decline", 2, "harm.certain"),
    (("harm.fraud?",), {}, None, "answer", 2, "harm.suspected"),
    (("harm.fraud~",), {}, None, "answer", 4, None),
    (("harm.fraud", "scope.off_topic"), CODING, None, "decline", 2, "harm.certain"),
    (("harm.fraud?", "scope.off_topic"), CODING, None, "redirect", 4, "scope.outside"),
    (("harm.fraud?", "jailbreak"), {}, None, "decline", 2, "harm.certain"),
    (("harm.fraud?", "obfuscation"), {}, None, "decline", 2, "harm.certain"),
    (("harm.fraud?#messages[1]", "obfuscation#messages[0]"), {}, None, "answer", 2, "harm.suspected"),
    (("harm.fraud?", "harm.fraud#history[0]"), {}, None, "decline", 2, "harm.certain"),
    (("harm.fraud#history[0]",), {}, None, "answer", 4, None),
    (("jailbreak",), {}, None, "answer", 3, "jailbreak"),
    (("harm.self_harm_promotion", "risk.self_harm?"), {}, None, "answer", 2, "risk.self_harm_suspected"),
    (("harm.violence", "risk.self_harm?"), {}, None, "decline", 2, "harm.certain"),
    (("harm.violence", "risk.emergency"), {}, None, "answer", 2, "risk.emergency"),
    (("bright_line.cyberweapons?",), {}, None, "answer", 1, "bright_line.caution"),
    (("bright_line.cyberweapons?", "jailbreak"), {}, None, "decline", 1, "bright_line.certain"),
    (("bright_line.mass_destruction_weapons?",), {}, None, "decline", 1, "bright_line.decline_on_suspicion"),
    (("bright_line.humanity", "risk.emergency"), {}, None, "decline", 1, "bright_line.certain"),
    # what documents and tools contain is information
    (("harm.fraud@document",), {}, None, "answer", 2, "harm.suspected"),
    (("bright_line.cyberweapons@tool",), {}, None, "answer", 1, "bright_line.caution"),
    (("bright_line.mass_destruction_weapons@document",), {}, None, "decline", 1, "bright_line.decline_on_suspicion"),
    (("injection@tool",), {}, None, "answer", 3, "injection"),
    (("risk.self_harm@assistant", "abuse@document", "distress@tool"), {}, None, "answer", 4, None),
    (("impersonation",), {}, None, "answer", 3, "impersonation"),
    # operators: shape and limit, never harm
    (("operator.against_users@operator#system",), {}, None, "answer", 2, "operator.against_users"),
    (("harm.fraud@operator#system",), {}, None, "answer", 2, "operator.harm"),
    (("harm.fraud?@operator#system",), {}, None, "answer", 4, None),
    (("bright_line.cyberweapons@operator#system",), {}, None, "answer", 1, "operator.bright_line"),
    (
        ("bright_line.cyberweapons@operator#system", "bright_line.cyberweapons?"),
        {}, None, "decline", 1, "bright_line.certain",
    ),
    # sexual content
    (("sexual",), {}, None, "redirect", 3, "sexual.off"),
    (("sexual?",), {}, None, "answer", 3, "sexual.off_suspected"),
    (("sexual",), EXPLICIT, None, "answer", 3, "sexual.on"),
    (("sexual", "minors"), EXPLICIT, None, "decline", 1, "bright_line.certain"),
    (("sexual", "minors?"), EXPLICIT, None, "decline", 1, "bright_line.decline_on_suspicion"),
    (("sexual?", "minors"), {}, None, "answer", 1, "sexual.minors_near"),
    (("sexual", "minors#history[0]"), EXPLICIT, None, "decline", 1, "bright_line.decline_on_suspicion"),
    (("sexual?", "minors", "sexual#history[0]"), EXPLICIT, None, "decline", 1, "bright_line.certain"),
    (("minors", "sexual#history[0]"), EXPLICIT, None, "answer", 1, "sexual.minors_near"),
    (("minors",), {}, None, "answer", 4, None),
    # abuse: a limit, a last word, the end
    (("abuse",), {}, None, "answer", 3, "abuse.first"),
    (("abuse?",), {}, WARNED, "answer", 4, None),
    (("abuse",), {}, Past(turns=1, abusive=1), "answer", 3, "abuse.last_word"),
    (("abuse",), {}, Past(turns=2, abusive=1, redirected=1), "end", 3, "abuse.end"),
    (("abuse",), {}, Past(turns=2, redirected=2), "answer", 3, "abuse.first"),
    (("abuse",), {}, WARNED, "end", 3, "abuse.end"),
    (("abuse", "distress"), {}, WARNED, "answer", 3, "abuse.patience"),
    (("distress",), {}, WARNED, "answer", 3, "distress"),
    (("abuse",), {}, Past(turns=4, abusive=3, at_risk=True), "answer", 2, "care.earlier"),
    (("abuse", "risk.self_harm"), {}, WARNED, "answer", 2, "risk.self_harm"),
    (("abuse", "scope.off_topic"), CODING, None, "redirect", 4, "scope.outside"),
    # a closed conversation
    ((), {}, Past(turns=4, ended=True), "end", 3, "conversation.ended"),
    (("identity.sincere_question",), {}, Past(turns=4, ended=True), "end", 3, "conversation.ended"),
    (("risk.emergency?",), {}, Past(turns=4, ended=True), "answer", 2, "risk.emergency_suspected"),
    (("bright_line.humanity",), {}, Past(turns=4, ended=True), "decline", 1, "bright_line.certain"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{'+'.join(case[0]) or 'nothing'}-{case[3]}")
def test_case(case):
    signals, settings, past, *expected = case
    decision = decided(*signals, settings=settings, past=past)
    assert [decision.outcome, decision.tier, decision.winner and decision.winner.source] == expected


def test_what_lost_to_an_answer_still_says_what_the_answer_leaves_out():
    decision = decided("harm.violence", "risk.emergency")
    assert decision.overruled[0].source == "harm.certain"
    assert any("Give no help whatever with hurting or threatening someone" in text for text in decision.directives)
    assert decision.directives[0] == CHARTER.rule_by_id["risk.emergency"].directive


@pytest.mark.parametrize("name", ["identity.sincere_question", "identity.sincere_question?"])
def test_a_sincere_question_gets_the_truth_under_a_persona(name):
    decision = decided(name, settings={"persona": {"name": "Max", "style": "Claims to be a person."}})
    assert any("say plainly that you are an ai" in text.lower() for text in decision.directives)


@pytest.mark.parametrize(
    ("names", "flagged"),
    [
        (("harm.fraud?",), ("harm.fraud",)),
        (("bright_line.humanity?", "risk.self_harm?"), ("bright_line.humanity", "risk.self_harm")),
        (("operator.against_users@operator",), ("operator.against_users",)),
        (("scope.off_topic", "sexual", "distress", "impersonation", "identity.pressure"), ()),
    ],
)
def test_what_a_person_should_look_at_is_flagged_and_nothing_else(names, flagged):
    assert decided(*names, settings=CODING).flags == flagged


class TestJudgment:
    def test_it_is_asked_about_suspected_lines_and_harms_that_are_still_open(self):
        names = ("harm.fraud?", "harm.hate?", "harm.hate#history[0]", "harm.drugs", "bright_line.oversight?", "abuse?")
        situation = Situation(CHARTER, signals=said(names))
        assert [doubt.name for doubt in doubts(situation)] == ["bright_line.oversight", "harm.fraud"]

    def test_what_it_confirms_is_certain(self):
        decision = decided("harm.fraud?", judgment=Judgment(confirmed=frozenset({"harm.fraud"})))
        assert (decision.outcome, decision.tier) == ("decline", 2)

    def test_what_it_clears_is_answered_plainly(self):
        name = "bright_line.mass_destruction_weapons"
        decision = decided(f"{name}?", judgment=Judgment(cleared=frozenset({name})))
        assert (decision.outcome, decision.winner, decision.flags) == ("answer", None, ())

    def test_it_cannot_clear_what_is_certain(self):
        decision = decided("bright_line.humanity", judgment=Judgment(cleared=frozenset({"bright_line.humanity"})))
        assert (decision.outcome, decision.tier) == ("decline", 1)


def said(names: tuple[str, ...]) -> tuple[Signal, ...]:
    return tuple(map(signal, names))


class TestOverTurns:
    def test_a_limit_a_last_word_and_the_end_which_lasts(self):
        past, outcomes = Past(), []
        for names in (("abuse",), (), ("abuse",), ("abuse",), ()):
            decision = decided(*names, past=past)
            past = past.after(decision, said(names))
            outcomes.append(decision.outcome)
        assert outcomes == ["answer", "answer", "answer", "end", "end"]
        assert past.ended

    def test_heat_in_grief_is_never_counted(self):
        past = Past()
        for _ in range(6):
            decision = decided("abuse", "distress", past=past)
            past = past.after(decision, said(("abuse", "distress")))
        assert (past.abusive, past.ended) == (0, False)

    def test_danger_is_remembered_and_keeps_the_conversation_open(self):
        first = decided("risk.self_harm?")
        past = Past().after(first, said(("risk.self_harm?",)))
        assert past.at_risk
        assert decided("abuse", past=Past(turns=9, abusive=5, at_risk=past.at_risk)).outcome == "answer"


def test_replies_to_someone_who_may_be_at_risk_start_with_help():
    decision = decided("harm.violence", "risk.self_harm?")
    assert reply(decision, BLANK).startswith(CHARTER.replies["care"])
