"""Limits and budgets of a deployment and of its keys, and what was used of them this month."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from operators.access import account_of, may_change, own_deployment
from operators.allowances import OPERATOR
from operators.limit_forms import LimitsForm
from operators.limits import change_limits
from operators.models import Deployment, Key
from operators.usage import this_month


@login_required
def limits(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    form = LimitsForm(deployment, request.POST or None)
    if request.method == "POST" and form.is_valid():
        _save(request, deployment, form)
        return redirect("deployment-limits", deployment.pk)
    context = _context(request, deployment, form) | {
        "use": this_month(deployment),
        "keys": [this_month(key) for key in deployment.keys.filter(revoked_at=None)],
    }
    return render(request, "operators/limits.html", context)


@login_required
def key_limits(request: HttpRequest, deployment_id: UUID, key_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    key = get_object_or_404(deployment.keys, pk=key_id)
    form = LimitsForm(key, request.POST or None)
    if request.method == "POST" and form.is_valid():
        _save(request, key, form)
        return redirect("key-limits", deployment.pk, key.pk)
    context = _context(request, deployment, form) | {"key": key, "use": this_month(key)}
    return render(request, "operators/key_limits.html", context)


def _save(request: HttpRequest, subject: Deployment | Key, form: LimitsForm) -> None:
    change_limits(subject, form.cleaned_data, set_by=OPERATOR, by=account_of(request))
    messages.success(request, _("Saved. It takes hold within a second."))


def _context(request: HttpRequest, deployment: Deployment, form: LimitsForm) -> dict[str, object]:
    return {
        "deployment": deployment,
        "section": "limits",
        "may_change": may_change(account_of(request), deployment),
        "form": form,
    }
