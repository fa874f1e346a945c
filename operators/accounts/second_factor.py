"""A fresh second factor, for what only a present person may do: asked for again however long they are signed in.

What was typed into a form is kept while the factor is asked for, and stands there again afterwards.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]

FACTORS = (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)
"""Recovery codes are for getting in again, and no sign that someone holds the factor."""
PAGES = {Authenticator.Type.WEBAUTHN: "mfa_reauthenticate_webauthn", Authenticator.Type.TOTP: "mfa_reauthenticate"}
TYPED = "typed_before_second_factor"


def fresh_second_factor(view: View) -> View:
    """For views behind a sign-in. Whoever has no second factor is sent to set one up."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        own = [factor for factor in FACTORS if is_mfa_enabled(request.user, types=[factor])]
        if not own:
            messages.warning(request, _("What you are about to do needs a second factor. Set one up here first."))
            return redirect("mfa_index")
        if not is_fresh(request):
            if request.method == "POST":
                fields = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
                request.session[TYPED] = {"path": request.path, "fields": fields}
            asked = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse(PAGES[own[0]])}?{asked}")
        return view(request, *args, **kwargs)

    return checked


def is_fresh(request: HttpRequest) -> bool:
    """Whether the session's person showed an app's code or a passkey within settings.SECOND_FACTOR_SECONDS."""
    since = time.time() - settings.SECOND_FACTOR_SECONDS
    return any(
        record.get("method") == "mfa" and record.get("type") in FACTORS and record["at"] > since
        for record in get_authentication_records(request, request.user)  # type: ignore[arg-type]
    )


def typed_before(request: HttpRequest) -> dict[str, list[str]]:
    """What was typed into this page's form before the second factor was asked for; given once."""
    kept = request.session.get(TYPED)
    if not kept or kept["path"] != request.path:
        return {}
    del request.session[TYPED]
    return dict(kept["fields"])
