"""What was tried in the playground: beside a turn's own row, who tried it and by which settings."""

from django.db import models

from conversations.models.record import Turn
from operators.models import Account


class Trial(models.Model):
    """A turn of the playground. Written in the turn's own commit (conversations/playground/asking.py)."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, primary_key=True, related_name="trial")
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    of_draft = models.BooleanField()
    """Whether the draft answered; else the live version, which the turn names."""
    settings = models.JSONField()
    """Those that answered: a draft has changed by the time that somebody asks why."""
    settings_digest = models.CharField(max_length=71)

    def __str__(self) -> str:
        return str(self.turn_id)
