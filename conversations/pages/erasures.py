"""Erasing what is kept of one user: asked for with the id typed twice, then done by a worker while one may watch."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.log.writer import Ref
from conversations.forgetting import conversations_of, forget
from conversations.models import Erasure
from operators.access import account_of, own_deployment, signed_in
from operators.models import Deployment

MOST_COUNTED = 10_000
"""What is left is counted so far and no further."""
LATEST = 10


class EraseForm(forms.Form):
    user = forms.CharField(
        label=_("The user’s id"),
        help_text=_("As your app sends it in metadata.user_id."),
        max_length=256,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    everywhere = forms.ChoiceField(
        label=_("Where"),
        choices=[("", _("in this deployment")), ("1", _("in all deployments of this operator"))],
        required=False,
    )
    again = forms.CharField(
        label=_("Type the id once more"),
        help_text=_("What is erased cannot be brought back, by anybody."),
        max_length=256,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if "user" in said and "again" in said and said["user"] != said["again"]:
            self.add_error("again", _("This is not the same id."))
        return said


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def erase_user(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    form = EraseForm(request.POST or None, initial={"user": request.GET.get("user", "")})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        everywhere = Deployment.objects.filter(operator=deployment.operator).values_list("pk", flat=True)
        actor = Ref("account", str(account_of(request).pk))
        orders = forget(list(everywhere) if said["everywhere"] else [deployment.pk], said["user"], actor)
        if running := next((order for order in orders if order.done_at is None), None):
            return redirect("user-erasure", deployment.pk, running.pk)
        form.add_error("user", _("Nothing is kept of this user there."))
    context = {
        "deployment": deployment,
        "section": "conversations",
        "may_change": True,
        "form": form,
        "latest": _of_operator(deployment)[:LATEST],
    }
    return render(request, "conversations/erase.html", context)


@signed_in
@require_safe
def erasure(request: HttpRequest, deployment_id: UUID, erasure_id: UUID) -> HttpResponse:
    """How far it has come; while it goes on the page asks itself anew."""
    deployment = own_deployment(request, deployment_id, change=True)
    known = _of_operator(deployment)
    order = get_object_or_404(known, pk=erasure_id)
    orders = list(known.filter(together=order.together))
    running = [one for one in orders if one.done_at is None]
    left = sum(conversations_of(one.deployment_id, one.user_ref)[: MOST_COUNTED + 1].count() for one in running)
    done = sum(one.conversations for one in orders)
    context = {
        "deployment": deployment,
        "section": "conversations",
        "may_change": True,
        "erasure": order,
        "orders": orders,
        "running": running,
        "stopped": next((one for one in running if one.dead_at), None),
        "done": done,
        "wishes": sum(one.wishes for one in orders),
        "left": left,
        "at_least": left > MOST_COUNTED,
        "all": left + done,
    }
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(request, f"conversations/{'erasure_state' if part else 'erasure'}.html", context)


def _of_operator(deployment: Deployment) -> QuerySet[Erasure]:
    return Erasure.objects.filter(deployment__operator=deployment.operator_id).select_related("deployment")
