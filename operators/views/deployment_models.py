"""The models a deployment may use, and its own names for them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from charter import ConfigurationError
from operators.access import account_of, may_change, own_deployment
from operators.catalogue import catalogue_now
from operators.deployment_models import Models, parse_models, set_models
from operators.forms import ModelsForm


@login_required
def models(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    reach = catalogue_now().offers(deployment.operator_id, [], {})
    current = Models.of(deployment)
    form = ModelsForm(request.POST or None, reach=reach, current=current)
    if request.method == "POST" and form.is_valid():
        try:
            chosen = parse_models(form.to_json(), reach, current)
        except ConfigurationError as error:
            form.add_problems(error.problems)
        else:
            set_models(deployment, chosen, by=account_of(request))
            messages.success(request, _("Saved. It takes hold within a second."))
            return redirect("deployment-models", deployment.pk)
    context: dict[str, Any] = {
        "deployment": deployment,
        "section": "models",
        "may_change": may_change(account_of(request), deployment),
        "form": form,
    }
    return render(request, "operators/models.html", context)
