"""Whether cases get their verdicts in time; where they do not, stewards are told once and the log says it."""

import logging

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mass_mail
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.cases.models import Case
from operators.models import Account

log = logging.getLogger(__name__)

QUIET_SECONDS = 3600
"""At most one mail in this time."""


def late() -> int:
    return Case.objects.exclude(status=Case.Status.CLOSED).filter(due_at__lt=timezone.now()).count()


def watch() -> int:
    """How many are late now."""
    count = late()
    if count:
        log.warning("%d cases are past their service level", count)
        if cache.add("cases-late", count, QUIET_SECONDS):
            _tell(count)
    return count


def _tell(count: int) -> None:
    text = _("%(n)d cases wait longer than they should. The room: /cases/") % {"n": count}
    stewards = Account.objects.filter(is_steward=True, is_active=True).values_list("email", flat=True)
    mails = [(_("Cases are late"), text, settings.DEFAULT_FROM_EMAIL, [address]) for address in stewards]
    send_mass_mail(mails, fail_silently=True)
