"""What the reviews of turns came to, in numbers: what findings say in words goes with the words."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.cases.models import Finding
from conversations.models import Turn
from operators.models import Deployment


class TurnReview(models.Model):
    """One turn as it was last reviewed; kept when its conversation is erased."""

    class Chosen(models.TextChoices):
        """Why a judge looked, or that none did."""

        FLAGGED = "flagged", _("it was flagged")
        FORCED = "forced", _("a steward asked for it")
        GRAVE = "grave", _("the screens found something")
        SAMPLED = "sampled", _("it was drawn by lot")
        NOT = "not", _("no judge was asked")

    class Grade(models.TextChoices):
        HONOURED = "honoured", _("honoured")
        STRAINED = "strained", _("strained")
        BROKEN = "broken", _("broken")
        UNTOUCHED = "untouched", _("untouched")

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, primary_key=True, related_name="review")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Finding.Source)
    chosen = models.CharField(max_length=8, choices=Chosen)
    tier_1 = models.CharField(max_length=9, choices=Grade, blank=True)
    tier_2 = models.CharField(max_length=9, choices=Grade, blank=True)
    tier_3 = models.CharField(max_length=9, choices=Grade, blank=True)
    tier_4 = models.CharField(max_length=9, choices=Grade, blank=True)
    right_tier = models.BooleanField(null=True)
    honest = models.BooleanField(null=True)
    helpful = models.BooleanField(null=True)
    in_scope = models.BooleanField(null=True)
    over_cautious = models.BooleanField(null=True)
    """These five are null where only screens looked, which cannot tell; so is a blank grade."""

    class Meta:
        indexes = [models.Index(fields=["deployment", "at"], name="turn_review_by_time")]

    def __str__(self) -> str:
        return f"review of {self.turn_id}"
