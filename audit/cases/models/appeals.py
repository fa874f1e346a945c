"""What an operator, or a user through its app, says against an outcome or a verdict."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.cases.models.cases import Case
from conversations.models import Turn
from operators.models import Deployment


class Appeal(models.Model):
    """Decided by someone who had no part in what it is against, and told to whoever made it."""

    class Status(models.TextChoices):
        OPEN = "open", _("waits")
        UPHELD = "upheld", _("upheld: what was decided stands")
        OVERTURNED = "overturned", _("overturned: what was decided was wrong")

    class By(models.TextChoices):
        OPERATOR = "operator", _("the operator")
        USER = "user", _("a user")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="appeals")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="appeals")
    turn = models.ForeignKey(Turn, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """The turn that is meant; None for a verdict on the conversation as a whole."""
    by = models.CharField(max_length=8, choices=By)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    answer = models.TextField(blank=True)
    """Why it was upheld or overturned, for whoever appealed."""
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=models.Q(status="open"), name="one_open_appeal_a_case")
        ]

    def __str__(self) -> str:
        return f"appeal on {self.case_id}"
