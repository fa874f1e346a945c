"""What stewards have in force and had in force: pauses, deployments held to review, versions of the charter.

Subjects are named by type and id, never imported. Of each, who, when and why; a command of the platform is nobody.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Measure(models.Model):
    """Something that holds from when it is placed until it is lifted, each with a reason."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reason = models.CharField(_("reason"), max_length=500)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True
        ordering = ["-placed_at"]


class Pause(Measure):
    """A subject that may not answer, or a behaviour that nobody may switch on, until the pause is lifted."""

    class Subject(models.TextChoices):
        PLATFORM = "platform", _("the platform")
        OPERATOR = "operator", _("an operator")
        DEPLOYMENT = "deployment", _("a deployment")
        MODEL = "model", _("a model")
        BEHAVIOUR = "behaviour", _("a behaviour")

    subject_type = models.CharField(max_length=16, choices=Subject.choices)
    subject_id = models.CharField(max_length=128, blank=True)
    """A model by its name in the catalogue, a behaviour by its id in the charter; empty for the platform."""

    class Meta(Measure.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"],
                condition=models.Q(lifted_at=None),
                name="one_pause_in_force_per_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_type_display()} {self.subject_id}: {self.reason}"


class ForcedReview(Measure):
    """A deployment whose every turn is flagged for review by people."""

    deployment_id = models.UUIDField()

    class Meta(Measure.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["deployment_id"],
                condition=models.Q(lifted_at=None),
                name="one_forced_review_in_force_per_deployment",
            )
        ]

    def __str__(self) -> str:
        return f"every turn of {self.deployment_id}: {self.reason}"


class CharterProposal(models.Model):
    """A version of the charter that a steward would have in force; another one decides."""

    class State(models.TextChoices):
        REPLAYING = "replaying", _("being replayed")
        READY = "ready", _("waiting for approval")
        PUBLISHED = "published", _("published")
        REJECTED = "rejected", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.CharField(_("version"), max_length=32)
    digest = models.CharField(max_length=71)
    replaces = models.CharField(max_length=32)
    """The number of the version that was in force when it was proposed, and that its replay compares with."""
    reason = models.CharField(_("reason"), max_length=500)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.REPLAYING)
    turns = models.PositiveIntegerField(default=0)
    """How many recent turns are to be replayed; 0 until that is known."""
    replayed = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    """How many of them would be decided otherwise."""
    examples = models.JSONField(default=list)
    """Of those, the first: {turn, conversation, deployment, before, after}: outcomes and tiers, not what was said."""
    misfits = models.JSONField(default=list)
    """Deployments whose live configuration does not fit the version: {deployment, name, problem}."""
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(state__in=["replaying", "ready"]),
                name="one_open_proposal_per_version",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published")
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("proposed_by"))),
                name="a_charter_takes_two_stewards",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} in place of {self.replaces}"

    @property
    def open(self) -> bool:
        return self.state in {self.State.REPLAYING, self.State.READY}


class CharterPublication(models.Model):
    """A version of the charter that came into force; the latest is. The first came with the platform."""

    number = models.CharField(max_length=32)
    digest = models.CharField(max_length=71)
    at = models.DateTimeField(default=timezone.now, editable=False)
    proposal = models.ForeignKey(CharterProposal, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"version {self.number} since {self.at:%Y-%m-%d %H:%M}"
