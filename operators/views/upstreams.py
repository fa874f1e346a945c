"""An operator's own upstreams: keys that go in and never come out, addresses, order, and the models they serve."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from operators.access import account_of, operators_changed_by, own_upstream
from operators.catalogue_forms import NAME_TAKEN, OwnUpstreamForm
from operators.models import Upstream
from operators.own_upstreams import remove, save


@login_required
def upstreams(request: HttpRequest) -> HttpResponse:
    operators = operators_changed_by(account_of(request)).order_by("name")
    if not operators:
        raise PermissionDenied("owners and developers keep upstreams")
    shown = operators.prefetch_related("upstreams__routes__model")
    return render(request, "operators/upstreams.html", {"operators": shown})


@login_required
@never_cache
def new(request: HttpRequest, operator_id: UUID) -> HttpResponse:
    operator = get_object_or_404(account_of(request).operators.all(), pk=operator_id)
    if operator not in operators_changed_by(account_of(request)):
        raise PermissionDenied("owners and developers keep upstreams")
    return _form(request, Upstream(operator=operator))


@login_required
@never_cache
def upstream(request: HttpRequest, upstream_id: UUID) -> HttpResponse:
    return _form(request, own_upstream(request, upstream_id))


@login_required
@require_POST
def remove_upstream(request: HttpRequest, upstream_id: UUID) -> HttpResponse:
    shown = own_upstream(request, upstream_id)
    remove(shown, by=account_of(request))
    messages.success(request, _("%(name)s is removed, and its key with it.") % {"name": shown.name})
    return redirect("upstreams")


def _form(request: HttpRequest, shown: Upstream) -> HttpResponse:
    adding = shown._state.adding
    title = _("New upstream") if adding else shown.name
    form = OwnUpstreamForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        messages.success(request, _("Saved. It takes hold within a second."))
        return redirect("upstreams")
    context: dict[str, Any] = {"upstream": shown, "form": form, "title": title, "adding": adding}
    return render(request, "operators/upstream.html", context)


def _saved(request: HttpRequest, form: OwnUpstreamForm) -> bool:
    try:
        save(form.instance, form.served, changed=form.changed_data, by=account_of(request))
    except IntegrityError:  # somebody took the name a moment ago
        form.add_error("name", NAME_TAKEN)
        return False
    return True
