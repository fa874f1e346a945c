"""Changing a deployment's data settings: what is kept, for how long, and what is replaced before."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from operators import actors
from operators.data_rules import secret_of
from operators.models import DataSettings, Deployment

FIELDS = ("store_content", "retention_days", "redaction", "region_note")


def data_settings(deployment: Deployment) -> DataSettings:
    """The deployment's row, made where there is none yet. Raises SealError without a master key."""
    secret_of(deployment.pk)
    return DataSettings.objects.get(pk=deployment.pk)


def change_data_settings(deployment: Deployment, values: Mapping[str, Any], *, by: actors.By) -> DataSettings:
    """Sets what is named and leaves the rest; takes hold within a second. An entry tells before and after.

    Raises ValidationError by field.
    """
    secret_of(deployment.pk)
    with transaction.atomic():
        row = DataSettings.objects.select_for_update().get(pk=deployment.pk)
        before = said(row)
        for name in FIELDS:
            if name in values:
                setattr(row, name, values[name])
        row.full_clean(validate_unique=False)
        after = said(row)
        if before != after:
            row.save(update_fields=FIELDS)
            write(
                Name.DATA_SETTINGS_CHANGED,
                actor=actors.actor(by),
                subject=("deployment", deployment.pk),
                detail={"before": before, "after": after},
            )
    return row


def said(row: DataSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}
