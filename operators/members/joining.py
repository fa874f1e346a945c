"""The page an invitation's link opens: join as who you are, sign in, or sign up."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from operators.access import account_of
from operators.members.invitations import InvitationError, accept, by_token, forget, keep
from operators.models import Account


@never_cache
def invitation(request: HttpRequest, given: str) -> HttpResponse:
    try:
        found = by_token(given)
        if request.method == "POST" and request.user.is_authenticated:
            accept(found, account_of(request))
            forget(request)
            messages.success(request, _("You are a member of %(name)s now.") % {"name": found.operator})
            return redirect("deployments")
    except InvitationError as error:
        return render(request, "members/invitation_gone.html", {"why": str(error)}, status=410)
    if not request.user.is_authenticated:
        # Whoever opens the link reads the mail of that address: signing up need not prove it again.
        keep(request, given)
        get_adapter().stash_verified_email(request, found.email)
    context = {
        "invitation": found,
        "known": Account.objects.filter(email__iexact=found.email).exists(),
        "theirs": request.user.is_authenticated and account_of(request).email.lower() == found.email.lower(),
    }
    return render(request, "members/invitation.html", context)
