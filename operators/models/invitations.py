"""Invitations to join an operator."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operators.models.accounts import Account, Membership, Operator

GOOD_FOR = timedelta(days=7)


def a_while_from_now() -> datetime:
    return timezone.now() + GOOD_FOR


class Invitation(models.Model):
    """A place in an operator for whoever reads mail at an address. One that is pending can be accepted once."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        ACCEPTED = "accepted", _("accepted")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=16, choices=Membership.Role.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    mails = models.PositiveIntegerField(default=1)
    """How often it was sent. The link names it, so that each mail's link replaces the one before."""
    invited_by = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=a_while_from_now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "operator",
                Lower("email"),
                condition=models.Q(state="pending"),
                name="one_pending_invitation_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()}) to {self.operator}"

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()
