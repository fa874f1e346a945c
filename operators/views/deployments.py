"""Deployments: list, overview, scope, behaviours, publishing, versions."""

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
from operators.forms import DeploymentForm, PublishForm, ScopeForm
from operators.models import Deployment, Operator
from operators.publishing import StaleDraftError, has_edits, live_number, publish, roll_back, save_draft


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
    form = ScopeForm(request.POST or None, initial=ScopeForm.from_settings(shown.draft))
    if request.method == "POST" and form.is_valid() and _save(request, shown, form.to_settings(shown.draft), form):
        return redirect("deployment-scope", shown.pk)
    return render(request, "operators/scope.html", _context(request, shown, "scope") | {"form": form})


@login_required
def behaviours(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    chosen = shown.draft.get("behaviours", {})
    problems: dict[str, str] = {}
    if request.method == "POST":
        chosen = behaviour_matrix.from_post(load_charter(), request.POST)
        draft = {**shown.draft, "behaviours": chosen}
        try:
            save_draft(shown, draft, by=account_of(request))
        except ConfigurationError as error:
            problems = behaviour_matrix.by_behaviour(error.problems)
        else:
            messages.success(request, _("Saved in the draft."))
            return redirect("deployment-behaviours", shown.pk)
    rows = behaviour_matrix.rows(load_charter(), chosen, problems)
    context = _context(request, shown, "behaviours") | {"groups": rows, "problems": problems}
    return render(request, "operators/behaviours.html", context)


@login_required
def versions(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id)
    listed = shown.configurations.select_related("published_by", "published_with")
    return render(request, "operators/versions.html", _context(request, shown, "versions") | {"versions": listed})


@login_required
@require_POST
def publish_draft(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=True)
    form = PublishForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The note is too long: 500 characters at most."))
        return redirect("deployment", shown.pk)
    try:
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
    try:
        made = roll_back(shown, old, by=account_of(request))
    except ConfigurationError as error:
        messages.error(request, " ".join(str(problem) for problem in error.problems))
    else:
        messages.success(
            request, _("Version %(new)s is live, with the settings of %(old)s.") % {"new": made.number, "old": number}
        )
    return redirect("deployment-versions", shown.pk)


def _save(request: HttpRequest, shown: Deployment, settings: dict[str, Any], form: ScopeForm) -> bool:
    try:
        save_draft(shown, settings, by=account_of(request))
    except ConfigurationError as error:
        form.add_problems(error.problems)
        return False
    messages.success(request, _("Saved in the draft."))
    return True


def _context(request: HttpRequest, shown: Deployment, section: str) -> dict[str, Any]:
    return {
        "deployment": shown,
        "section": section,
        "may_change": may_change(account_of(request), shown),
        "publish_form": PublishForm(initial={"over": live_number(shown)}),
    }
