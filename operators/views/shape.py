"""How a deployment is shaped: its scope, persona and instructions, and its behaviours. All is kept in the draft."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charter import ConfigurationError, load_charter
from operators import behaviour_matrix
from operators.access import account_of, may_change, own_deployment, signed_in
from operators.drafting import Edit
from operators.forms import PublishForm
from operators.instruction_checks import check
from operators.models import Deployment
from operators.scope_forms import ScopeForm
from operators.views.publishing import publish_initial

SAVED_ON = {"deployment-scope": "deployment-scope", "first-try": "first-try"}
"""Where a saved form leads: to the page it stands on, by what it says."""


@signed_in
def scope(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    edit = Edit(request, shown)
    form = ScopeForm(edit.base, request.POST if request.method == "POST" else None)
    saved = False
    if request.method == "POST" and form.is_valid() and not request.POST.get("more"):
        problems = keep(request, edit, form.to_settings(edit.base))
        form.add_problems(problems)
        saved = not problems and not edit.conflicts
    if saved and not request.htmx:  # type: ignore[attr-defined]
        tell_saved(request, edit)
        return redirect(SAVED_ON.get(request.POST.get("page", ""), "deployment-scope"), shown.pk)
    if saved or edit.conflicts:
        form = ScopeForm(edit.settings)
    context = scope_context(form, edit) | context_of(request, shown, "scope") | {"saved": saved}
    context["opened"] = request.method == "POST"
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "operators/scope_form.html", context | {"page": request.POST.get("page", "")})
    return render(request, "operators/scope.html", context)


def scope_context(form: ScopeForm, edit: Edit) -> dict[str, Any]:
    """What templates/operators/scope_form.html needs."""
    fields = form.fields
    said = [str(fields[name].value() or "") for name in ("instructions", "style", "message")]
    return {"form": form, "checked": check(*said), "edit": edit}


@signed_in
@require_POST
def check_instructions(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """What is typed, counted and held against the charter; nothing is kept."""
    own_deployment(request, deployment_id)
    said = [request.POST.get(name, "") for name in ("instructions", "style", "message")]
    return render(request, "operators/instructions_check.html", {"checked": check(*said)})


@login_required
def behaviours(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    """One form: `do` is what its buttons ask for besides saving, which are for browsers without a script."""
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    edit = Edit(request, shown)
    chosen = edit.base.get("behaviours", {})
    problems: dict[str, str] = {}
    unsaved = False
    if request.method == "POST":
        chosen = behaviour_matrix.from_post(load_charter(), request.POST, chosen)
        if "reset" in request.POST:
            chosen = behaviour_matrix.reset(chosen, request.POST["reset"])
        unsaved = "reset" in request.POST or "show" in request.POST
        if not unsaved:
            problems = behaviour_matrix.by_behaviour(keep(request, edit, {**edit.base, "behaviours": chosen}))
            if not problems and not edit.conflicts:
                tell_saved(request, edit)
                return redirect("deployment-behaviours", shown.pk)
            if edit.conflicts:
                chosen = edit.settings.get("behaviours", {})
    said = request.POST or request.GET
    search, changed = said.get("search", ""), bool(said.get("changed"))
    groups = behaviour_matrix.rows(load_charter(), chosen, problems, search=search, changed=changed)
    context = context_of(request, shown, "behaviours") | {
        "groups": groups,
        "problems": problems,
        "unsaved": unsaved,
        "search": search,
        "changed": changed,
        "changed_count": sum(row.changed for _kind, _title, _words, rows in groups for row in rows),
        "found": any(row.shown for _kind, _title, _words, rows in groups for row in rows),
        "edit": edit,
    }
    return render(request, "operators/behaviours.html", context)


def keep(request: HttpRequest, edit: Edit, settings: dict[str, Any]) -> list[Any]:
    """Saved in the draft, unless others changed the same (`edit.conflicts`). What the charter does not allow."""
    try:
        edit.save(settings, by=account_of(request))
    except ConfigurationError as error:
        return error.problems
    return []


def tell_saved(request: HttpRequest, edit: Edit) -> None:
    messages.success(request, _("Saved in the draft."))
    if edit.taken_over:
        words = " ".join(one.words for one in edit.taken_over)
        messages.info(request, _("Others changed it meanwhile, and that is kept: %(words)s") % {"words": words})


def context_of(request: HttpRequest, shown: Deployment, section: str) -> dict[str, Any]:
    return {
        "deployment": shown,
        "section": section,
        "may_change": may_change(account_of(request), shown),
        "publish_form": PublishForm(initial=publish_initial(shown)),
    }
