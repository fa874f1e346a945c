"""Claims: the next case for a reviewer, theirs alone for ten minutes, and longer while they work on it."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.cases.exposure import exposed, profile_of
from audit.cases.models import Assessment, Case, GoldenCase, Reviewer
from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account

LEASE = timedelta(minutes=10)


class NotYoursError(Exception):
    """Someone else has the case now, or it is not theirs to review; nothing was changed."""


def current(reviewer: Account) -> Assessment | None:
    """What a reviewer is at."""
    found = Assessment.objects.filter(reviewer=reviewer, submitted_at=None, closed_at=None)
    return found.select_related("case__conversation__deployment__operator", "golden").first()


def claimable(reviewer: Account, profile: Reviewer) -> QuerySet[Case]:
    """Cases that wait for somebody like them: their queues, nobody's now, and no second look at what they judged."""
    mine = Assessment.objects.filter(case=OuterRef("pk"), reviewer=reviewer, submitted_at__isnull=False)
    found = Case.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=timezone.now()), status=Case.Status.OPEN, queue__in=profile.queues
    )
    if not reviewer.is_steward:
        found = found.exclude(stage=Case.Stage.STEWARD)
    return found.filter(Q(stage__in=[Case.Stage.FIRST, Case.Stage.STEWARD]) | ~Exists(mine))


def claim_next(reviewer: Account, wanted: Q | None = None) -> Assessment | None:
    """What they are at already, or else the next case in order; None where nothing waits for them.

    Never the same case to two people: its row is locked, others skip it, and the lease stands on it.
    """
    with transaction.atomic():
        # One claim of a person at a time: two tabs get the same case.
        Account.objects.select_for_update(no_key=True).get(pk=reviewer.pk)
        if (held := _still_held(reviewer)) is not None:
            return held
        profile = profile_of(reviewer)
        if wanted is None and (golden := _golden(reviewer, profile)) is not None:
            return _begin(golden.case, reviewer, golden)
        waiting = claimable(reviewer, profile).filter(wanted or Q())
        lighter = None
        if wanted is None and exposed(reviewer, profile).spent:
            lighter = waiting.filter(mandatory=False, severity__lt=0.9)
        for candidates in (lighter, waiting):
            if candidates is None:
                continue
            case = candidates.select_for_update(skip_locked=True, of=("self",)).first()
            if case is not None:
                return _begin(case, reviewer, None)
    return None


def claim(case_id: UUID, reviewer: Account) -> Assessment:
    """That very case. Raises NotYoursError where someone else has it or it waits for other people."""
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=reviewer.pk)
        held = _still_held(reviewer)
        if held is not None and held.case_id == case_id and held.golden_id is None:
            return held
        found = claimable(reviewer, profile_of(reviewer)).filter(pk=case_id)
        case = found.select_for_update(skip_locked=True, of=("self",)).first()
        if case is None:
            raise NotYoursError
        if held is not None:
            release(held, by=reviewer)
        return _begin(case, reviewer, None)


def heartbeat(assessment: Assessment) -> bool:
    """Ten minutes more. False where the claim had run out and someone else has the case."""
    with transaction.atomic():
        return _renew(assessment)


def release(assessment: Assessment, *, by: Account) -> None:
    """Back into the queue, for anyone. Releasing twice changes nothing."""
    with transaction.atomic():
        closed = Assessment.objects.filter(pk=assessment.pk, submitted_at=None, closed_at=None)
        if not closed.update(closed_at=timezone.now()):
            return
        if assessment.golden_id is None:
            Case.objects.filter(pk=assessment.case_id, claimed_by=assessment.reviewer_id).update(
                claimed_by=None, lease_until=None
            )
        write(Name.CASE_RELEASED, actor=("account", by.pk), subject=("case", assessment.case_id))


def hold(assessment: Assessment) -> Assessment:
    """Locked, and held for sure until the transaction ends. Raises NotYoursError where it is not theirs any more."""
    locked = Assessment.objects.select_for_update(of=("self",)).get(pk=assessment.pk)
    if not locked.is_open or not _renew(locked):
        raise NotYoursError
    return locked


def _still_held(reviewer: Account) -> Assessment | None:
    held = current(reviewer)
    if held is None or _renew(held):
        return held
    Assessment.objects.filter(pk=held.pk).update(closed_at=timezone.now())
    return None


def _renew(assessment: Assessment) -> bool:
    if assessment.golden_id is not None:
        return assessment.is_open
    # A claim that ran out is still good while nobody else took the case or decided it.
    free = Q(claimed_by=assessment.reviewer_id) | Q(claimed_by=None) | Q(lease_until__lt=timezone.now())
    mine = Case.objects.filter(free, pk=assessment.case_id, status=Case.Status.OPEN, stage=assessment.stage)
    others = Assessment.objects.filter(case=assessment.case_id, submitted_at=None, closed_at=None, golden=None)
    if not assessment.is_open or others.exclude(pk=assessment.pk).exists():
        return False
    return bool(mine.update(claimed_by=assessment.reviewer_id, lease_until=timezone.now() + LEASE))


def _begin(case: Case, reviewer: Account, golden: GoldenCase | None) -> Assessment:
    now = timezone.now()
    if golden is None:
        lapsed = Assessment.objects.filter(case=case, submitted_at=None, closed_at=None, golden=None)
        lapsed.update(closed_at=now)
        case.claimed_by, case.lease_until = reviewer, now + LEASE
        case.save(update_fields=["claimed_by", "lease_until"])
    made = Assessment.objects.create(
        case=case,
        reviewer=reviewer,
        golden=golden,
        stage=golden.stage if golden else case.stage,
        grave=case.is_grave,
        claimed_at=now,
    )
    write(
        Name.CASE_ASSIGNED,
        actor=("account", reviewer.pk),
        subject=("case", case.pk),
        detail={"assessment": str(made.pk), "stage": made.stage},
    )
    return made


def _golden(reviewer: Account, profile: Reviewer) -> GoldenCase | None:
    """Every so many claims, one that they have not had and took no part in."""
    if not settings.CASE_GOLDEN_EVERY:
        return None
    since = Assessment.objects.filter(reviewer=reviewer).order_by("-claimed_at")
    recent = since.values_list("golden", flat=True)[: settings.CASE_GOLDEN_EVERY - 1]
    if len(recent) < settings.CASE_GOLDEN_EVERY - 1 or any(recent):
        return None
    return (
        GoldenCase.objects.filter(retired_at=None, case__queue__in=profile.queues, case__conversation__deleted_at=None)
        .exclude(case__assessments__reviewer=reviewer)
        .select_related("case")
        .order_by("made_at")
        .first()
    )
