"""Keys: create (shown once), list, revoke."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from operators.access import account_of, may_change, own_deployment
from operators.forms import KeyForm
from operators.keys import create_key, revoke_key


@login_required
@never_cache
def keys(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """A new key is shown in the answer to its creation and nowhere else; reloading that page asks the browser first."""
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    form = KeyForm(request.POST or None)
    created = ""
    if request.method == "POST" and form.is_valid():
        _key, created = create_key(deployment, form.cleaned_data["name"], by=account_of(request))
        form = KeyForm()
    context = {
        "deployment": deployment,
        "section": "keys",
        "may_change": may_change(account_of(request), deployment),
        "keys": deployment.keys.all(),
        "form": form,
        "created": created,
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "operators/keys.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, deployment_id: UUID, key_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    key = get_object_or_404(deployment.keys, pk=key_id)
    revoke_key(key, by=account_of(request))
    messages.success(request, _("The key “%(name)s” no longer opens anything.") % {"name": key.name})
    return redirect("deployment-keys", deployment.pk)
