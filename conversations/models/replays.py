"""A draft's replay: a sample of recorded turns decided again, its progress, and what came out otherwise."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.outbox import Owed
from conversations.models.record import Turn
from operators.models import Account, Deployment


class Replay(Owed):
    """Bound to the settings it decides under: a draft that changed since has another digest. Worked on in slices."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="replays", db_index=False)
    settings = models.JSONField()
    digest = models.CharField(max_length=71)
    charter_digest = models.CharField(max_length=71)
    size = models.PositiveIntegerField()
    """At most so many turns, chosen at random among those of the last `days`; 0 days for any time."""
    days = models.PositiveIntegerField()
    started_by = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    sample = models.JSONField(null=True)
    """The ids of the turns, in their order; None until they are chosen."""
    position = models.PositiveIntegerField(default=0)
    """How many of them are done with."""
    same = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    not_kept = models.PositiveIntegerField(default=0)
    """Those of which nobody can read any more what was said, or what was said before."""
    unreadable = models.PositiveIntegerField(default=0)
    canceled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"], condition=models.Q(done_at=None, dead_at=None), name="one_replay_at_once"
            )
        ]
        indexes = [
            models.Index(fields=["deployment", "-id"], name="replay_newest"),
            models.Index("id", condition=models.Q(done_at=None, dead_at=None), name="replay_open"),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk} of {self.deployment_id}"

    @property
    def running(self) -> bool:
        return self.done_at is None and self.dead_at is None

    @property
    def total(self) -> int:
        """How many turns it decides; 0 until they are chosen."""
        return len(self.sample or ())


class ReplayedTurn(models.Model):
    """One turn that was decided otherwise. It holds the charter's words, and nothing that anyone said."""

    class Change(models.TextChoices):
        OUTCOME = "outcome", _("another outcome")
        REASON = "reason", _("the same outcome for another reason")
        DIRECTIVES = "directives", _("the same, with other directives to the model")

    class Cause(models.TextChoices):
        DRAFT = "draft", _("the draft")
        SINCE = "since", _("not the draft: the turn's own version would decide so today, too")
        UNKNOWN = "unknown", _("unknown: the turn's own version cannot be asked any more")

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="turns", db_index=False)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="+")
    change = models.CharField(max_length=16, choices=Change)
    cause = models.CharField(max_length=16, choices=Cause)
    before = models.JSONField()
    """A verdict as conversations/redeciding/verdict.py makes it; `after` too."""
    after = models.JSONField()
    in_doubt = models.BooleanField(default=False)
    """Whether a judge would be asked of something that none was asked of then: the careful path was taken."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["replay", "turn"], name="replayed_once")]

    def __str__(self) -> str:
        return f"{self.change} of turn {self.turn_id}"
