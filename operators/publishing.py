"""Save a draft, publish settings as the next configuration, or bring an old version back."""

from hashlib import sha256
from typing import Any

import orjson
from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from charter import load_charter, parse_configuration
from operators import actors
from operators.models import Configuration, Deployment
from operators.webhooks import EventType, emit


class StaleDraftError(Exception):
    """Someone else published, or saved the draft, meanwhile. `live` is the number that is live now, 0 for none."""

    def __init__(self, message: str, live: int) -> None:
        super().__init__(message)
        self.live = live


def settings_digest(settings: dict[str, Any]) -> str:
    """`sha256:<hex>` over the settings as JSON with sorted keys."""
    return "sha256:" + sha256(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)).hexdigest()


def has_edits(deployment: Deployment) -> bool:
    """Whether the draft holds what is not live."""
    return deployment.draft != (deployment.live.settings if deployment.live else {})


def locked(deployment: Deployment) -> Deployment:
    """The deployment as it is now, its row held until the transaction ends.

    What is live is read after, not joined: whoever waited for the lock would be given the version of before.
    """
    return Deployment.objects.select_for_update().get(pk=deployment.pk)


def save_draft(
    deployment: Deployment, settings: dict[str, Any], *, by: actors.By = None, over: str | None = None
) -> None:
    """Keep `settings` as the draft. It answers nobody, but the charter must allow it.

    over: the digest of the draft the editor started from; StaleDraftError if it is another by now.
    Raises charter.ConfigurationError, naming the rule.
    """
    parse_configuration(load_charter(), settings)
    with transaction.atomic():
        now = locked(deployment)
        if over is not None and over != settings_digest(now.draft):
            raise StaleDraftError("the draft was saved by someone else meanwhile", live_number(now))
        if now.draft != settings:
            now.draft = settings
            now.save(update_fields=["draft"])
            write(
                Name.CONFIGURATION_DRAFTED,
                actor=actors.actor(by),
                subject=("deployment", deployment.pk),
                digest=settings_digest(settings),
            )
    deployment.draft = settings


def publish(
    deployment: Deployment,
    settings: dict[str, Any],
    *,
    by: actors.By,
    note: str = "",
    over: int | None = None,
    name: Name = Name.CONFIGURATION_PUBLISHED,
) -> Configuration:
    """Publish `settings` as the live configuration. A draft with other edits stays: nobody's work is lost.

    over: the number of the version the editor started from; StaleDraftError if another is live by now.
    Raises charter.ConfigurationError, naming the rule, where the charter does not allow them.
    """
    charter = load_charter()
    parse_configuration(charter, settings)
    with transaction.atomic():
        now = locked(deployment)
        live = live_number(now)
        if over is not None and over != live:
            raise StaleDraftError(f"version {live} was published meanwhile", live)
        newest = now.configurations.values_list("number", flat=True).first() or 0
        configuration = Configuration.objects.create(
            deployment=now,
            number=newest + 1,
            settings=settings,
            digest=settings_digest(settings),
            charter_version=charter.version,
            charter_digest=charter.digest,
            note=note,
            published_by=actors.account(by),
            published_with=actors.key(by),
        )
        if not has_edits(now):
            now.draft = settings
        now.live = configuration
        now.save(update_fields=["live", "draft"])
        write(
            name,
            actor=actors.actor(by),
            subject=("deployment", deployment.pk),
            digest=configuration.digest,
            detail={"number": configuration.number, "replaces": live, "charter": charter.version},
        )
        told = {
            "deployment_id": str(deployment.pk),
            "configuration_id": str(configuration.pk),
            "number": configuration.number,
            "replaces": live,
            "rolled_back": name == Name.CONFIGURATION_ROLLED_BACK,
            "digest": configuration.digest,
            "charter_version": charter.version,
        }
        emit(now.operator_id, deployment.pk, EventType.CONFIGURATION_PUBLISHED, told)
    deployment.live, deployment.draft = configuration, now.draft
    return configuration


def roll_back(
    deployment: Deployment, to: Configuration, *, by: actors.By, over: int | None = None, note: str = ""
) -> Configuration:
    """Publish an old version's settings anew, under a new number: history only grows. Raises as `publish` does."""
    return publish(
        deployment,
        to.settings,
        by=by,
        note=note or f"Back to version {to.number}",
        over=over,
        name=Name.CONFIGURATION_ROLLED_BACK,
    )


def live_number(deployment: Deployment) -> int:
    """The live configuration's number; 0 where nothing is published."""
    return deployment.live.number if deployment.live else 0
