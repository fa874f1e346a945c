"""Deployments: list, overview, publishing, versions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charter import ConfigurationError
from operators.access import account_of, deployments_of, may_change, operators_changed_by, own_deployment
from operators.differences import between_settings
from operators.forms import PublishForm
from operators.models import Deployment
from operators.publishing import StaleDraftError, has_edits, publish, roll_back
from operators.renaming import rename
from operators.snippets import snippets
from operators.views.publishing import check_looked_at, publish_initial


@login_required
def deployments(request: HttpRequest) -> HttpResponse:
    account = account_of(request)
    context = {
        "deployments": deployments_of(account).order_by("operator__name", "name"),
        "may_make": operators_changed_by(account).exists(),
    }
    return render(request, "operators/deployments.html", context)


@login_required
def deployment(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id)
    context = _context(request, shown, "overview") | {
        "keys": shown.keys.usable(),
        "unpublished": shown.live is None or has_edits(shown),
        "differences": between_settings(shown.live.settings if shown.live else {}, shown.draft),
        "snippets": snippets(request.build_absolute_uri("/").rstrip("/")),
    }
    return render(request, "operators/deployment.html", context)


@login_required
@require_POST
def rename_deployment(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    try:
        if rename(shown, request.POST.get("name", ""), by=account_of(request)):
            messages.success(request, _("It is called %(name)s now.") % {"name": shown.name})
    except ValueError as error:
        messages.error(request, str(error))
    return redirect("deployment", shown.pk)


@login_required
@require_POST
def publish_draft(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    form = PublishForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The note is too long: 500 characters at most."))
        return redirect("deployment", shown.pk)
    try:
        check_looked_at(shown, form.cleaned_data["draft"])
        made = publish(
            shown,
            shown.draft,
            by=account_of(request),
            note=form.cleaned_data["note"],
            over=form.cleaned_data["over"],
        )
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    except StaleDraftError as error:
        messages.error(request, _("Not published: %(why)s. Look at it, then publish again.") % {"why": error})
    else:
        messages.success(request, _("Version %(number)s is live.") % {"number": made.number})
    return redirect("deployment", shown.pk)


@login_required
@require_POST
def roll_back_to(request: HttpRequest, deployment_id: UUID, number: int) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    old = get_object_or_404(shown.configurations, number=number)
    over = request.POST.get("over", "")
    try:
        made = roll_back(shown, old, by=account_of(request), over=int(over) if over.isdecimal() else None)
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    except StaleDraftError as error:
        messages.error(request, _("Not rolled back: %(why)s. Look at it, then decide again.") % {"why": error})
    else:
        messages.success(
            request, _("Version %(new)s is live, with the settings of %(old)s.") % {"new": made.number, "old": number}
        )
    return redirect("deployment-versions", shown.pk)


def _context(request: HttpRequest, shown: Deployment, section: str) -> dict[str, Any]:
    return {
        "deployment": shown,
        "section": section,
        "may_change": may_change(account_of(request), shown),
        "publish_form": PublishForm(initial=publish_initial(shown)),
    }
