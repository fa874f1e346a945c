"""A replay's life: started for a draft, handed to Celery, canceled; of a deployment one at once."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.log.names import Name
from audit.log.writer import write
from charter import load_charter, parse_configuration
from config.outbox import Outbox
from conversations.models import Replay
from operators import actors
from operators.models import Deployment
from operators.publishing import settings_digest

SIZES = (50, 200, 1000)
PERIODS = (1, 7, 30, 0)
"""Days; 0 for any time."""
KEPT = 20
"""How many replays of a deployment are kept, the newest."""

REPLAYS = Outbox(
    Replay,
    lambda _replay: "conversations.redecide_sample",
    attempts=5,
    forgotten_after=timedelta(minutes=5),
    in_flight=8,
)


class ReplayRunsError(Exception):
    """Another replay of the deployment is not done."""


def start(deployment: Deployment, *, size: int, days: int, by: actors.By) -> Replay:
    """Of the draft as it is now. Raises charter.ConfigurationError where the charter refuses it, ReplayRunsError."""
    charter, settings = load_charter(), deployment.draft
    parse_configuration(charter, settings)
    try:
        with transaction.atomic():
            made = Replay.objects.create(
                deployment=deployment,
                settings=settings,
                digest=settings_digest(settings),
                charter_digest=charter.digest,
                size=size,
                days=days,
                started_by=actors.account(by),
            )
            _note(Name.REPLAY_STARTED, made, by, {"size": size, "days": days})
            kept = Replay.objects.filter(deployment=deployment).order_by("-id").values("pk")[:KEPT]
            Replay.objects.filter(deployment=deployment).exclude(pk__in=kept).delete()
    except IntegrityError:
        raise ReplayRunsError from None
    return made


def cancel(replay: Replay, *, by: actors.By) -> None:
    """What is found so far stays. One that is done, or canceled before, stays as it is."""
    with transaction.atomic():
        now = timezone.now()
        open_ones = Replay.objects.filter(pk=replay.pk, done_at=None, dead_at=None)
        if open_ones.update(done_at=now, canceled_at=now):
            _note(Name.REPLAY_CANCELED, replay, by, {})


def is_stale(replay: Replay, deployment: Deployment) -> bool:
    """Whether the draft, or the charter in force, is another by now."""
    return replay.digest != settings_digest(deployment.draft) or replay.charter_digest != load_charter().digest


def _note(name: Name, replay: Replay, by: actors.By, detail: dict[str, int]) -> None:
    write(
        name,
        actor=actors.actor(by),
        subject=("replay", replay.pk),
        digest=replay.digest,
        detail={"deployment": str(replay.deployment_id), **detail},
    )
