"""The first-run path's own pages: a name and a starting point, and, after trying, the way to the first call."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from charter import ConfigurationError
from operators.access import account_of, may_change, operators_changed_by, own_deployment
from operators.first_run import FIRST_KEY, Live, start
from operators.first_run import go_live as publish_and_key
from operators.models import Deployment, Operator
from operators.publishing import StaleDraftError, live_number
from operators.snippets import snippets
from operators.starting_points import STARTING_POINTS
from operators.texts import is_one_line
from operators.views.publishing import check_looked_at, publish_initial


class NewForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What is it called?"),
        help_text=gettext_lazy("The name that you and your colleagues find it by."),
        max_length=120,
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    purpose = forms.CharField(
        label=gettext_lazy("What is it for, in a sentence?"),
        help_text=gettext_lazy(
            "As you would tell a new colleague. Left empty, the starting point has a sentence of its own."
        ),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        required=False,
    )
    start = forms.ChoiceField(
        label=gettext_lazy("Where does it start from?"),
        choices=[(one.id, one.name) for one in STARTING_POINTS.values()],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one; “Blank” is one too.")},
    )
    operator = forms.ModelChoiceField(
        queryset=Operator.objects.none(), label=gettext_lazy("Whose is it?"), empty_label=None
    )

    def __init__(self, *args: Any, operators: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["operator"].queryset = operators  # type: ignore[attr-defined]
        only = operators[:2]
        self.only = only[0] if len(only) == 1 else None
        if self.only:
            del self.fields["operator"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_one_line(name):
            raise forms.ValidationError(_("One line of plain characters."))
        return name


@login_required
def new(request: HttpRequest) -> HttpResponse:
    account = account_of(request)
    operators = operators_changed_by(account).order_by("name")
    form = NewForm(request.POST if request.method == "POST" else None, operators=operators)
    if not operators:
        return render(request, "operators/new_needs_role.html", status=403)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        operator, point = form.only or said["operator"], STARTING_POINTS[said["start"]]
        try:
            made = start(operator, said["name"], said["purpose"], point, by=account)
        except IntegrityError:
            form.add_error("name", _("There is a deployment of that name already."))
        except ConfigurationError as error:
            form.add_error("purpose", " ".join(problem.message for problem in error.problems))
        else:
            return redirect(f"{redirect('first-try', made.pk)['Location']}?from={point.id}")
    context = {"form": form, "points": STARTING_POINTS.values(), "step": "name"}
    return render(request, "operators/new.html", context)


@login_required
@never_cache
def go_live(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """The new key is shown in the answer to its creation and nowhere else."""
    deployment = own_deployment(request, deployment_id, change=request.method == "POST")
    live = _published(request, deployment) if request.method == "POST" else None
    key = live.key if live else ""
    context = {
        "deployment": deployment,
        "may_change": may_change(account_of(request), deployment),
        "step": "key",
        "looked_at": publish_initial(deployment),
        "key": key,
        "has_key": deployment.keys.usable().exists(),
        "first_key": FIRST_KEY,
        "snippets": snippets(request.build_absolute_uri("/").rstrip("/"), *([key] if key else [])),
    }
    return render(request, "operators/go_live.html", context)


def _published(request: HttpRequest, deployment: Deployment) -> Live | None:
    """None where it could not be; the page says why."""
    over, note = request.POST.get("over", ""), request.POST.get("note", "").strip()[:500]
    try:
        check_looked_at(deployment, request.POST.get("draft", ""))
        number = int(over) if over.isdecimal() and len(over) < 10 else live_number(deployment)
        return publish_and_key(deployment, by=account_of(request), note=note or _("First version"), over=number)
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    except StaleDraftError as error:
        deployment.refresh_from_db()
        messages.error(request, _("Not published: %(why)s. Look at it, then publish again.") % {"why": error})
    return None
