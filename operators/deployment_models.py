"""The models one deployment is held to, and its own names for them."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.log.names import Name
from audit.log.writer import write
from charter import ConfigurationError, Problem
from operators import actors
from operators.catalogue import Offers
from operators.models import Deployment
from operators.models.catalogue import name_validator
from operators.publishing import locked, settings_digest

MOST = 100
"""Names, and aliases, of one deployment."""


@dataclass(frozen=True, slots=True)
class Models:
    """`allowed`: names of models, none for all that the operator can reach; `aliases`: {name for the app: name}."""

    allowed: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, deployment: Deployment) -> "Models":
        return cls(tuple(deployment.model_names), dict(deployment.model_aliases))

    def to_json(self) -> dict[str, Any]:
        return {"allowed": list(self.allowed), "aliases": self.aliases}


def parse_models(data: Any, reach: Offers, current: Models) -> Models:
    """{"allowed": [...], "aliases": {...}}, each optional, within what the operator can reach.

    reach: all that the operator may use. What `current` holds may stay even where an upstream of it is away by now.
    Raises charter.ConfigurationError with all problems, named as in settings.
    """
    parser = _Parser(reach, current)
    models = parser.models(data)
    if parser.problems:
        raise ConfigurationError(parser.problems)
    return models


def set_models(deployment: Deployment, models: Models, *, by: actors.By) -> bool:
    """Whether that changed anything. Takes hold in every process within a second."""
    with transaction.atomic():
        now = locked(deployment)
        fields = [
            *(["models"] if set(now.model_names) != set(models.allowed) else []),
            *(["model aliases"] if now.model_aliases != models.aliases else []),
        ]
        if fields:
            now.model_names, now.model_aliases = list(models.allowed), models.aliases
            now.save(update_fields=["model_names", "model_aliases"])
            write(
                Name.DEPLOYMENT_CHANGED,
                actor=actors.actor(by),
                subject=("deployment", deployment.pk),
                digest=settings_digest(models.to_json()),
                detail={"name": now.name, "fields": fields},
            )
    deployment.model_names, deployment.model_aliases = now.model_names, now.model_aliases
    return bool(fields)


class _Parser:
    def __init__(self, reach: Offers, current: Models) -> None:
        self.reach = reach
        self.current = current
        self.problems: list[Problem] = []

    def models(self, data: Any) -> Models:
        if not isinstance(data, dict):
            self.problem("models", "must be an object", "models.shape")
            return Models()
        for name in sorted(data.keys() - {"allowed", "aliases"}):
            self.problem(f"models.{name}", "is not a known setting", "models.shape")
        allowed = self.allowed(data.get("allowed"))
        return Models(allowed, self.aliases(data.get("aliases"), allowed))

    def allowed(self, data: Any) -> tuple[str, ...]:
        if data is None:
            return ()
        if not isinstance(data, list) or len(data) > MOST:
            self.problem("models.allowed", f"must be a list of at most {MOST} names", "models.shape")
            return ()
        found = []
        for index, name in enumerate(data):
            if not isinstance(name, str) or name not in {*self.reach.listed, *self.current.allowed}:
                self.problem(f"models.allowed[{index}]", "is not a model that this operator can reach", "models.reach")
            elif name not in found:
                found.append(name)
        return tuple(found)

    def aliases(self, data: Any, allowed: tuple[str, ...]) -> dict[str, str]:
        if data is None:
            return {}
        if not isinstance(data, dict) or len(data) > MOST:
            self.problem("models.aliases", f"must be an object of at most {MOST} names", "models.shape")
            return {}
        for alias, name in data.items():
            where = f"models.aliases.{alias}"
            known = alias in self.current.aliases and self.current.aliases[alias] == name
            if known and set(self.current.allowed) == set(allowed):
                continue
            if not _is_name(alias):
                self.problem(where, "is not a name: letters, digits and . : / @ + - _ only", "models.shape")
            offer = self.reach.find(name) if isinstance(name, str) else None
            if offer is None:
                self.problem(where, "does not stand for a model that this operator can reach", "models.reach")
            elif allowed and offer.name not in allowed:
                self.problem(where, "stands for a model that is not among the allowed ones", "models.allowed")
        return dict(data)

    def problem(self, path: str, message: str, rule: str) -> None:
        self.problems.append(Problem(path, message, rule))


def _is_name(text: str) -> bool:
    try:
        name_validator(text)
    except ValidationError:
        return False
    return True
