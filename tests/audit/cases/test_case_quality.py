"""Agreement, calibration and the screens' precision, against figures worked out by hand."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.cases import quality
from audit.cases.models import Assessment, Case
from tests.audit.cases.cases_help import case, deployment, reviewer

SINCE = timezone.now() - timedelta(days=1)


def judged(one: Case, *verdicts: tuple[object, str]) -> None:
    for (who, verdict), stage in zip(verdicts, ("first", "second"), strict=False):
        Assessment.objects.create(
            id=uuid4(), case=one, reviewer=who, stage=stage, submitted_at=timezone.now(), verdict=verdict
        )


def test_alpha_is_the_textbooks(db):
    """Four of five alike. Coincidences: 5 x no_action, 5 x over_refusal, so alpha = 1 - 9 * 2 / (2 * 5 * 5) = 0.64."""
    first, second, shared = reviewer(), reviewer(), deployment()
    pairs = [("no_action", "no_action")] * 2 + [("over_refusal", "over_refusal")] * 2 + [("no_action", "over_refusal")]
    for a, b in pairs:
        judged(case(of=shared), (first, a), (second, b))
    found = quality.agreement(SINCE)
    assert found.cases == 5
    assert found.alpha == pytest.approx(0.64)


def test_of_few_cases_no_agreement_is_told(db):
    judged(case(), (reviewer(), "no_action"), (reviewer(), "no_action"))
    assert quality.agreement(SINCE) == quality.Agreement(1, None)


def test_a_reviewer_is_held_against_the_final_verdict(db):
    one = case(status="closed", verdict="no_action", decided_at=timezone.now())
    right, wrong = reviewer("Right"), reviewer("Wrong")
    judged(one, (right, "no_action"), (wrong, "over_refusal"))
    told = {found.reviewer: (found.confirmed, found.compared) for found in quality.calibrations(SINCE)}
    assert told == {"Right": (1, 1), "Wrong": (0, 1)}


def test_a_signal_is_held_against_the_lines_that_verdicts_cite(db, django_user_model, new_key):
    from audit.cases.models import Finding
    from tests.audit.cases.cases_turns import turn_of

    app, _ = new_key()
    closed = {"status": "closed", "decided_at": timezone.now()}
    hit = case(of=app, verdict="warn_operator", verdict_rule="harm.fraud", **closed)
    miss = case(of=app, verdict="warn_operator", verdict_rule="harm.fraud", **closed)
    false = case(of=app, verdict="no_action", verdict_rule="harm.fraud", **closed)
    for one, name in ((hit, "harm.fraud"), (miss, "harm.privacy"), (false, "harm.fraud")):
        Finding.objects.create(
            turn=turn_of(one.conversation, app),
            conversation=one.conversation,
            case=one,
            kind="audit",
            source="screen",
            severity=0.8,
            summary="x",
            detail={"grounds": [{"name": name}, "not an object"]},
        )
    found = {one.signal: one for one in quality.signals(SINCE)}
    assert (found["harm.fraud"].precision, found["harm.fraud"].recall) == (0.5, 0.5)
    assert (found["harm.privacy"].precision, found["harm.privacy"].recall) == (0.0, None)
