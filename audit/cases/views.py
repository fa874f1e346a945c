"""The reviewers' room: open cases, one case, a verdict."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.cases.models import Case
from audit.cases.verdicts import AlreadyDecidedError, decide_case
from conversations.pages.transcript import read
from operators.access import account_of, reviewers_only

SHOWN = 100


class VerdictForm(forms.Form):
    verdict = forms.ChoiceField(label=gettext_lazy("Verdict"), choices=Case.Verdict, widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3}), max_length=5000, required=False
    )


@reviewers_only
def cases(request: HttpRequest) -> HttpResponse:
    """Open cases, the gravest and oldest first; the recently closed below."""
    found = Case.objects.select_related("conversation__deployment__operator", "decided_by")
    context = {
        "open": found.filter(status=Case.Status.OPEN)[:SHOWN],
        "closed": found.filter(status=Case.Status.CLOSED).order_by("-decided_at")[:20],
    }
    return render(request, "cases/list.html", context)


@reviewers_only
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    shown = get_object_or_404(
        Case.objects.select_related("conversation__deployment__operator", "decided_by"), pk=case_id
    )
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decide_case(shown, form.cleaned_data["verdict"], form.cleaned_data["note"], account_of(request))
        except AlreadyDecidedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The verdict is recorded."))
            return redirect("cases")
    turns = shown.conversation.turns.prefetch_related("findings").order_by("number", "started_at")
    context = {"case": shown, "form": form, "turns": read(turns), "deployment": shown.conversation.deployment}
    return render(request, "cases/one.html", context)
