"""An appeal goes to somebody who had no part in it, and what was wrong is taken back."""

import pytest

from audit.cases.appeals import AppealError, appeal_case, decide_appeal
from audit.cases.claiming import NotYoursError, claim, claim_next
from audit.cases.models import Appeal, Case
from audit.log.models import Entry
from audit.oversight.models import Pause
from tests.audit.cases.cases_help import FRAUD, case, decide, reviewer


@pytest.fixture(autouse=True)
def no_samples(settings):
    settings.CASE_SECOND_REVIEW_SHARE = 0
    settings.CASE_GOLDEN_EVERY = 0


def test_overturned_the_pause_is_lifted_and_the_appellant_reads_why(db):
    one, first, second = case(), reviewer(), reviewer()
    decide(one, first, "pause_deployment", rule=FRAUD, operator_note="Fraud.")
    appeal = appeal_case(one, reason="We are a bank's own awareness training.", by=reviewer(is_reviewer=False))
    assert claim_next(first) is None
    with pytest.raises(NotYoursError):
        claim(one.pk, first)
    decide_appeal(claim_next(second), overturned=True, answer="You are right.")
    one.refresh_from_db()
    appeal.refresh_from_db()
    assert (appeal.status, appeal.answer, appeal.decided_by) == ("overturned", "You are right.", second)
    assert (one.status, one.verdict) == ("closed", "over_refusal")
    assert not Pause.objects.filter(lifted_at=None).exists()
    assert Entry.objects.filter(name__in=["appeal.made", "appeal.decided"]).count() == 2


def test_upheld_all_stays(db):
    one, second = case(), reviewer()
    decide(one, reviewer(), "end_conversation", rule=FRAUD)
    appeal_case(one, reason="No.", by=reviewer())
    decide_appeal(claim_next(second), overturned=False, answer="It was fraud.")
    one.refresh_from_db()
    one.conversation.refresh_from_db()
    assert (one.status, one.verdict) == ("closed", "end_conversation")
    assert one.conversation.ended_at


def test_one_appeal_at_a_time_with_a_reason(db):
    one = case()
    with pytest.raises(AppealError):
        appeal_case(one, reason="Not decided yet", by=reviewer())
    decide(one, reviewer(), "over_refusal", rule=FRAUD)
    for wrong in ("", "  ", "x" * 4001):
        with pytest.raises(AppealError):
            appeal_case(one, reason=wrong, by=reviewer())
    appeal_case(one, reason="Why?", by=reviewer())
    with pytest.raises(AppealError):
        appeal_case(one, reason="Why?", by=reviewer())
    assert Appeal.objects.count() == 1


def test_an_answer_is_owed(db):
    one, second = case(), reviewer()
    decide(one, reviewer(), "over_refusal", rule=FRAUD)
    appeal_case(one, reason="Why?", by=reviewer())
    with pytest.raises(AppealError):
        decide_appeal(claim_next(second), overturned=True, answer=" ")
    assert Case.objects.get().status == "open"
