"""An operator's apps: deployments, their published configurations and their keys."""

from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operators.models.accounts import Account, Operator
from operators.models.catalogue import check_aliases, check_names


class Deployment(models.Model):
    """One app of an operator. `draft` is what the console edits; `live` is what answers."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="deployments")
    name = models.CharField(_("name"), max_length=120)
    draft = models.JSONField(default=dict, blank=True)
    live = models.ForeignKey("Configuration", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    model_names = models.JSONField(_("models"), default=list, blank=True, validators=[check_names])
    """The models it may use, by name; empty for all that its operator can reach."""
    model_aliases = models.JSONField(_("model aliases"), default=dict, blank=True, validators=[check_aliases])
    """{name for the app: name of a model}: what the app may ask for besides."""
    judged_share = models.FloatField(_("judged share"), default=1.0, db_default=1.0, editable=False)
    """Of its turns, 0..1, how many a judge reviews beside those that call for it. Stewards set it."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "name"], name="deployment_name_once")]

    def __str__(self) -> str:
        return self.name


class Configuration(models.Model):
    """An immutable, numbered, published version of a deployment's settings; a trigger refuses changes."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="configurations")
    number = models.PositiveIntegerField()
    settings = models.JSONField(default=dict)
    digest = models.CharField(max_length=71)
    charter_version = models.CharField(max_length=32)
    charter_digest = models.CharField(max_length=71)
    note = models.CharField(max_length=500, blank=True)
    published_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    published_with = models.ForeignKey("Key", on_delete=models.RESTRICT, null=True, blank=True, related_name="+")
    """The key, where it was published through the API; a person otherwise, or neither for a command."""
    published_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="configuration_number_once")]

    def __str__(self) -> str:
        return f"{self.deployment} version {self.number}"


class Scope(models.TextChoices):
    """How far a key reaches within its deployment."""

    TURNS = "turns", _("answers: messages, batches, models")
    RECORDS = "records", _("the record: conversations, decisions, receipts")
    MANAGE = "manage", _("management: configurations, keys, usage")


def usual_scopes() -> list[str]:
    """What an app's key needs."""
    return [Scope.TURNS.value, Scope.RECORDS.value]


def check_scopes(scopes: object) -> None:
    """Validates a JSON list of scopes. Raises ValidationError."""
    if not isinstance(scopes, list) or not scopes or not all(scope in Scope.values for scope in scopes):
        raise ValidationError(_("At least one scope of the known ones is needed."))


class KeyQuerySet(models.QuerySet["Key"]):
    def usable(self) -> "KeyQuerySet":
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


class AppKeys(models.Manager.from_queryset(KeyQuerySet)):  # type: ignore[misc]
    """Those that apps sign in with. The playground's opens nothing, and no list of keys shows it."""

    def get_queryset(self) -> KeyQuerySet:
        found: KeyQuerySet = super().get_queryset()
        return found.filter(playground=False)


class Key(models.Model):
    """What an app signs in with: `plk_<public id>_<secret>`. Only the secret's hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(_("name"), max_length=120)
    public_id = models.CharField(max_length=32, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = models.JSONField(_("scopes"), default=usual_scopes, validators=[check_scopes])
    created_by = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_with = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """The key, where it was made through the API."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """The key that a rotation made; this one expires after the overlap."""
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    """To within a minute or two (operators/last_used.py)."""
    playground = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether it stands for the deployment's members in the playground: their turns are held to limits, counted and
    paid for like any other, under this key. It has no scope, and nobody knows its secret."""

    objects = AppKeys()
    everything = KeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["deployment"], condition=Q(playground=True), name="one_playground_key")
        ]

    def __str__(self) -> str:
        return f"{self.name} (plk_{self.public_id}_…)"

    @property
    def state(self) -> str:
        """`active`, `revoked` or `expired`."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= timezone.now():
            return "expired"
        return "active"
