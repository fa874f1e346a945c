"""Publishing at a time: what was scheduled is published then, once, or refused with a reason; never anything else.

A row of an outbox: whatever was down at its time, it is done when that is up again. Why a snapshot and not the draft
of then: docs/decisions/0025-scheduled-publishing-and-concurrent-edits.md.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.log.names import Name
from audit.log.writer import write
from charter import ConfigurationError, load_charter, parse_configuration
from config.outbox import Outbox
from operators.access import may_change
from operators.models import Account, Deployment, ScheduledPublication
from operators.publishing import StaleDraftError, live_number, publish, settings_digest

LATEST = timedelta(days=366)

PUBLICATIONS = Outbox(
    ScheduledPublication,
    lambda _publication: "operators.publish_scheduled",
    attempts=20,
    forgotten_after=timedelta(minutes=2),
)


class ScheduleError(Exception):
    """It cannot be scheduled so; the text says why, to people."""


def schedule(
    deployment: Deployment, at: datetime, *, by: Account, note: str = "", over: int | None = None
) -> ScheduledPublication:
    """The draft as it is now, at a time in the future. over: as for `publish`.

    Raises ScheduleError, StaleDraftError, and charter.ConfigurationError where the charter refuses it already.
    """
    settings, now = deployment.draft, timezone.now()
    if not now < at < now + LATEST:
        raise ScheduleError(_("The time must be in the future, and within a year."))
    parse_configuration(load_charter(), settings)
    live = live_number(deployment)
    if over is not None and over != live:
        raise StaleDraftError(f"version {live} was published meanwhile", live)
    try:
        with transaction.atomic():
            made = ScheduledPublication.objects.create(
                deployment=deployment,
                settings=settings,
                digest=settings_digest(settings),
                note=note,
                over=live,
                scheduled_by=by,
                due_at=at,
            )
            _note(Name.PUBLICATION_SCHEDULED, made, ("account", str(by.pk)), {"at": at.isoformat(), "over": live})
    except IntegrityError:
        raise ScheduleError(_("Another publication is scheduled already. Cancel it first.")) from None
    return made


def cancel(publication: ScheduledPublication, *, by: Account) -> bool:
    """False where it was published, refused or canceled before."""
    with transaction.atomic():
        now = timezone.now()
        waiting = ScheduledPublication.objects.filter(pk=publication.pk, done_at=None, dead_at=None)
        canceled = waiting.update(done_at=now, canceled_at=now, canceled_by=by)
        if canceled:
            _note(Name.PUBLICATION_CANCELED, publication, ("account", str(by.pk)), {})
    return bool(canceled)


def publish_due(publication_id: int) -> bool:
    """Publishes it, or notes why not, in one transaction with the mark that it is done: twice changes nothing.

    True where it is live now.
    """
    with transaction.atomic():
        waiting = ScheduledPublication.objects.select_for_update().filter(done_at=None, dead_at=None)
        owed = waiting.filter(pk=publication_id, due_at__lte=timezone.now()).first()
        if owed is None:
            return False
        try:
            with transaction.atomic():
                owed.made = publish(
                    _still_theirs(owed), owed.settings, by=owed.scheduled_by, note=owed.note, over=owed.over
                )
        except ConfigurationError as error:
            owed.refused = _("The charter in force does not allow it: %(why)s") % {
                "why": " ".join(str(problem) for problem in error.problems)
            }
        except (StaleDraftError, ScheduleError) as error:
            owed.refused = _why(error)
        owed.refused = owed.refused[:1000]
        owed.done_at = timezone.now()
        owed.save(update_fields=["made", "refused", "done_at"])
        if owed.refused:
            _note(Name.PUBLICATION_REFUSED, owed, ("platform", "schedule"), {"why": owed.refused})
    return not owed.refused


def _still_theirs(owed: ScheduledPublication) -> Deployment:
    """Raises ScheduleError where the person may no longer publish it."""
    if not owed.scheduled_by.is_active or not may_change(owed.scheduled_by, owed.deployment):
        raise ScheduleError(_("Whoever scheduled it may not change this deployment any more."))
    return owed.deployment


def _why(error: StaleDraftError | ScheduleError) -> str:
    if isinstance(error, StaleDraftError):
        return _("Version %(n)s was published after it was scheduled, and is not overwritten.") % {"n": error.live}
    return str(error)


def _note(name: Name, publication: ScheduledPublication, actor: tuple[str, str], detail: dict[str, object]) -> None:
    write(
        name,
        actor=actor,
        subject=("deployment", publication.deployment_id),
        digest=publication.digest,
        detail={"publication": publication.pk, **detail},
    )
