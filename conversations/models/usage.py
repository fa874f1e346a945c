"""What pages and the API tell of usage: turns added up by the hour, by a trigger in the turns' own commit."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from operators.models import Deployment, Key

BOUNDS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000,
    15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
)  # fmt: skip
"""In milliseconds. The first place of an array of waits counts those shorter than the first bound, the last those of
the last bound and longer. Stored by place, so they never change."""


class UsageHour(models.Model):
    """The turns that began in one hour (UTC), with one key and for one model. Outlives what it counts.

    The migration's function plumbline_recount makes an hour anew from its turns (manage.py recount_usage).
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="usage_hours", db_index=False)
    hour = models.DateTimeField()
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="+", db_index=False)
    model = models.CharField(max_length=128)
    """As the app asked for it."""
    turns = models.PositiveIntegerField()
    answer = models.PositiveIntegerField()
    """This and the next three: turns of that outcome."""
    redirect = models.PositiveIntegerField()
    decline = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    flagged = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    """Turns that the model did not answer."""
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=24, decimal_places=9)
    unpriced = models.PositiveIntegerField()
    """Turns that used tokens of a model without a price."""
    own_waits = ArrayField(models.PositiveIntegerField())
    """How many turns took us how long, the model's time left out: by place of BOUNDS."""
    model_waits = ArrayField(models.PositiveIntegerField())
    """The same of the model's time, of the turns that a model was asked for."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "hour", "key", "model"], name="usage_hour_once"),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.model}"
