"""Deployments: list, overview, scope, behaviours, publishing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.log.names import Name
from audit.log.writer import write
from charter import ConfigurationError, load_charter
from operators import behaviour_matrix
from operators.access import CHANGE, account_of, deployments_of, may_change, own_deployment
from operators.differences import between_settings
from operators.drafting import Edit
from operators.forms import DeploymentForm, PublishForm, ScopeForm
from operators.models import Deployment, Operator
from operators.publishing import StaleDraftError, has_edits, publish, roll_back
from operators.views.publishing import check_looked_at, publish_initial


@login_required
def deployments(request: HttpRequest) -> HttpResponse:
    account = account_of(request)
    form = DeploymentForm(request.POST or None)
    operators = Operator.objects.filter(memberships__account=account, memberships__role__in=CHANGE)
    if request.method == "POST" and form.is_valid():
        operator = get_object_or_404(operators, pk=request.POST.get("operator"))
        try:
            with transaction.atomic():
                deployment = Deployment.objects.create(operator=operator, name=form.cleaned_data["name"])
                write(
                    Name.DEPLOYMENT_CREATED,
                    actor=("account", account.pk),
                    subject=("deployment", deployment.pk),
                    detail={"name": deployment.name},
                )
        except IntegrityError:
            form.add_error("name", _("There is a deployment of that name already."))
        else:
            return redirect("deployment-scope", deployment.pk)
    listed = deployments_of(account).order_by("operator__name", "name")
    context = {"deployments": listed, "operators": operators, "form": form}
    return render(request, "operators/deployments.html", context)


@login_required
def deployment(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id)
    context = _context(request, shown, "overview") | {
        "keys": shown.keys.usable(),
        "unpublished": shown.live is None or has_edits(shown),
        "differences": between_settings(shown.live.settings if shown.live else {}, shown.draft),
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "operators/deployment.html", context)


@login_required
def scope(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    edit = Edit(request, shown)
    form = ScopeForm(request.POST or None, initial=ScopeForm.from_settings(shown.draft))
    if request.method == "POST" and form.is_valid():
        try:
            if edit.save(form.to_settings(edit.base), by=account_of(request)):
                tell_saved(request, edit)
                return redirect("deployment-scope", shown.pk)
        except ConfigurationError as error:
            form.add_problems(error.problems)
        else:
            form = ScopeForm(initial=ScopeForm.from_settings(edit.settings))
    return render(request, "operators/scope.html", _context(request, shown, "scope") | {"form": form, "edit": edit})


@login_required
def behaviours(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    chosen = shown.draft.get("behaviours", {})
    problems: dict[str, str] = {}
    edit = Edit(request, shown)
    if request.method == "POST":
        chosen = behaviour_matrix.from_post(load_charter(), request.POST)
        try:
            if edit.save({**edit.base, "behaviours": chosen}, by=account_of(request)):
                tell_saved(request, edit)
                return redirect("deployment-behaviours", shown.pk)
            chosen = edit.settings.get("behaviours", {})
        except ConfigurationError as error:
            problems = behaviour_matrix.by_behaviour(error.problems)
    rows = behaviour_matrix.rows(load_charter(), chosen, problems)
    context = _context(request, shown, "behaviours") | {"groups": rows, "problems": problems, "edit": edit}
    return render(request, "operators/behaviours.html", context)


@login_required
@require_POST
def publish_draft(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    form = PublishForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The note is too long: 500 characters at most."))
        return redirect("deployment", shown.pk)
    try:
        check_looked_at(shown, form.cleaned_data["draft"])
        made = publish(
            shown,
            shown.draft,
            by=account_of(request),
            note=form.cleaned_data["note"],
            over=form.cleaned_data["over"],
        )
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    except StaleDraftError as error:
        messages.error(request, _("Not published: %(why)s. Look at it, then publish again.") % {"why": error})
    else:
        messages.success(request, _("Version %(number)s is live.") % {"number": made.number})
    return redirect("deployment", shown.pk)


@login_required
@require_POST
def roll_back_to(request: HttpRequest, deployment_id: UUID, number: int) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    old = get_object_or_404(shown.configurations, number=number)
    over = request.POST.get("over", "")
    try:
        made = roll_back(shown, old, by=account_of(request), over=int(over) if over.isdecimal() else None)
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    except StaleDraftError as error:
        messages.error(request, _("Not rolled back: %(why)s. Look at it, then decide again.") % {"why": error})
    else:
        messages.success(
            request, _("Version %(new)s is live, with the settings of %(old)s.") % {"new": made.number, "old": number}
        )
    return redirect("deployment-versions", shown.pk)


def tell_saved(request: HttpRequest, edit: Edit) -> None:
    messages.success(request, _("Saved in the draft."))
    if edit.taken_over:
        words = " ".join(one.words for one in edit.taken_over)
        messages.info(request, _("Others changed it meanwhile, and that is kept: %(words)s") % {"words": words})


def _context(request: HttpRequest, shown: Deployment, section: str) -> dict[str, Any]:
    return {
        "deployment": shown,
        "section": section,
        "may_change": may_change(account_of(request), shown),
        "publish_form": PublishForm(initial=publish_initial(shown)),
    }
