"""Where allauth asks us: how mail is sent, and how the secrets of second factors are kept."""

import logging
from base64 import b64decode, b64encode
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from config.sealing import seal, unseal

SEAL_CONTEXT = "second factor"

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away loses a mail, which can be asked for anew, and never what was typed."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            log.exception("mail was not sent: %s", template_prefix)
            warn_of_mail_not_sent()

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address is one account's, be it confirmed there or not yet: the other one keeps it."""
        others = get_user_model().objects.exclude(pk=email_address.user_id)
        if others.filter(email__iexact=email_address.email).exists():
            messages.error(request, _("This address belongs to another account already."))
            return False
        return super().confirm_email(request, email_address)


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return b64encode(seal(text, SEAL_CONTEXT)).decode()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - allauth names it so
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number}

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(b64decode(encrypted_text), SEAL_CONTEXT)


def warn_of_mail_not_sent() -> None:
    """Says so on the next page of the request at hand."""
    if context.request is not None:
        messages.error(
            context.request, _("Our mail server is not reachable: no mail was sent. Please try again later.")
        )
