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
from operators.forms import PublishForm
from operators.instruction_checks import check
from operators.models import Deployment
from operators.publishing import StaleDraftError, live_number, save_draft, settings_digest
from operators.scope_forms import ScopeForm

SAVED_ON = {"deployment-scope": "deployment-scope", "first-try": "first-try"}
"""Where a saved form leads: to the page it stands on, by what it says."""


@signed_in
def scope(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    shown = own_deployment(request, deployment_id, change=request.method == "POST")
    form = ScopeForm(shown.draft, request.POST if request.method == "POST" else None)
    stale = saved = False
    if request.method == "POST" and form.is_valid() and not request.POST.get("more"):
        problems, stale = keep(request, shown, form.to_settings(shown.draft))
        form.add_problems(problems)
        saved = not problems and not stale
    if saved and not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, _("Saved in the draft."))
        return redirect(SAVED_ON.get(request.POST.get("page", ""), "deployment-scope"), shown.pk)
    if saved:
        form = ScopeForm(shown.draft)
    context = scope_context(shown, form) | context_of(request, shown, "scope") | {"saved": saved}
    context["opened"] = request.method == "POST"
    if stale:
        context |= stale_context(shown)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "operators/scope_form.html", context | {"page": request.POST.get("page", "")})
    return render(request, "operators/scope.html", context)


def scope_context(shown: Deployment, form: ScopeForm) -> dict[str, Any]:
    """What templates/operators/scope_form.html needs."""
    fields = form.fields
    said = [str(fields[name].value() or "") for name in ("instructions", "style", "message")]
    return {"form": form, "checked": check(*said), "over": _over(form.fields.data, shown)}


def _over(data: Any, shown: Deployment) -> str:
    """The draft that the editor started from."""
    return data.get("over", "") if data else settings_digest(shown.draft)


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
    chosen = shown.draft.get("behaviours", {})
    problems: dict[str, str] = {}
    stale = unsaved = False
    if request.method == "POST":
        chosen = behaviour_matrix.from_post(load_charter(), request.POST, chosen)
        if "reset" in request.POST:
            chosen = behaviour_matrix.reset(chosen, request.POST["reset"])
        unsaved = "reset" in request.POST or "show" in request.POST
        if not unsaved:
            found, stale = keep(request, shown, {**shown.draft, "behaviours": chosen})
            problems = behaviour_matrix.by_behaviour(found)
            if not found and not stale:
                messages.success(request, _("Saved in the draft."))
                return redirect("deployment-behaviours", shown.pk)
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
        "over": request.POST.get("over") or settings_digest(shown.draft),
    }
    if stale:
        context |= stale_context(shown)
    return render(request, "operators/behaviours.html", context)


def keep(request: HttpRequest, shown: Deployment, settings: dict[str, Any]) -> tuple[list[Any], bool]:
    """Saved in the draft, over the one that the form started from. (what the charter does not allow, whether stale)"""
    over = request.POST.get("over") or None
    if "over-theirs" in request.POST:
        over = request.POST["over-theirs"]
    try:
        save_draft(shown, settings, by=account_of(request), over=over)
    except ConfigurationError as error:
        return error.problems, False
    except StaleDraftError:
        return [], True
    return [], False


def stale_context(shown: Deployment) -> dict[str, Any]:
    """What templates/operators/stale.html needs: the digest of what somebody else saved meanwhile."""
    return {
        "stale": True,
        "theirs": settings_digest(Deployment.objects.values_list("draft", flat=True).get(pk=shown.pk)),
    }


def context_of(request: HttpRequest, shown: Deployment, section: str) -> dict[str, Any]:
    return {
        "deployment": shown,
        "section": section,
        "may_change": may_change(account_of(request), shown),
        "publish_form": PublishForm(initial={"over": live_number(shown)}),
    }
