"""What an operator sees of the reviews of its conversations, and how it appeals."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from audit.cases.appeals import AppealError, appeal_case
from audit.cases.citing import names
from audit.cases.forms import AppealForm
from audit.cases.models import Appeal, Case
from audit.cases.models.cases import Verdict
from audit.cases.paging import page
from audit.cases.part import DAYS, part_of
from operators.access import account_of, may_change, own_deployment

PAGE = 30
TOLD = (
    Verdict.COACH_OPERATOR,
    Verdict.WARN_OPERATOR,
    Verdict.OVER_REFUSAL,
    Verdict.END_CONVERSATION,
    Verdict.PAUSE_DEPLOYMENT,
)
"""What concerns an operator; that we looked and found nothing does not."""


@login_required
def reviews(request: HttpRequest, deployment_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id)
    found = Case.objects.filter(conversation__deployment=deployment, verdict__in=TOLD, decided_at__isnull=False)
    cases, after = page(found.prefetch_related("appeals"), ("-decided_at", "id"), request.GET.get("after", ""), PAGE)
    lines = names()
    context = {
        "deployment": deployment,
        "section": "reviews",
        "cases": [(one, lines.get(one.verdict_rule, "")) for one in cases],
        "part": part_of(deployment),
        "days": DAYS,
        "next": after,
        "may_change": may_change(account_of(request), deployment),
        "appeals": Appeal.objects.filter(deployment=deployment, by=Appeal.By.USER).select_related("turn")[:PAGE],
    }
    return render(request, "cases/reviews.html", context)


@login_required
def appeal(request: HttpRequest, deployment_id: UUID, case_id: UUID) -> HttpResponse:
    deployment = own_deployment(request, deployment_id, change=True)
    case = get_object_or_404(
        Case.objects.select_related("conversation"),
        pk=case_id,
        conversation__deployment=deployment,
        verdict__in=TOLD,
    )
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            appeal_case(case, reason=form.cleaned_data["reason"], by=account_of(request))
        except AppealError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Somebody who had no part in it will look again, and the answer stands here."))
            return redirect("deployment-reviews", deployment.pk)
    context = {
        "deployment": deployment,
        "section": "reviews",
        "case": case,
        "form": form,
        "rule": names().get(case.verdict_rule, ""),
    }
    return render(request, "cases/appeal.html", context)
