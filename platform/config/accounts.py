"""Settings of accounts, sessions, mail and the cache that rate limits live in: docs/operations/accounts.md tells them.

`config.settings` takes over every name in capitals.
"""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
DEBUG = os.environ.get("PLUMBLINE_DEBUG", "") == "1"
_HAS_MASTER_KEY = any(os.environ.get(f"PLUMBLINE_MASTER_KEY{way}", "").strip(" ,") for way in ("", "_FILE", "_COMMAND"))


def _cache_url() -> str:
    """In the form that the redis package knows; empty where the broker is none that can hold a cache."""
    url = os.environ.get("PLUMBLINE_CACHE_URL", "") or os.environ.get("BROKER_URL", "")
    if url.startswith("redis+socket://"):
        url = "unix://" + url.removeprefix("redis+socket://").replace("virtual_host=", "db=")
    return url if url.startswith(("redis://", "rediss://", "unix://")) else ""


def _count(name: str, default: int) -> int:
    try:
        return int(os.environ.get(name, "") or default)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number") from None


_SHARED: dict[str, Any] = {
    "BACKEND": "config.cache.SharedCache",
    "LOCATION": _cache_url(),
    "KEY_PREFIX": "plumbline",
    "OPTIONS": {"serializer": "config.cache.JsonSerializer", "socket_connect_timeout": 0.5, "socket_timeout": 1},
}
CACHES = {"default": _SHARED if _cache_url() else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Mail. Without a server, development keeps it in files, which /mail/ shows.
EMAIL_HOST = os.environ.get("PLUMBLINE_EMAIL_HOST", "") or "localhost"
_SECURITY = os.environ.get("PLUMBLINE_EMAIL_SECURITY", "") or "starttls"
if _SECURITY not in {"starttls", "tls", "none"}:
    raise ImproperlyConfigured("PLUMBLINE_EMAIL_SECURITY must be starttls, tls or none")
EMAIL_PORT = _count("PLUMBLINE_EMAIL_PORT", {"starttls": 587, "tls": 465, "none": 25}[_SECURITY])
EMAIL_USE_TLS, EMAIL_USE_SSL = _SECURITY == "starttls", _SECURITY == "tls"
EMAIL_HOST_USER = os.environ.get("PLUMBLINE_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("PLUMBLINE_EMAIL_PASSWORD", "")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("PLUMBLINE_EMAIL_FROM", "") or "Plumbline <plumbline@localhost>"
MAIL_IS_LOCAL = DEBUG and not os.environ.get("PLUMBLINE_EMAIL_HOST")
"""Whether mail stays here and everybody who reaches the address may read it: development only."""
EMAIL_FILE_PATH = os.environ.get("PLUMBLINE_MAIL_DIR", "") or str(ROOT / ".local" / "mail")
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if MAIL_IS_LOCAL else 'smtp'}.EmailBackend"

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "operators.accounts.adapter.AccountAdapter"
USERSESSIONS_ADAPTER = "operators.accounts.sessions.SessionsAdapter"
ACCOUNT_FORMS = {
    "login": "operators.accounts.forms.SignInForm",
    "signup": "operators.accounts.forms.SignUpForm",
    "reset_password": "operators.accounts.forms.ResetForm",
    "reset_password_from_key": "operators.accounts.forms.NewPasswordForm",
    "change_password": "operators.accounts.forms.ChangePasswordForm",
    "add_email": "operators.accounts.forms.NewAddressForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
"""In the browser that signed up only: a link alone never signs anyone in."""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {
    "signup": "20/m/ip",
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/60s/key",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
}
# Whose address a limit counts: behind proxies it is the one that the outermost of ours wrote down.
ALLAUTH_TRUSTED_PROXY_COUNT = _count("PLUMBLINE_PROXIES", 1 if os.environ.get("PLUMBLINE_BEHIND_PROXY") else 0)

MFA_ADAPTER = "operators.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "operators.accounts.forms.PasskeyForm"}
# An authenticator app's secret must be kept to check its codes; it is kept sealed, or not at all.
MFA_SUPPORTED_TYPES = ["webauthn", *(["totp", "recovery_codes"] if _HAS_MASTER_KEY else [])]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Plumbline"
USERSESSIONS_TRACK_ACTIVITY = False
SECOND_FACTOR_SECONDS = _count("PLUMBLINE_SECOND_FACTOR_SECONDS", 300)
"""How long a second factor counts as fresh, for what stewards do."""
