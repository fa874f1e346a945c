"""How subjects of the audit log lead to an operator, for its audit trail."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from audit.log.belonging import Find, register_owner


def owned(model: type[models.Model], path: str) -> Find:
    """Finds a row's operator by the path of fields that leads to its id; None for what is no row."""

    def find(identity: Any) -> Any:
        try:
            return model._base_manager.filter(pk=identity).values_list(path, flat=True).first()
        except (ValidationError, ValueError):
            return None

    return find


def register_owners() -> None:
    from operators.models import Configuration, Deployment, Invitation, Key, Upstream, Webhook

    for subject, model, path in (
        ("deployment", Deployment, "operator_id"),
        ("configuration", Configuration, "deployment__operator_id"),
        ("key", Key, "deployment__operator_id"),
        ("upstream", Upstream, "operator_id"),
        ("webhook", Webhook, "operator_id"),
        ("invitation", Invitation, "operator_id"),
    ):
        register_owner(subject, owned(model, path))
