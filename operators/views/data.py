"""What a deployment does with the words of its conversations, and what retention removed."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from operators.access import account_of, may_change, own_deployment
from operators.data_forms import DataForm
from operators.data_settings import change_data_settings, data_settings

RUNS = 30


@login_required
def data(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    form = DataForm(request.POST or None, instance=data_settings(deployment))
    if request.method == "POST" and form.is_valid():
        change_data_settings(deployment, form.cleaned_data, by=account_of(request))
        messages.success(request, _("Saved. It takes hold within a second."))
        return redirect("deployment-data", deployment.pk)
    context = {
        "deployment": deployment,
        "section": "data",
        "may_change": may_change(account_of(request), deployment),
        "form": form,
        "runs": deployment.retention_runs.all()[:RUNS],
    }
    return render(request, "operators/data.html", context)
