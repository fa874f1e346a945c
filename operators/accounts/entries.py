"""Entries of the audit log for what allauth does: its signals, each with who and how. Never addresses or secrets."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from audit.log.names import Name
from audit.log.writer import write
from operators.models import Account


@receiver(account_signals.user_logged_in)
def signed_in(request: HttpRequest, user: Account, **_rest: Any) -> None:
    staff = user.is_steward or user.is_reviewer
    records = get_authentication_records(request, user)
    detail: dict[str, Any] = {"by": sorted({record.get("type") or record["method"] for record in records})}
    if staff:
        detail["roles"] = [role for role in ("reviewer", "steward") if getattr(user, f"is_{role}")]
    _write(Name.STAFF_SIGNED_IN if staff else Name.ACCOUNT_SIGNED_IN, user, detail)


@receiver(user_login_failed)
def sign_in_failed(credentials: dict[str, Any], **_rest: Any) -> None:
    """Of an account that there is, or of nobody; whose address it was is not told. Attempts are limited in number."""
    told = str(credentials.get("email") or credentials.get("username") or "")
    account = Account.objects.filter(email__iexact=told).first() if told and "\0" not in told else None
    whose = ("account", account.pk if account else "unknown")
    staff = account is not None and (account.is_steward or account.is_reviewer)
    write(Name.ACCOUNT_SIGN_IN_FAILED, actor=("stranger", "sign-in"), subject=whose, detail={"staff": staff})


@receiver(account_signals.email_confirmed)
def email_verified(email_address: Any, **_rest: Any) -> None:
    _write(Name.ACCOUNT_EMAIL_VERIFIED, email_address.user)


@receiver(account_signals.email_changed)
def email_changed(user: Account, **_rest: Any) -> None:
    _write(Name.ACCOUNT_EMAIL_CHANGED, user)


@receiver([account_signals.password_changed, account_signals.password_set, account_signals.password_reset])
def password_changed(user: Account, signal: Any, **_rest: Any) -> None:
    _write(Name.ACCOUNT_PASSWORD_CHANGED, user, {"reset_by_mail": signal is account_signals.password_reset})


@receiver([mfa_signals.authenticator_added, mfa_signals.authenticator_reset])
def second_factor_set(user: Account, authenticator: Authenticator, **_rest: Any) -> None:
    _write(Name.ACCOUNT_SECOND_FACTOR_SET, user, {"type": str(authenticator.type)})


@receiver(mfa_signals.authenticator_removed)
def second_factor_removed(user: Account, authenticator: Authenticator, **_rest: Any) -> None:
    _write(Name.ACCOUNT_SECOND_FACTOR_RESET, user, {"type": str(authenticator.type)})


@receiver(mfa_signals.authentication_failed)
def second_factor_failed(user: Account, authenticator: Authenticator, **_rest: Any) -> None:
    """After a right password, or from within: either is worth a look."""
    detail = {"staff": user.is_steward or user.is_reviewer, "factor": str(authenticator.type)}
    write(Name.ACCOUNT_SIGN_IN_FAILED, actor=("stranger", "sign-in"), subject=("account", user.pk), detail=detail)


def _write(name: Name, account: Account, detail: dict[str, Any] | None = None) -> None:
    write(name, actor=("account", account.pk), subject=("account", account.pk), detail=detail)
