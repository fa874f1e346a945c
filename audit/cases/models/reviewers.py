"""How a reviewer works: which queues, and with how much care for themselves."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.cases.models.cases import Case


def all_queues() -> list[str]:
    return list(Case.Queue.values)


class Reviewer(models.Model):
    """One row an account, made when it first works here."""

    account = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviewer")
    queues = models.JSONField(default=all_queues)
    """Which queues a steward lets them work in."""
    hide_grave = models.BooleanField(
        _("Hide grave texts until I reveal them"),
        default=True,
        help_text=_("Turn by turn; the summary comes first."),
    )
    grey_images = models.BooleanField(_("Show images in grey"), default=True)
    grave_a_day = models.PositiveSmallIntegerField(
        _("Grave cases a day"), default=20, help_text=_("After that many, lighter cases come first.")
    )
    break_after_minutes = models.PositiveSmallIntegerField(
        _("Suggest a break after"), default=50, help_text=_("Minutes of work without one.")
    )

    def __str__(self) -> str:
        return str(self.account)


class SavedFilter(models.Model):
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(_("Name"), max_length=60)
    query = models.CharField(max_length=500)
    """The list page's query string, made anew from its checked form."""

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="filter_name_once")]

    def __str__(self) -> str:
        return self.name
