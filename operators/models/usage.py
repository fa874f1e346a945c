"""What was used, for budgets and bills. Rows are written in the turns' own commit (conversations/record.py)."""

from django.db import models
from django.db.models.functions import Now

from operators.models.deployments import Deployment, Key


class Usage(models.Model):
    """What a key used of a model in one day (UTC). Outlives the turns that it counts."""

    day = models.DateField()
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="usage")
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="usage")
    model = models.CharField(max_length=128)
    """By the name in the catalogue, whatever the app called it."""
    turns = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    """Neither read from the model's cache nor written to it."""
    output_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=24, decimal_places=9, default=0)
    """By the prices at the time, in their currency."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day", "model"], name="usage_once")]
        indexes = [models.Index(fields=["deployment", "day"], name="usage_of_deployment")]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class BudgetNotice(models.Model):
    """That a monthly budget came to its alert, or its end: once a month each, whichever process saw it first."""

    class Kind(models.TextChoices):
        ALERTED = "alerted"
        EXHAUSTED = "exhausted"

    class Measure(models.TextChoices):
        TOKENS = "tokens"
        MONEY = "money"

    subject_type = models.CharField(max_length=16)
    """operator, deployment or key"""
    subject_id = models.UUIDField()
    month = models.DateField()
    """Its first day, UTC."""
    kind = models.CharField(max_length=16, choices=Kind)
    measure = models.CharField(max_length=16, choices=Measure)
    operator_id = models.UUIDField()
    deployment_id = models.UUIDField(null=True)
    used = models.DecimalField(max_digits=24, decimal_places=9)
    budget = models.DecimalField(max_digits=24, decimal_places=9)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "month", "kind", "measure"], name="budget_notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.measure} of {self.subject_type} {self.subject_id}"
