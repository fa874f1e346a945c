"""Publish a draft as the next configuration, or bring an old version back."""

from hashlib import sha256
from typing import Any

import orjson
from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from charter import load_charter, parse_configuration
from operators.models import Account, Configuration, Deployment
from operators.webhooks import EventType, emit


class StaleDraftError(Exception):
    """Someone else published meanwhile."""


def settings_digest(settings: dict[str, Any]) -> str:
    """`sha256:<hex>` over the settings as JSON with sorted keys."""
    return "sha256:" + sha256(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)).hexdigest()


def publish(
    deployment: Deployment,
    settings: dict[str, Any],
    *,
    by: Account | None,
    note: str = "",
    over: int | None = None,
    name: Name = Name.CONFIGURATION_PUBLISHED,
) -> Configuration:
    """Publish `settings` as the live configuration.

    over: the number of the version the editor started from; StaleDraftError if another is live by now.
    Raises charter.ConfigurationError, naming the rule, where the charter does not allow them.
    """
    charter = load_charter()
    parse_configuration(charter, settings)
    with transaction.atomic():
        locked = Deployment.objects.select_for_update(of=["self"]).select_related("live").get(pk=deployment.pk)
        live = locked.live.number if locked.live else 0
        if over is not None and over != live:
            raise StaleDraftError(f"version {live} was published meanwhile")
        newest = locked.configurations.values_list("number", flat=True).first() or 0
        configuration = Configuration.objects.create(
            deployment=locked,
            number=newest + 1,
            settings=settings,
            digest=settings_digest(settings),
            charter_version=charter.version,
            charter_digest=charter.digest,
            note=note,
            published_by=by,
        )
        locked.live, locked.draft = configuration, settings
        locked.save(update_fields=["live", "draft"])
        write(
            name,
            actor=("account", by.pk) if by else ("platform", "command"),
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
        emit(locked.operator_id, deployment.pk, EventType.CONFIGURATION_PUBLISHED, told)
    deployment.live, deployment.draft = configuration, settings
    return configuration


def roll_back(deployment: Deployment, to: Configuration, *, by: Account) -> Configuration:
    """Publish an old version's settings anew, under a new number: history only grows."""
    return publish(
        deployment,
        to.settings,
        by=by,
        note=f"Back to version {to.number}",
        name=Name.CONFIGURATION_ROLLED_BACK,
    )
