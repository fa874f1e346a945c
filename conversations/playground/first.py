"""The first-run path's parts that need turns: trying the draft beside its form, and seeing the first call arrive."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from conversations.models import Turn
from conversations.pages.transcript import read
from conversations.playground.views import first_try_context, page
from operators.access import own_deployment, signed_in
from operators.drafting import Edit
from operators.scope_forms import ScopeForm


@login_required
@require_safe
def first_try(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    edit = Edit(request, deployment)
    more = first_try_context(ScopeForm(edit.base), edit, request.GET.get("from", ""))
    return page(request, deployment, "operators/first_try.html", more)


@signed_in
@require_safe
@never_cache
def first_call(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """The first turn that an app asked for, once there is one; a part of a page, which asks for itself until then."""
    deployment = own_deployment(request, deployment_id)
    asked = Turn.objects.filter(deployment=deployment, trial=None).select_related("trial").order_by("started_at")
    turn = asked.first()
    context = {"deployment": deployment, "came": read([turn])[0] if turn else None}
    template = "partials/first_call.html" if request.htmx else "operators/first_call.html"  # type: ignore[attr-defined]
    return render(request, template, context)
