"""One case at work: read, decided, let go, or taken back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.cases import claiming, reading
from audit.cases.appeals import AppealError, decide_appeal
from audit.cases.claiming import LEASE, NotYoursError
from audit.cases.exposure import exposed, profile_of
from audit.cases.forms import AppealDecisionForm, VerdictForm
from audit.cases.models import Appeal, Assessment, Case
from audit.cases.progress import undoable
from audit.cases.verdicts import submit, undo
from operators.access import account_of, reviewers_only


def _own(request: HttpRequest, assessment_id: UUID) -> Assessment:
    found = Assessment.objects.select_related("case__conversation__deployment__operator", "golden")
    return get_object_or_404(found, pk=assessment_id, reviewer=account_of(request))


@reviewers_only
def assessment(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    shown = _own(request, assessment_id)
    if not shown.is_open:
        messages.info(request, _("That review is done."))
        return redirect("cases")
    appeal = _appeal(shown)
    form = _form(request, shown, appeal)
    if request.method == "POST" and form.is_valid():
        try:
            _decide(shown, form, appeal)
        except AppealError as error:
            form.add_error(None, str(error))
        except NotYoursError:
            form.add_error(None, _("Your claim had run out and somebody else has the case now. Copy what you wrote."))
        else:
            return _after(request)
    return render(request, "cases/assessment.html", _context(request, shown, form, appeal))


def _appeal(shown: Assessment) -> Appeal | None:
    if shown.stage != Case.Stage.APPEAL or shown.golden_id is not None:
        return None
    return shown.case.appeals.filter(status=Appeal.Status.OPEN).select_related("turn").first()


def _form(request: HttpRequest, shown: Assessment, appeal: Appeal | None) -> Any:
    data = request.POST if request.method == "POST" else None
    if appeal is not None:
        return AppealDecisionForm(data)
    begun = {name: getattr(shown, name) for name in ("verdict", "rule", "note", "operator_note", "severity")}
    return VerdictForm(data, stage=shown.stage, initial=begun)


def _decide(shown: Assessment, form: Any, appeal: Appeal | None) -> None:
    if appeal is None:
        submit(shown, form.given())
        return
    said = form.cleaned_data
    decide_appeal(shown, overturned=said["decision"] == "overturned", answer=said["answer"], note=said["note"])


def _after(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("The verdict is recorded."))
    if request.POST.get("then") == "next":
        following = claiming.claim_next(account_of(request))
        if following is not None:
            return redirect("assessment", following.pk)
    return redirect("cases")


def _context(request: HttpRequest, shown: Assessment, form: Any, appeal: Appeal | None) -> dict[str, Any]:
    account = account_of(request)
    profile = profile_of(account)
    return {
        "assessment": shown,
        "case": shown.case,
        "deployment": shown.case.conversation.deployment,
        "form": form,
        "appeal": appeal,
        "turns": reading.turns(shown.case),
        "history": reading.history(shown.case),
        "similar": reading.similar(shown.case),
        "earlier": reading.earlier(shown),
        "profile": profile,
        "exposure": exposed(account, profile),
        "undoable": undoable(account),
        "lease_seconds": int(LEASE.total_seconds()),
    }


@reviewers_only
@require_POST
def heartbeat(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """204 while it is theirs, 409 when somebody else has it."""
    return HttpResponse(status=204 if claiming.heartbeat(_own(request, assessment_id)) else 409)


@reviewers_only
@require_POST
def release(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    claiming.release(_own(request, assessment_id), by=account_of(request))
    messages.info(request, _("The case is back in the queue."))
    return redirect("cases")


@reviewers_only
@require_POST
def take_back(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    try:
        back = undo(assessment_id, by=account_of(request))
    except NotYoursError:
        messages.warning(request, _("It was too late to undo that."))
        return redirect("cases")
    messages.success(request, _("Undone."))
    return redirect("assessment", back.pk) if back.is_open else redirect("cases")
