"""What of the record was handed out."""

from django.db import models
from django.db.models.functions import Now

from operators.models import Account, Deployment


class Export(models.Model):
    """That someone took turns out of the record. Its counts are committed before what they count leaves."""

    class Form(models.TextChoices):
        JSONL = "jsonl", "JSON Lines"
        CSV = "csv", "CSV"

    id = models.UUIDField(primary_key=True, editable=False)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=8, choices=Form)
    content = models.BooleanField()
    """Whether with what was said."""
    filter = models.JSONField()
    """As it stood in the page's address, without the user's id."""
    turns = models.PositiveIntegerField(db_default=0)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    """When it last went on; one that is not done and was not seen for long was killed with its process."""
    done_at = models.DateTimeField(null=True)
    """Since then its entry is in the audit log."""
    whole = models.BooleanField(db_default=False)
    """False where its reader hung up, or something failed."""

    class Meta:
        indexes = [
            models.Index("deployment", models.F("id").desc(), name="newest_export"),
            models.Index("seen_at", condition=models.Q(done_at=None), name="export_open"),
        ]

    def __str__(self) -> str:
        return str(self.id)
