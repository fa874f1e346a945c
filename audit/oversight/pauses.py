"""Place and lift what stewards place: pauses and reviews. Each is an entry in the audit log, in the same transaction.

`by` is None for a command of the platform, which is for emergencies. `within`: what else the entry names, so that an
operator's trail finds it: {"operator": id} for a deployment.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from audit.oversight.models import ForcedReview, Measure, Pause
from charter import can_be_paused, load_charter

By = AbstractBaseUser | None
NOTHING: Mapping[str, Any] = {}


def place(
    subject_type: str, subject_id: UUID | str, *, reason: str, by: By, within: Mapping[str, Any] = NOTHING
) -> Pause:
    """Pause a subject; one already paused keeps its pause. Raises ValueError without a reason.

    Raises ValueError too for a behaviour that is not off by default: switched off, it would protect less.
    """
    kind = Pause.Subject(subject_type)
    if kind == Pause.Subject.BEHAVIOUR and not can_be_paused(load_charter(), str(subject_id)):
        raise ValueError(f"{subject_id}: only a behaviour that is off by default can be paused")
    given = needed(reason)
    with transaction.atomic():
        pause, created = Pause.objects.get_or_create(
            subject_type=kind,
            subject_id=str(subject_id),
            lifted_at=None,
            defaults={"reason": given, "placed_by": by},
        )
        if created:
            _note_pause(Name.PAUSE_PLACED, pause, by, within, given)
    return pause


def lift(pause: Pause, *, by: By, reason: str = "", within: Mapping[str, Any] = NOTHING) -> None:
    """Lift a pause; lifting twice changes nothing."""
    with transaction.atomic():
        if _lifted(pause, by, reason):
            _note_pause(Name.PAUSE_LIFTED, pause, by, within, reason.strip())


def force_review(deployment_id: UUID, *, reason: str, by: By, within: Mapping[str, Any] = NOTHING) -> ForcedReview:
    """Have every turn of a deployment flagged for review. Raises ValueError without a reason."""
    given = needed(reason)
    with transaction.atomic():
        forced, created = ForcedReview.objects.get_or_create(
            deployment_id=deployment_id, lifted_at=None, defaults={"reason": given, "placed_by": by}
        )
        if created:
            _note_review(Name.REVIEW_FORCED, forced, by, within, given)
    return forced


def release(forced: ForcedReview, *, by: By, reason: str = "", within: Mapping[str, Any] = NOTHING) -> None:
    with transaction.atomic():
        if _lifted(forced, by, reason):
            _note_review(Name.REVIEW_RELEASED, forced, by, within, reason.strip())


def paused_behaviours() -> frozenset[str]:
    """By id, read through Django's connection: for pages."""
    paused = Pause.objects.filter(subject_type=Pause.Subject.BEHAVIOUR, lifted_at=None)
    return frozenset(paused.values_list("subject_id", flat=True))


def needed(reason: str) -> str:
    """The reason, tidied. Raises ValueError where there is none."""
    if not reason.strip():
        raise ValueError("a reason is needed")
    return reason.strip()


def _lifted(measure: Measure, by: By, reason: str) -> int:
    return (
        type(measure)
        ._default_manager.filter(pk=measure.pk, lifted_at=None)
        .update(lifted_at=timezone.now(), lifted_by=by, lift_reason=reason.strip())
    )


def actor(by: By) -> tuple[str, Any]:
    return ("platform", "command") if by is None else ("account", by.pk)


def _note_pause(name: Name, pause: Pause, by: By, within: Mapping[str, Any], reason: str) -> None:
    write(
        name,
        actor=actor(by),
        subject=(pause.subject_type, pause.subject_id or "platform"),
        detail={"pause": str(pause.pk), "reason": reason, **within},
    )


def _note_review(name: Name, forced: ForcedReview, by: By, within: Mapping[str, Any], reason: str) -> None:
    write(
        name,
        actor=actor(by),
        subject=("deployment", forced.deployment_id),
        detail={"review": str(forced.pk), "reason": reason, **within},
    )
