"""Ending one of one's own sessions; allauth's page lists them and ends all others."""

from collections.abc import Iterable

from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.log.names import Name
from audit.log.writer import write
from operators.access import account_of


class SessionsAdapter(DefaultUserSessionsAdapter):
    """However sessions are ended, each is an entry."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        ended = list(sessions)
        with transaction.atomic():
            for session in ended:
                who = ("account", session.user_id)
                write(Name.ACCOUNT_SESSION_ENDED, actor=who, subject=who)
            super().end_sessions(ended)


@login_required
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Takes hold at once: whoever uses that session is a stranger from their next click on."""
    account = account_of(request)
    session = get_object_or_404(UserSession, user=account, pk=session_id)
    end_sessions(request, [session])
    messages.success(request, _("That session is ended."))
    return redirect("usersessions_list")
