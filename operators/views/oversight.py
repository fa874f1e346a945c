"""Stewards: pause the platform, an operator or a deployment, and lift it again.

The pages stand here and not in audit/oversight: that floor knows subjects by type and id only.
"""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from audit.log.receipts import lag
from audit.oversight.models import Pause
from audit.oversight.pauses import lift, place
from operators.access import account_of, stewards_only
from operators.models import Deployment, Operator


class PauseForm(forms.Form):
    subject = forms.ChoiceField(label=gettext_lazy("What"))
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, help_text=gettext_lazy("The callers who are turned away read this.")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["subject"].choices = _subjects()  # type: ignore[attr-defined]


def _subjects() -> list[tuple[str, object]]:
    deployments = Deployment.objects.select_related("operator").order_by("operator__name", "name")
    return [
        ("platform:", _("The whole platform")),
        (_("Operators"), [(f"operator:{one.pk}", one.name) for one in Operator.objects.order_by("name")]),
        (_("Deployments"), [(f"deployment:{one.pk}", f"{one.operator} · {one}") for one in deployments]),
    ]


@stewards_only
def oversight(request: HttpRequest) -> HttpResponse:
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind, _colon, subject = form.cleaned_data["subject"].partition(":")
        place(kind, subject, reason=form.cleaned_data["reason"], by=account_of(request))
        messages.success(request, _("Paused. It takes hold within a second."))
        return redirect("oversight")
    pauses = Pause.objects.select_related("placed_by", "lifted_by")
    names = {str(one.pk): str(one) for one in (*Operator.objects.all(), *Deployment.objects.all())}
    context = {
        "form": form,
        "in_force": [(pause, names.get(pause.subject_id, "")) for pause in pauses.filter(lifted_at=None)],
        "lifted": [(pause, names.get(pause.subject_id, "")) for pause in pauses.exclude(lifted_at=None)[:20]],
        "lag": lag(),
    }
    return render(request, "oversight/oversight.html", context)


@stewards_only
@require_POST
def lift_pause(request: HttpRequest, pause_id: UUID) -> HttpResponse:
    lift(get_object_or_404(Pause, pk=pause_id), by=account_of(request))
    messages.success(request, _("Lifted. It takes hold within a second."))
    return redirect("oversight")
