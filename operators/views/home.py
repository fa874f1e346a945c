"""Where a person starts, by who they are."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from operators.access import account_of


@login_required
def home(request: HttpRequest) -> HttpResponse:
    account = account_of(request)
    if account.is_steward:
        return redirect("oversight")
    if account.is_reviewer:
        return redirect("cases")
    return redirect("deployments")
