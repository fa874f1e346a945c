"""Pauses: what stewards have stopped, and why."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Pause(models.Model):
    """A subject that may not answer until the pause is lifted. Subjects are named by type and id, never imported."""

    class Subject(models.TextChoices):
        PLATFORM = "platform", _("the platform")
        OPERATOR = "operator", _("an operator")
        DEPLOYMENT = "deployment", _("a deployment")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    subject_type = models.CharField(max_length=16, choices=Subject.choices)
    subject_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-placed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"],
                condition=models.Q(lifted_at=None),
                name="one_pause_in_force_per_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_type_display()} {self.subject_id}: {self.reason}"
