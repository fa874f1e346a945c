"""The catalogue: which models there are, where they are served, and what they cannot take.

Besides these rows a process offers the model its environment names (operators/catalogue.py). A trigger tells every
process of changes, so none asks the database for a turn.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.sealing import seal
from operators.addresses import check_address
from operators.models.accounts import Operator

name_validator = RegexValidator(r"\A[\w.:/@+-]{1,128}\Z", _("Letters, digits and . : / @ + - _ only."))
GOVERNED = frozenset({"model", "messages", "system", "stream", "max_tokens", "plumbline"})
"""Request fields that no rule can drop or refuse."""


def check_names(names: Any) -> None:
    """Validates a JSON list of names. Raises ValidationError."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValidationError(_("A list of names is needed."))
    for name in names:
        name_validator(name)


def check_aliases(aliases: Any) -> None:
    """Validates a JSON object {name for the app: name of a model}. Raises ValidationError."""
    if not isinstance(aliases, dict):
        raise ValidationError(_("An object is needed: a name for the app, then the model's name."))
    check_names([*aliases, *aliases.values()])


def _price(label: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(label, max_digits=12, decimal_places=6, null=True, blank=True)


class Upstream(models.Model):
    """A server that speaks the Messages API: the platform's, or an operator's own, used for that operator alone."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, null=True, blank=True, related_name="upstreams")
    """Null for the platform's."""
    name = models.CharField(_("name"), max_length=64)
    base_url = models.CharField(
        _("address"), max_length=300, help_text=_("Without /v1, e.g. https://api.anthropic.com")
    )
    sealed_key = models.BinaryField(null=True, editable=False)
    key_set_at = models.DateTimeField(_("key set"), null=True, editable=False)
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("The lowest is preferred; an operator's own come before the platform's.")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["operator", "name"], name="upstream_name_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.operator}: {self.name}" if self.operator_id else self.name

    def clean(self) -> None:
        try:
            check_address(self.base_url, by_operator=self.operator_id is not None)
        except ValueError as error:
            raise ValidationError({"base_url": str(error)}) from None

    @property
    def seal_context(self) -> str:
        """A key opens for this row and address only: whoever changes the address has to give the key again."""
        return seal_context(self.id, self.base_url)

    def set_key(self, api_key: str) -> None:
        """Seals the key; an empty one takes it away. Raises config.sealing.SealError. Does not save."""
        self.sealed_key = seal(api_key, self.seal_context) if api_key else None
        self.key_set_at = timezone.now() if api_key else None


def seal_context(upstream_id: object, base_url: str) -> str:
    return f"upstream {upstream_id} {base_url.rstrip('/')}"


class Model(models.Model):
    """A model by the name apps call it, as `GET /v1/models` shows it, and what it costs."""

    class Lifecycle(models.TextChoices):
        ACTIVE = "active", _("active")
        DEPRECATED = "deprecated", _("deprecated")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=128, unique=True, validators=[name_validator])
    aliases = models.JSONField(_("other names"), default=list, blank=True, validators=[check_names])
    display_name = models.CharField(_("display name"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("released"), default=datetime(1970, 1, 1, tzinfo=UTC))
    lifecycle = models.CharField(_("lifecycle"), max_length=16, choices=Lifecycle, default=Lifecycle.ACTIVE)
    deprecated_at = models.DateTimeField(_("deprecated at"), null=True, blank=True)
    retires_at = models.DateTimeField(_("retires at"), null=True, blank=True)
    max_input_tokens = models.PositiveIntegerField(_("longest input, tokens"), null=True, blank=True)
    max_tokens = models.PositiveIntegerField(_("longest answer, tokens"), null=True, blank=True)
    input_price = _price(_("input, per million tokens"))
    output_price = _price(_("output, per million tokens"))
    cache_write_price = _price(_("cache write, per million tokens"))
    cache_read_price = _price(_("cache read, per million tokens"))
    poor_judgment = models.BooleanField(
        _("poor judgment"),
        default=False,
        help_text=_("Not left to speak to someone at risk: our own words are then the whole answer."),
    )

    class Meta:
        ordering = ["-created_at", "name"]

    def __str__(self) -> str:
        return self.name


class ModelRoute(models.Model):
    """What a model is called at an upstream."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="routes")
    upstream = models.ForeignKey(
        Upstream,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="routes",
        help_text=_("Empty: the upstream that the environment names."),
    )
    name = models.CharField(_("its name there"), max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "upstream"], name="one_route_each", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.upstream or 'the environment'}"


class FieldRule(models.Model):
    """A request field that a model's upstreams cannot take, as a dotted path: `top_k`, `output_config.effort`."""

    class Action(models.TextChoices):
        DROP = "drop", _("drop it and say so")
        REFUSE = "refuse", _("refuse the request")

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="rules")
    field = models.CharField(_("field"), max_length=128, validators=[RegexValidator(r"\A\w+(\.\w+)*\Z")])
    action = models.CharField(_("action"), max_length=8, choices=Action)
    word = models.CharField(_("what the app is told"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "field"], name="one_rule_a_field"),
            models.CheckConstraint(condition=~Q(field=""), name="rule_names_a_field"),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.action} {self.field}"

    def clean(self) -> None:
        if self.field.partition(".")[0] in GOVERNED:
            raise ValidationError({"field": _("Plumbline governs this field itself.")})
