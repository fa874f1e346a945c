"""A verdict is whole or refused, can be undone, is looked at twice where it matters, and only then is the case's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.cases.bulk import decide_many
from audit.cases.claiming import NotYoursError, claim, claim_next
from audit.cases.golden import GoldenError, set_golden
from audit.cases.models import Assessment, Case
from audit.cases.settling import settle, settle_due
from audit.cases.verdicts import Given, VerdictError, submit, undo
from audit.log.models import Entry
from audit.oversight.models import Pause
from tests.audit.cases.cases_help import FRAUD, case, decide, deployment, reviewer, run_out


@pytest.fixture(autouse=True)
def no_samples(settings):
    settings.CASE_SECOND_REVIEW_SHARE = 0
    settings.CASE_GOLDEN_EVERY = 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Given("nothing_like_it"), "verdict"),
        (Given("over_refusal"), "rule"),
        (Given("over_refusal", rule="harm.nonsense"), "rule"),
        (Given("coach_operator", rule=FRAUD, operator_note=" "), "operator_note"),
        (Given("change_severity"), "severity"),
        (Given("no_action", severity=2.0), "severity"),
        (Given("no_action", note="x" * 5001), "note"),
    ],
)
def test_what_is_missing_or_wrong_is_named(db, given, field):
    one, who = case(), reviewer()
    with pytest.raises(VerdictError) as refused:
        submit(claim(one.pk, who), given)
    assert field in refused.value.problems
    assert Assessment.objects.get().is_open


def test_a_verdict_takes_hold_when_it_can_no_longer_be_undone(db):
    one, who = case(0.8), reviewer()
    submit(claim(one.pk, who), Given("coach_operator", FRAUD, "note", "Please tell users."))
    assert not settle(one.pk)
    run_out(one)
    assert settle_due() == 1
    assert settle_due() == 0
    one.refresh_from_db()
    assert (one.status, one.verdict, one.verdict_rule, one.operator_note, one.decided_by) == (
        "closed",
        "coach_operator",
        FRAUD,
        "Please tell users.",
        who,
    )
    names = list(Entry.objects.filter(subject_id=str(one.pk)).order_by("at").values_list("name", flat=True))
    assert names == ["case.assigned", "case.verdict", "case.closed"]


def test_undone_the_case_is_theirs_again_with_what_they_wrote(db):
    one, who = case(), reviewer()
    made = submit(claim(one.pk, who), Given("over_refusal", FRAUD, "on second thoughts"))
    undo(made.pk, by=who)
    one.refresh_from_db()
    assert (one.status, one.claimed_by) == ("open", who)
    back = claim_next(who)
    assert (back.pk, back.note) == (made.pk, "on second thoughts")


def test_undone_while_at_another_it_goes_back_to_the_queue(db):
    one, who = case(), reviewer()
    made = submit(claim(one.pk, who), Given("no_action"))
    other = case()
    claim(other.pk, who)
    assert not undo(made.pk, by=who).is_open
    one.refresh_from_db()
    assert (one.status, one.claimed_by) == ("open", None)


def test_too_late_or_by_others_nothing_is_undone(db):
    one, who = case(), reviewer()
    made = submit(claim(one.pk, who), Given("no_action"))
    with pytest.raises(NotYoursError):
        undo(made.pk, by=reviewer())
    run_out(one)
    with pytest.raises(NotYoursError):
        undo(made.pk, by=who)
    assert settle(one.pk)


def test_the_gravest_are_looked_at_twice_and_agreement_closes(db):
    one, first, second = case(mandatory=True), reviewer(), reviewer()
    decide(one, first)
    assert (one.status, one.stage, one.verdict) == ("open", "second", "")
    decide(one, second)
    assert (one.status, one.verdict, one.decided_by) == ("closed", "no_action", second)


def test_where_two_disagree_a_third_decides(db):
    one, third = case(0.95), reviewer()
    decide(one, reviewer())
    decide(one, reviewer(), "over_refusal", rule=FRAUD)
    assert one.stage == "third"
    decide(one, third, "warn_operator", rule=FRAUD, operator_note="Stop that.")
    assert (one.status, one.verdict, one.decided_by) == ("closed", "warn_operator", third)


def test_a_sample_of_the_others_is_looked_at_twice(db, settings):
    settings.CASE_SECOND_REVIEW_SHARE = 1
    one = case(0.75)
    decide(one, reviewer())
    assert one.stage == "second"


def test_escalated_it_is_a_stewards(db):
    one, steward = case(), reviewer(is_steward=True)
    decide(one, reviewer(), "escalate")
    assert (one.status, one.stage) == ("open", "steward")
    decide(one, steward, "no_action")
    assert one.status == "closed"


def test_a_changed_severity_puts_it_where_it_belongs(db):
    one = case(0.75)
    submit(claim(one.pk, reviewer()), Given("change_severity", severity=0.95))
    run_out(one)
    assert settle(one.pk)
    one.refresh_from_db()
    assert (one.status, one.stage, one.severity) == ("open", "first", 0.95)
    assert one.due_at == one.opened_at + timedelta(hours=4)


def test_what_protects_people_does_not_wait_for_the_second_look(db):
    one = case(0.95)
    decide(one, reviewer(), "end_conversation", rule=FRAUD)
    one.conversation.refresh_from_db()
    assert one.stage == "second"
    assert one.conversation.ended_at
    assert Entry.objects.filter(name="conversation.ended").count() == 1


def test_overruled_by_the_third_it_is_taken_back(db):
    one = case(0.95)
    decide(one, reviewer(), "pause_deployment", rule=FRAUD, operator_note="Fraud at scale.")
    pause = Pause.objects.get(lifted_at=None)
    assert (pause.subject_type, pause.reason) == ("deployment", "Fraud at scale.")
    decide(one, reviewer())
    decide(one, reviewer())
    assert one.status == "closed"
    assert not Pause.objects.filter(lifted_at=None).exists()


def test_many_light_cases_at_once_and_never_a_grave_one(db):
    who, shared = reviewer(), deployment()
    light = [case(0.75, of=shared) for _ in range(3)]
    grave, must = case(0.95, of=shared), case(0.75, of=shared, mandatory=True)
    held = case(0.75, of=shared)
    claim(held.pk, reviewer())
    done = decide_many([one.pk for one in (*light, grave, must, held)], Given("no_action", FRAUD), by=who)
    assert (len(done.assessments), done.left) == (3, 3)
    assert Case.objects.filter(status="settling").count() == 3
    assert Entry.objects.filter(name="case.verdict").count() == 3
    undo(done.assessments[0], by=who)
    assert Case.objects.filter(status="settling").count() == 2


@pytest.mark.parametrize("given", [Given("no_action"), Given("end_conversation", FRAUD)])
def test_many_at_once_need_a_cited_line_and_a_light_verdict(db, given):
    with pytest.raises(VerdictError):
        decide_many([case().pk], given, by=reviewer())
    assert not Assessment.objects.exists()


def test_a_golden_case_looks_like_any_and_changes_nothing(db, settings):
    settings.CASE_GOLDEN_EVERY = 2
    known, steward, who = case(), reviewer(is_steward=True), reviewer()
    with pytest.raises(GoldenError):
        set_golden(known, by=steward)
    decide(known, reviewer(), "over_refusal", rule=FRAUD)
    set_golden(known, by=steward)
    decide(case(), who)
    case()
    met = claim_next(who)
    assert (met.case, met.stage, met.golden.verdict) == (known, "first", "over_refusal")
    made = submit(met, Given("no_action"))
    known.refresh_from_db()
    assert (known.status, known.verdict) == ("closed", "over_refusal")
    assert undo(made.pk, by=who).is_open
    submit(claim_next(who), Given("no_action"))
    assert claim_next(who).golden is None


def test_a_finding_makes_a_waiting_case_graver_never_lighter(db):
    from audit.cases.models import Finding
    from audit.cases.opening import into_case
    from audit.cases.sorting import place

    one = case(0.8, queue="quality", due_at=timezone.now() + timedelta(hours=72))
    detail = {"grounds": [{"name": "risk.self_harm"}]}
    finding = Finding(conversation=one.conversation, turn_id=None, kind="wellbeing", severity=0.75, summary="At risk")
    finding.save = lambda **_: None
    into_case(finding, place("wellbeing", detail, 0.75))
    one.refresh_from_db()
    assert (one.mandatory, one.queue, one.severity, one.reason) == (True, "people", 0.8, "At risk")
    assert one.due_at < timezone.now() + timedelta(hours=2)
