"""Keys: create and rotate (the new one is shown once), list, revoke."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config.zones import zone_of
from operators.access import account_of, may_change, own_deployment
from operators.forms import KeyForm, RotateForm
from operators.keys import KeyStateError, create_key, revoke_key, rotate_key
from operators.models import Deployment, Key


@login_required
@never_cache
def keys(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """A new key is shown in the answer to its creation and nowhere else; reloading that page asks the browser first."""
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    form = KeyForm(request.POST or None, zone=zone_of(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        made = create_key(
            deployment,
            said["name"],
            by=account_of(request),
            scopes=said["scopes"],
            expires_at=said["expires_at"],
        )
        return _page(request, deployment, KeyForm(zone=zone_of(request)), made=made)
    return _page(request, deployment, form)


@login_required
@never_cache
@require_POST
def rotate(request: HttpRequest, deployment_id: UUID, key_id: UUID) -> HttpResponse:
    """The new key is shown in the answer, as a created one is."""
    deployment = own_deployment(request, deployment_id, change=True)
    key = get_object_or_404(deployment.keys, pk=key_id)
    form = RotateForm(request.POST, auto_id=f"{key.pk}-%s")
    if form.is_valid():
        overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
        try:
            made = rotate_key(key, by=account_of(request), overlap=overlap)
        except KeyStateError:
            form.add_error(None, _("This key was rotated or ended meanwhile."))
        else:
            return _page(request, deployment, KeyForm(zone=zone_of(request)), made=made)
    return _page(request, deployment, KeyForm(zone=zone_of(request)), rotating={key.pk: form})


@login_required
@require_POST
def revoke(request: HttpRequest, deployment_id: UUID, key_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    key = get_object_or_404(deployment.keys, pk=key_id)
    revoke_key(key, by=account_of(request))
    messages.success(request, _("The key “%(name)s” no longer opens anything.") % {"name": key.name})
    return redirect("deployment-keys", deployment.pk)


def _page(
    request: HttpRequest,
    deployment: Deployment,
    form: KeyForm,
    *,
    made: tuple[Key, str] | None = None,
    rotating: dict[UUID, RotateForm] | None = None,
) -> HttpResponse:
    """rotating: a rotation that was not done, by its key."""
    listed = deployment.keys.select_related("created_by", "created_with", "replaced_by")
    context: dict[str, Any] = {
        "deployment": deployment,
        "section": "keys",
        "may_change": may_change(account_of(request), deployment),
        "keys": [(key, (rotating or {}).get(key.pk) or RotateForm(auto_id=f"{key.pk}-%s")) for key in listed],
        "form": form,
        "created": made[1] if made else "",
        "created_key": made[0] if made else None,
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "operators/keys.html", context)
