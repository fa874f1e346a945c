"""Place and lift a pause; each is an entry in the audit log, in the same transaction."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from audit.oversight.models import Pause


def place(subject_type: str, subject_id: UUID | str, *, reason: str, by: AbstractBaseUser) -> Pause:
    """Pause a subject; one already paused keeps its pause. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("a pause needs a reason")
    with transaction.atomic():
        pause, created = Pause.objects.get_or_create(
            subject_type=Pause.Subject(subject_type),
            subject_id=str(subject_id),
            lifted_at=None,
            defaults={"reason": reason.strip(), "placed_by": by},
        )
        if created:
            _note(Name.PAUSE_PLACED, pause, by)
    return pause


def lift(pause: Pause, *, by: AbstractBaseUser) -> None:
    """Lift a pause; lifting twice changes nothing."""
    with transaction.atomic():
        lifted = Pause.objects.filter(pk=pause.pk, lifted_at=None).update(lifted_at=timezone.now(), lifted_by=by)
        if lifted:
            _note(Name.PAUSE_LIFTED, pause, by)


def _note(name: Name, pause: Pause, by: AbstractBaseUser) -> None:
    write(
        name,
        actor=("account", by.pk),
        subject=(pause.subject_type, pause.subject_id or "platform"),
        detail={"pause": str(pause.pk), "reason": pause.reason},
    )
