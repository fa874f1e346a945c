"""What a deployment does with the words of its conversations: how long they are kept, and whether at all."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from operators.models.deployments import Deployment


class Redaction(models.TextChoices):
    """Where personal data is replaced by placeholders."""

    OFF = "off", _("Nowhere")
    STORAGE = "storage", _("In what is kept")
    UPSTREAM = "upstream", _("In what the model is sent and in what is kept")


class DataSettings(models.Model):
    """One row a deployment, made when it is first needed. A trigger tells every process of changes."""

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, primary_key=True, related_name="data")
    wrapped_secret = models.BinaryField(editable=False)
    """Under the master key: what digests of this deployment's words are keyed with (operators/data_rules.py)."""
    store_content = models.BooleanField(_("Keep what is said"), db_default=True, default=True)
    retention_days = models.PositiveIntegerField(
        _("Days that it is kept"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    """None: for as long as nobody erases it."""
    redaction = models.CharField(
        _("Replace personal data"), max_length=8, choices=Redaction, db_default=Redaction.OFF, default=Redaction.OFF
    )
    region_note = models.CharField(_("Where the data are"), max_length=500, blank=True, db_default="", default="")
    """In the operator's own words, for the people who read the page; nothing is done with it."""

    class Meta:
        verbose_name_plural = "data settings"

    def __str__(self) -> str:
        return f"data settings of {self.deployment_id}"
