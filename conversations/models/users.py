"""What is kept of a user beside their conversations."""

from django.db import models
from django.db.models.functions import Now

from operators.models import Deployment


class UserAdjustments(models.Model):
    """What one user of a deployment wishes of the softcoded behaviours, for every turn. A trigger tells of changes.

    Rows are written by conversations/adjustments.py, never through the ORM.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    """What the audit log knows the user by: `user_ref` may be somebody's name, and the log forgets nothing."""
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    user_ref = models.CharField(max_length=256)
    adjustments = models.JSONField()
    """{behaviour: true or false}"""
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "user_ref"], name="adjustments_once_per_user")]

    def __str__(self) -> str:
        return str(self.id)
