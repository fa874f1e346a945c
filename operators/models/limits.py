"""What an operator, a deployment or a key may use."""

from uuid import uuid4

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.limits import LARGEST
from operators.models.accounts import Operator
from operators.models.deployments import Deployment, Key


def _amount(label: object) -> "models.PositiveBigIntegerField[int | None, int | None]":
    return models.PositiveBigIntegerField(label, null=True, blank=True, validators=[MaxValueValidator(LARGEST)])


def _only(subject: str) -> Q:
    return Q(**{f"{name}__isnull": name != subject for name in ("operator", "deployment", "key")})


class Limits(models.Model):
    """Limits of one subject, as the platform allows them or as its operator holds it. The lower of the two counts.

    An empty field says nothing; 0 lets nothing through. Where the platform's row says nothing, its default counts
    (settings.LIMITS). A trigger tells every process of changes, so none asks the database for a turn.
    """

    class SetBy(models.TextChoices):
        PLATFORM = "platform", _("the platform")
        OPERATOR = "operator", _("the operator")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, null=True, blank=True, related_name="limits")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, null=True, blank=True, related_name="limits")
    key = models.ForeignKey(Key, on_delete=models.CASCADE, null=True, blank=True, related_name="limits")
    set_by = models.CharField(_("set by"), max_length=16, choices=SetBy, default=SetBy.PLATFORM)
    requests = _amount(_("requests a minute"))
    input_tokens = _amount(_("input tokens a minute"))
    output_tokens = _amount(_("output tokens a minute"))
    streams = _amount(_("streams at once"))
    month_tokens = _amount(_("tokens a month"))
    month_money = models.DecimalField(
        _("money a month"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("In the currency of the models' prices."),
    )
    alert_percent = models.PositiveSmallIntegerField(
        _("alert at, per cent"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Of a monthly budget; 80 where nothing is said."),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("limits")
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "deployment", "key", "set_by"], name="limits_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=_only("operator") | _only("deployment") | _only("key"), name="limits_of_one_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operator or self.deployment or self.key}"
